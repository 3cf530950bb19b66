"""A network trains by its own loss where its method has one."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import visits
from torch.nn.functional import cross_entropy

from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.registry import build
from SpatioTemporalLib.networks.tasks.classification import training_loss

LABELS = torch.tensor([0, 1, 1])


@pytest.fixture
def batch():
    images, times, mask = visits(1, 8, 8, 8)
    return Batch(images, times, mask, torch.zeros(3, 2), torch.ones(3, 2, dtype=torch.bool))


def test_cross_entropy_without_a_loss_of_its_own(batch):
    torch.manual_seed(0)
    network = build("t_lstm", arguments={"widths": [8, 8, 8, 8], "hidden": 8})
    loss = training_loss(network, batch, LABELS, 0, torch.Generator())
    assert torch.equal(loss, cross_entropy(network(*batch.parts), LABELS))


def test_the_margin_of_nas_lung_tightens_with_the_iterations(batch):
    torch.manual_seed(0)
    network = build("nas_lung", arguments={"stages": [[8], [8]]})
    plain = cross_entropy(batch.scores(network), LABELS)
    early, late = (training_loss(network, batch, LABELS, n, torch.Generator()) for n in (0, 100_000))
    # The relaxation falls from 1500 to 5: a share of 1/1501 and of 1/6 of the margin.
    assert early.item() == pytest.approx(plain.item(), abs=5e-3)
    assert late > early + 1e-3
