"""The way up of a U-Net, scaled and shifted by a condition."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .conditioned_stage import Stage


class FiLMDecoder(nn.Module):
    """Features of several scales brought together, from the coarsest to the finest, under a condition.

    Parameters
    ----------
    widths : sequence of int
        Channels of the scales, the finest first; each is half the size of the one before.
    condition : int
        Width of the condition, 0 for none.
    """

    def __init__(self, widths: Sequence[int], condition: int = 0):
        super().__init__()
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.grow = nn.ModuleList(nn.ConvTranspose3d(a, b, 2, stride=2, bias=False) for a, b in pairs)
        self.stages = nn.ModuleList(Stage(2 * b, b, 1, condition) for _, b in pairs)

    def forward(self, scales: Sequence[Tensor], condition: Tensor | None = None) -> Tensor:
        """(B, widths[0], K, J, I) of features of the scales, the finest first."""
        features = scales[-1]
        for grow, stage, skip in zip(self.grow, self.stages, scales[-2::-1]):
            features = stage(torch.cat([grow(features), skip], dim=1), condition)
        return features
