"""MCFN: co-attention inside a patient, and mixing of patients only while it trains."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import without_gradient
from library.small.networks import small_batch, small_network
from torch.nn.functional import cross_entropy

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.registry import build
from SpatioTemporalLib.networks.tasks.classification import training_loss

LABELS = torch.tensor([0, 1, 1])


def loss(network, seed=0):
    return training_loss(network, small_batch("mcfn"), LABELS, 0, torch.Generator().manual_seed(seed))


def test_training_mixes_patients_and_the_seed_says_how():
    network = small_network("mcfn", mixup=1.0)
    assert torch.equal(loss(network), loss(network))
    assert abs(loss(network) - loss(network, seed=1)) > 1e-6


def test_without_mixing_it_trains_by_cross_entropy():
    network = small_network("mcfn", mixup=0.0)
    assert torch.allclose(loss(network), cross_entropy(small_batch("mcfn").scores(network), LABELS))


def test_mixed_training_reaches_every_parameter():
    network = small_network("mcfn", mixup=1.0).train()
    assert not without_gradient(network, loss(network)[None])


def test_what_covariates_say_depends_on_the_image():
    network, batch = small_network("mcfn"), small_batch("mcfn")
    images, times, mask, _, _ = batch.parts
    known = torch.ones(3, 2, dtype=torch.bool)
    first, second = (
        network(images, times, mask, torch.tensor([c]).repeat(3, 1), known).diff(dim=1)
        for c in ([0.5, 1.0], [-2.0, 0.0])
    )
    # Were the two only added, the difference would be the same for each patient.
    assert (second - first).std() > 1e-5


@pytest.mark.parametrize("changes, said", [({"levels": []}, "no covariates"), ({"mixup": -1.0}, "mixup -1.0")])
def test_settings_that_mean_nothing_are_refused(changes, said):
    with pytest.raises(ParameterError, match=said):
        build("mcfn", arguments=changes)
