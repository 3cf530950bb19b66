"""Occlusion of a linear network is what the block, or the visit, adds to its sum."""

from __future__ import annotations

import pytest
import torch
from library.networks.explanation.explained_networks import Weighted, plain_batch

from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.networks.explanation.baselines import baseline_images, observed_images
from SpatioTemporalLib.networks.explanation.occlusion import occlusion, visit_occlusion


@pytest.fixture
def batch():
    return plain_batch()


@pytest.fixture
def network(batch):
    return Weighted(batch.images.shape[1:])


def shares(network, batch, baseline):
    return (network.weights * (observed_images(batch) - baseline_images(batch, baseline))).sum(dim=2).detach()


@pytest.mark.parametrize("baseline", ["mean", "blurred", "zero"])
def test_a_block_of_one_voxel_is_that_voxel(network, batch, baseline):
    found = occlusion(network, batch, 1, 1, baseline=baseline)
    assert torch.allclose(found, shares(network, batch, baseline), atol=1e-4)


def test_a_voxel_has_the_mean_of_the_blocks_that_cover_it(network, batch):
    found = occlusion(network, batch, (1, 1, 3), (1, 1, 1), baseline="zero")
    share = shares(network, batch, "zero")
    first, second = share[..., :3].sum(dim=-1), share[..., 1:].sum(dim=-1)
    assert torch.allclose(found[..., 0], first, atol=1e-4) and torch.allclose(found[..., 3], second, atol=1e-4)
    assert torch.allclose(found[..., 1], (first + second) / 2, atol=1e-4)


def test_the_last_block_ends_where_the_image_ends(network, batch):
    # Blocks 0..2 and 1..3, though the stride from 0 leads to 3.
    assert torch.allclose(occlusion(network, batch, 3, 3), occlusion(network, batch, 3, 1), atol=1e-4)


def test_how_many_images_are_in_memory_changes_nothing(network, batch):
    assert torch.allclose(occlusion(network, batch, 2, at_once=1), occlusion(network, batch, 2, at_once=100), atol=1e-5)


@pytest.mark.parametrize("size, stride", [(5, 1), (2, 3), (0, 1)])
def test_blocks_that_leave_voxels_out_are_refused(network, batch, size, stride):
    with pytest.raises(ParameterError, match="do not cover"):
        occlusion(network, batch, size, stride)


def test_a_visit_is_worth_what_differs_from_the_one_before(network, batch):
    found, images = visit_occlusion(network, batch), observed_images(batch)
    # The second patient's visits are in the order 1, 0.
    for patient, order in enumerate([[0, 1, 3], [1, 0], [0, 1, 2, 3]]):
        for place, visit in enumerate(order):
            before = order[place - 1] if place else order[1]
            expected = (network.weights[visit] * (images[patient, visit] - images[patient, before])).sum()
            assert torch.allclose(found[patient, visit], expected, atol=1e-4)
    assert not found[~batch.mask].any()


def test_a_patient_with_one_visit_is_refused(network, batch):
    batch.mask[1, 0] = False
    with pytest.raises(InputError, match="patient 1 of the batch has 1 observed visits"):
        visit_occlusion(network, batch)
