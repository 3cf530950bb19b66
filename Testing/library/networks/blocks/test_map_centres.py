"""Positions of an encoder's last map lie where the encoder looks, and are drawn out to voxels from there."""

from __future__ import annotations

import pytest
import torch

from SpatioTemporalLib.networks.blocks.map_centres import centres_after_halving, on_voxels
from SpatioTemporalLib.networks.blocks.res_cbam import ResCBAM3D
from SpatioTemporalLib.networks.blocks.resnet import ResNet2D, ResNet3D
from SpatioTemporalLib.networks.blocks.slice_encoder import SliceEncoder


@pytest.mark.parametrize("size, halvings, centres", [(16, 2, [0, 4, 8, 12]), (9, 2, [0, 4, 8]), (5, 3, [0])])
def test_positions_are_multiples_of_the_stride(size, halvings, centres):
    assert centres_after_halving(size, halvings).tolist() == centres


def test_drawn_out_to_voxels_it_is_linear_between_centres_and_constant_beyond():
    row = torch.tensor([1.0, 3.0])[None, None]
    drawn = on_voxels(row, (torch.tensor([0.0]), torch.tensor([0.0]), torch.tensor([1.0, 3.0])), (1, 2, 5))
    assert torch.allclose(drawn, torch.tensor([1.0, 1.0, 2.0, 3.0, 3.0]).expand(1, 2, 5))


ENCODERS = {
    "res_cbam": lambda: ResCBAM3D(1, [[4], [4]]),
    "resnet": lambda: ResNet3D(1, (4, 4, 8)),
    "slices": lambda: SliceEncoder(ResNet2D(1, (4, 4, 8)), 5, 4),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_last_map_has_a_centre_for_each_position(name):
    torch.manual_seed(0)
    encoder, shape = ENCODERS[name](), (9, 16, 13)
    maps = []
    encoder.last_map.register_forward_hook(lambda module, given, gave: maps.append(gave))
    encoder(torch.randn(2, 1, *shape))
    assert len(maps) == 1 and maps[0].shape[0] == 2
    assert tuple(maps[0].shape[2:]) == tuple(len(c) for c in encoder.map_centres(shape))


@pytest.mark.parametrize("name", ["resnet", "slices"])
def test_a_position_sees_its_centre_most(name):
    torch.manual_seed(0)
    encoder, shape = ENCODERS[name]().eval(), (9, 17, 17)
    maps = []
    encoder.last_map.register_forward_hook(lambda module, given, gave: maps.append(gave))
    centres = encoder.map_centres(shape)
    middle = [len(c) // 2 for c in centres]
    sensitivity = torch.zeros(shape)
    for _ in range(20):
        volume = torch.randn(1, 1, *shape, requires_grad=True)
        encoder(volume)
        output = maps.pop()[0, :, middle[0], middle[1], middle[2]]
        sensitivity += torch.autograd.grad(output.square().sum(), volume)[0][0, 0].abs()
    for axis, (positions, position) in enumerate(zip(centres, middle)):
        profile = sensitivity.sum(dim=[d for d in range(3) if d != axis])
        centroid = (profile * torch.arange(shape[axis])).sum() / profile.sum()
        # Less than half the stride of 4: it is the centre of this position and of no neighbour.
        assert abs(centroid - positions[position]) < 1.5
