"""Where a voxel lies, as attention is told it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def places(shape: Sequence[int]) -> Tensor:
    """(C, K, J, I): sines and cosines of where a voxel lies, in turn along each axis (Vaswani et al., 2017)."""
    channels, *size = shape
    grid = torch.stack(torch.meshgrid(*[torch.arange(float(n)) for n in size], indexing="ij"))
    channel = torch.arange(channels)
    axis, kind, level = channel % 3, channel // 3 % 2, channel // 6
    rates = torch.exp(-math.log(100.0) * level / max(int(level.max()), 1))
    return (grid[axis] * rates[:, None, None, None] + kind[:, None, None, None] * math.pi / 2).sin()
