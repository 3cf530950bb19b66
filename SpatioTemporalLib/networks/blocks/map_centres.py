"""Where the positions of the maps of an encoder lie in its input.

An encoder that can be explained by its last map has

last_map : the module whose output (N, D, K', J', I') is that map
map_centres(shape) : three tensors (K',), (J',), (I'), the voxels on which the
    positions of the map of a volume of that shape are centred

and, where it gives a finer map too, that after the first halving of the grid,

fine_map, fine_centres(shape) : likewise of that map
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def centres_after_halving(size: int, halvings: int) -> Tensor:
    """Voxels on which the positions are centred along an axis that was halved so many times.

    A convolution of stride 2 that pads one voxel on each side centres its first
    position on the first voxel, so the positions lie at the multiples of the
    whole stride, not in the middles of equal parts.
    """
    stride = 2**halvings
    return torch.arange(-(-size // stride)) * float(stride)


def on_voxels(maps: Tensor, centres: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Maps (..., K', J', I') at every voxel (..., K, J, I), linear between the centres and constant beyond."""
    for axis, (positions, size) in enumerate(zip(centres, shape), start=-3):
        weights = _linear_weights(positions.to(maps), size)
        maps = torch.movedim(torch.movedim(maps, axis, -1) @ weights, -1, axis)
    return maps


def _linear_weights(positions: Tensor, size: int) -> Tensor:
    """(positions, voxels), columns of which sum to one."""
    voxels = torch.arange(size).to(positions)
    if len(positions) == 1:
        return torch.ones(1, size).to(positions)
    right = torch.searchsorted(positions, voxels, right=True).clamp(1, len(positions) - 1)
    left = right - 1
    share = ((voxels - positions[left]) / (positions[right] - positions[left])).clamp(0.0, 1.0)
    weights = torch.zeros(len(positions), size).to(positions)
    columns = torch.arange(size, device=positions.device)
    weights[left, columns] += 1 - share
    weights[right, columns] += share
    return weights
