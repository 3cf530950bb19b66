"""Grad-CAM of a network with known maps is their sum by known weights."""

from __future__ import annotations

import pytest
import torch
from library.networks.explanation.explained_networks import Weighted, plain_batch
from library.small.networks import small_batch, small_network
from torch import nn

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.blocks.visits import EachVisit
from SpatioTemporalLib.networks.explanation.grad_cam import grad_cam


class Maps(nn.Module):
    """Two maps of one channel, its value and its negative, at every other voxel."""

    def __init__(self):
        super().__init__()
        self.last_map = nn.Identity()

    def forward(self, volumes):
        fine = torch.cat([volumes, -volumes], dim=1)
        return self.last_map(fine[:, :, ::2, ::2, ::2])

    def map_centres(self, shape):
        return tuple(torch.arange(0.0, size, 2.0) for size in shape)


class Summed(nn.Module):
    """Log-odds 3 x first map - 2 x second map, averaged over positions and summed over visits."""

    def __init__(self):
        super().__init__()
        self.encoder = EachVisit(Maps())

    def forward(self, images, times, mask, covariates, covariate_mask):
        both = self.encoder(images, mask).mean(dim=(3, 4, 5)).sum(dim=1)
        score = 3 * both[:, 0] - 2 * both[:, 1]
        return torch.stack([torch.zeros_like(score), score], dim=1)


def test_maps_are_weighted_by_their_gradients_rectified_and_drawn_out():
    batch = plain_batch(channels=1)
    found = grad_cam(Summed(), batch)
    # Eight positions; the second map is the negative of the first: 3 a - 2 (-a).
    expected = (5 / 8) * batch.images[:, :, 0].nan_to_num().relu()
    assert torch.allclose(found[..., ::2, ::2, ::2], expected[..., ::2, ::2, ::2], atol=1e-6)
    halfway = (found[..., 0, 0, 0] + found[..., 0, 0, 2]) / 2
    assert torch.allclose(found[..., 0, 0, 1], halfway, atol=1e-6)


def test_a_spot_in_one_visit_is_pointed_at():
    batch = plain_batch(channels=1, size=8)
    batch.images[2, 2, 0, 2:5, 4:7, 2:5] += 10.0
    found = grad_cam(Summed(), batch)[2]
    visit, *place = torch.unravel_index(found.argmax(), found.shape)
    assert visit == 2 and all(low <= p <= low + 2 for p, low in zip(place, (2, 4, 2)))


def test_maps_change_when_the_weights_are_others():
    batch = small_batch("csfnet", 16)
    first, second = (grad_cam(small_network("csfnet", seed=seed), batch)[batch.mask].flatten(1) for seed in (0, 1))
    # A map may be zero throughout, where nothing speaks for the class.
    pairs = [torch.stack(pair) for pair in zip(first, second) if pair[0].any() and pair[1].any()]
    assert len(pairs) >= 3
    assert torch.stack([torch.corrcoef(pair)[0, 1] for pair in pairs]).mean().abs() < 0.3


def test_a_visit_that_a_network_does_not_look_at_gets_nothing():
    network, batch = small_network("nas_lung"), small_batch("nas_lung")
    found = grad_cam(network, batch, target=0) + grad_cam(network, batch, target=1)
    latest = torch.tensor([3, 0, 3])
    others = torch.ones(3, 4, dtype=torch.bool).scatter(1, latest[:, None], False)
    assert not found[others].any() and found[range(3), latest].flatten(1).any(dim=1).all()


def test_a_network_without_maps_is_refused_with_what_to_use():
    batch = plain_batch()
    with pytest.raises(ParameterError, match="Weighted has no encoder .* Use integrated_gradients"):
        grad_cam(Weighted(batch.images.shape[1:]), batch)
