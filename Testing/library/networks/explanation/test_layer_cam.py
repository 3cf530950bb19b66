"""LayerCAM of a network with known maps is what rose at each position, times its own gradient if that is positive."""

from __future__ import annotations

import pytest
import torch
from library.networks.explanation.explained_networks import Weighted, plain_batch
from library.small.networks import small_batch, small_network
from torch import nn

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.blocks.visits import EachVisit
from SpatioTemporalLib.networks.explanation.layer_cam import layer_cam


class TwoMaps(nn.Module):
    """A fine map that is the image, and a last one that is every fourth voxel of it."""

    def __init__(self):
        super().__init__()
        self.fine_map, self.last_map = nn.Identity(), nn.Identity()

    def forward(self, volumes):
        return self.last_map(self.fine_map(volumes)[:, :, ::4, ::4, ::4]) + 0 * volumes.mean()

    def fine_centres(self, shape):
        return tuple(torch.arange(float(size)) for size in shape)

    def map_centres(self, shape):
        return tuple(torch.arange(0.0, size, 4.0) for size in shape)


class Placed(nn.Module):
    """Log-odds are the fine map times weights of either sign that differ from place to place."""

    def __init__(self, shape):
        super().__init__()
        self.encoder = EachVisit(TwoMaps())
        self.weights = torch.linspace(-1, 1, shape[0] * shape[1] * shape[2]).reshape(shape)

    def forward(self, images, times, mask, covariates, covariate_mask):
        kept = {}
        hook = self.encoder.encoder.fine_map.register_forward_hook(lambda _, given, gave: kept.update(map=gave))
        self.encoder(images, mask)
        hook.remove()
        score = (kept["map"] * self.weights).sum().reshape(1)
        return torch.stack([torch.zeros_like(score), score], dim=1)


@pytest.mark.parametrize("changes", [True, False])
def test_each_position_has_its_own_gradient_where_that_is_positive(changes):
    batch = plain_batch(channels=1)
    network = Placed(batch.images.shape[3:])
    found = layer_cam(network, batch, changes=changes)
    images, unseen = batch.images[:, :, 0].nan_to_num(), ~batch.mask[:, :, None, None, None]
    earliest = batch.times.masked_fill(~batch.mask, torch.inf).argmin(dim=1)
    reference = images[range(len(images)), earliest][:, None] if changes else 0.0
    expected = (network.weights.relu() * (images - reference)).relu().masked_fill(unseen, 0.0)
    assert torch.allclose(found, expected, atol=1e-6) and found.any()
    assert not changes or not found[range(len(images)), earliest].any()


@pytest.mark.parametrize("name", ["csfnet", "nas_lung", "deepcad"])
def test_map_is_finer_than_the_last_one(name):
    network, batch = small_network(name), small_batch(name)
    encoder, shape = network.encoder.encoder, batch.images.shape[3:]
    fine, last = encoder.fine_centres(shape), encoder.map_centres(shape)
    assert all(len(f) >= len(c) for f, c in zip(fine, last))
    kept = {}
    encoder.fine_map.register_forward_hook(lambda _, given, gave: kept.update(map=gave))
    found = layer_cam(network, batch)
    assert kept["map"].shape[2:] == tuple(len(f) for f in fine)
    assert torch.isfinite(found).all() and found.any()


def test_a_network_without_maps_is_refused_with_what_to_use():
    batch = plain_batch()
    with pytest.raises(ParameterError, match="Weighted has no encoder .* Use integrated_gradients"):
        layer_cam(Weighted(batch.images.shape[1:]), batch)
