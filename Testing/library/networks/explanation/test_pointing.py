"""A network that learned to see new spots is explained by where the new spot is, and by the visit it came in."""

from __future__ import annotations

import pytest
import torch

from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.explanation.faithfulness import insertion_deletion
from SpatioTemporalLib.networks.explanation.integrated_gradients import integrated_gradients
from SpatioTemporalLib.networks.explanation.occlusion import occlusion
from SpatioTemporalLib.networks.registry import build

SIZE = 12
SETTINGS = {
    "stages": [[8], [16]],
    "levels": [],
    "width": 16,
    "cross_modal": "none",
    "temporal": "difference",
    "interval": False,
}


def spots(count: int, seed: int):
    """Patients with two visits of a noisy cube, every other one with a new spot, and where it is (count, 3)."""
    generator = torch.Generator().manual_seed(seed)
    grid = torch.stack(torch.meshgrid(*[torch.arange(SIZE)] * 3, indexing="ij"))
    centres = torch.randint(2, SIZE - 2, (2, count, 3), generator=generator)
    old, new = (3 * torch.exp(-(grid - c[:, :, None, None, None]).square().sum(dim=1) / (2 * 1.5**2)) for c in centres)
    labels = torch.arange(count) % 2
    images = 0.3 * torch.randn(count, 2, SIZE, SIZE, SIZE, generator=generator) + old[:, None]
    images[:, 1] += labels[:, None, None, None] * new
    known = torch.ones(count, 2, dtype=torch.bool)
    times = torch.tensor([0.0, 180.0]).repeat(count, 1)
    return Batch(images[:, :, None], times, known, torch.zeros(count, 1), known[:, :1]), labels, centres[1]


def untrained():
    torch.manual_seed(0)
    return build("csfnet", arguments=SETTINGS)


@pytest.fixture(scope="module")
def trained():
    network, (batch, labels, _) = untrained().train(), spots(256, 0)
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    for step in range(80):
        rows = torch.arange(16) + 16 * (step % 16)
        adam.zero_grad()
        torch.nn.functional.cross_entropy(batch[rows].scores(network), labels[rows]).backward()
        adam.step()
    return network.eval()


@pytest.fixture(scope="module")
def changed():
    """Ten patients with a new spot, and where it is."""
    batch, labels, centres = spots(20, 1)
    return batch[labels == 1], centres[labels == 1]


EXPLANATIONS = {
    "gradients": lambda network, batch: integrated_gradients(network, batch, "carry_forward").values.sum(dim=2),
    "occlusion": lambda network, batch: occlusion(network, batch, 4, 2, baseline="carry_forward", at_once=64),
}


@pytest.fixture(params=EXPLANATIONS, scope="module")
def explained(request, trained, changed):
    return request.param, EXPLANATIONS[request.param](trained, changed[0])


def test_the_network_learned_it(trained):
    batch, labels, _ = spots(40, 2)
    with torch.no_grad():
        assert (batch.scores(trained).argmax(dim=1) == labels).float().mean() > 0.8


def test_the_highest_value_lies_on_the_new_spot_in_the_later_visit(explained, changed):
    _, maps = explained
    highest = torch.stack(torch.unravel_index(maps.flatten(1).argmax(dim=1), maps.shape[1:]), dim=1)
    near = (highest[:, 1:] - changed[1]).float().norm(dim=1) <= 3
    assert (near & (highest[:, 0] == 1)).float().mean() >= 0.8


def test_voxels_are_named_in_an_order_that_matters(explained, trained, changed):
    _, maps = explained
    found = insertion_deletion(trained, changed[0], maps, baseline="carry_forward", at_once=32)
    assert found.deletion.mean() < found.random_deletion.mean() - 0.15
    assert found.insertion.mean() > found.random_insertion.mean()


def test_maps_change_when_the_weights_are_random(explained, changed):
    name, maps = explained
    others = EXPLANATIONS[name](untrained().eval(), changed[0][:3])
    pairs = zip(maps[:3].flatten(1), others.flatten(1))
    correlation = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs])
    assert correlation.nan_to_num().mean().abs() < 0.3
