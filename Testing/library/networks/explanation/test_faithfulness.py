"""The order of a linear network's own shares is the best there is, its reverse the worst."""

from __future__ import annotations

import pytest
import torch
from library.networks.explanation.explained_networks import Weighted, plain_batch

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.explanation.baselines import observed_images
from SpatioTemporalLib.networks.explanation.faithfulness import insertion_deletion


@pytest.fixture
def case():
    batch = plain_batch()
    network = Weighted(batch.images.shape[1:])
    network.weights.data *= 0.1
    return network, batch, (network.weights * observed_images(batch)).detach()


def test_best_order_beats_chance_and_chance_beats_the_reverse(case):
    network, batch, shares = case
    best = insertion_deletion(network, batch, shares, baseline="zero")
    worst = insertion_deletion(network, batch, -shares, baseline="zero")
    assert (best.insertion > best.random_insertion + 0.1).all() and (best.random_insertion > worst.insertion).all()
    assert (best.deletion < best.random_deletion - 0.1).all() and (best.random_deletion < worst.deletion).all()


def test_two_steps_are_the_trapezoid_of_three_probabilities(case):
    network, batch, shares = case
    batch, shares = batch[2:], shares[2:].sum(dim=2)
    images, half = batch.images, torch.zeros_like(batch.images)
    first = (shares >= shares.flatten().sort(descending=True).values[shares.numel() // 2 - 1])[:, :, None]
    half = torch.where(first, images, half)
    points = [network(shown, *batch.parts[1:]).softmax(1)[0, 1] for shown in (0 * images, half, images)]
    found = insertion_deletion(network, batch, shares, steps=2, baseline="zero")
    assert torch.allclose(found.insertion[0], (points[0] + 2 * points[1] + points[2]) / 4, atol=1e-5)


def test_the_order_by_chance_is_that_of_the_seed(case):
    first, same, other = (insertion_deletion(*case, seed=seed).random_deletion for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_an_attribution_of_another_shape_is_refused(case):
    network, batch, shares = case
    with pytest.raises(ParameterError, match="attribution has shape"):
        insertion_deletion(network, batch, shares[:, :2])
