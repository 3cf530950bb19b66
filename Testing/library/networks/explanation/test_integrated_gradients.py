"""Integrated gradients make up the whole change, and are what the closed form says where there is one."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import perturbed
from library.networks.explanation.explained_networks import Weighted, plain_batch

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.explanation.baselines import baseline_images, observed_images
from SpatioTemporalLib.networks.explanation.integrated_gradients import MOST_STEPS, integrated_gradients
from SpatioTemporalLib.networks.registry import build


@pytest.mark.parametrize("baseline", ["mean", "blurred", "carry_forward"])
def test_of_a_linear_network_they_are_weight_times_difference(baseline):
    batch = plain_batch()
    network = Weighted(batch.images.shape[1:])
    found = integrated_gradients(network, batch, baseline, steps=64)
    expected = network.weights * (observed_images(batch) - baseline_images(batch, baseline))
    assert torch.allclose(found.values, expected, atol=1e-4) and found.complete.all()


def test_of_a_quadratic_network_they_are_the_terms_of_its_sum():
    batch = plain_batch()
    network = Weighted(batch.images.shape[1:], power=2)
    found = integrated_gradients(network, batch, torch.full((), 1.0), steps=1)
    # The midpoint rule is exact for a gradient that is linear along the way; a power of it is not.
    begin = torch.ones_like(batch.images).masked_fill(~batch.mask[:, :, None, None, None, None], 0.0)
    expected = network.weights * (observed_images(batch) ** 2 - begin**2)
    assert ((found.values - expected).flatten(1).norm(dim=1) / expected.flatten(1).norm(dim=1)).max() < 0.05
    exact = integrated_gradients(network, batch, 0.5 * observed_images(batch), steps=1)
    assert torch.allclose(exact.values, 0.75 * network.weights * observed_images(batch) ** 2, atol=1e-4)
    assert exact.steps.tolist() == [1, 1, 1]


@pytest.mark.parametrize("baseline", ["zero", "carry_forward"])
def test_csfnet_is_explained_to_within_one_percent(baseline):
    torch.manual_seed(0)
    network = perturbed(build("csfnet"))
    images = torch.randn(1, 2, 1, 8, 8, 8)
    known = torch.ones(1, 4, dtype=torch.bool)
    batch = Batch(images, torch.tensor([[0.0, 180.0]]), known[:, :2], torch.zeros(1, 4), known)
    found = integrated_gradients(network, batch, baseline)
    assert found.complete.all() and found.completeness_error.max() < 0.01
    assert torch.allclose(found.values.flatten(1).sum(dim=1), found.change, rtol=0.01, atol=1e-4)


def test_carry_forward_tells_only_of_what_changed():
    batch = plain_batch()
    batch.images[2, 1:, :, :2] = batch.images[2, :1, :, :2]
    values = integrated_gradients(Weighted(batch.images.shape[1:], power=2), batch, "carry_forward").values
    assert not values[2, 0].any() and not values[2, :, :, :2].any() and values[2, 1:, :, 2:].all()
    # The second patient's earliest visit stands second in the array.
    assert not values[1, 1].any() and values[1, 0].all()


def test_a_change_that_no_gradient_tells_of_is_said_to_be_incomplete():
    class Step(torch.nn.Module):
        def forward(self, images, *others):
            total = images.flatten(1).nansum(dim=1)
            return torch.stack([0 * total, 5.0 * (total.abs() > 1e-3) + 0 * total], dim=1)

    batch = plain_batch(size=2)
    batch.images[:] = batch.images.nan_to_num()
    found = integrated_gradients(Step(), batch, "zero")
    assert not found.complete.any() and torch.allclose(found.completeness_error, torch.ones(3))
    assert found.steps.tolist() == [MOST_STEPS] * 3


@pytest.mark.parametrize(
    "arguments, said", [({"baseline": "black"}, "no baseline 'black'"), ({"steps": 0}, "steps = 0")]
)
def test_what_means_nothing_is_refused(arguments, said):
    batch = plain_batch(size=2)
    with pytest.raises(ParameterError, match=said):
        integrated_gradients(Weighted(batch.images.shape[1:]), batch, **arguments)


def test_a_baseline_of_another_shape_is_refused():
    batch = plain_batch(size=2)
    with pytest.raises(ParameterError, match="baseline has shape"):
        baseline_images(batch, torch.zeros(5, 5))
