"""Encoder of a volume by some of its slices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .attention_pooling import GatedAttentionPooling
from .resnet import ResNet2D


class SliceEncoder(nn.Module):
    """One encoder with the same weights for axial slices of a volume, which attention then weighs.

    Parameters
    ----------
    encoder : module
        Of slices (N, C, J, I) to (N, D).
    slices : int
        Taken from end to end of the volume in even steps; all, if it has fewer.
    hidden : int
        Of the attention.
    """

    def __init__(self, encoder: ResNet2D, slices: int, hidden: int):
        super().__init__()
        self.encoder = encoder
        self.slices = slices
        self.pooling = GatedAttentionPooling(encoder.out_channels, hidden)
        # The maps of the slices as one volume, for those who look at it.
        self.last_map = nn.Identity()
        self.out_channels = encoder.out_channels

    def forward(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, D)."""
        return self.pooling(self._vectors(volumes))

    def attention(self, volumes: Tensor) -> Tensor:
        """Weights (B, K) of the slices of volumes (B, C, K, J, I), zero where a slice was not taken."""
        weights = self.pooling.weights(self._vectors(volumes))
        chosen = self.chosen(volumes.shape[2]).to(volumes.device)
        return weights.new_zeros(len(volumes), volumes.shape[2]).index_copy(1, chosen, weights)

    def chosen(self, depth: int) -> Tensor:
        """Numbers of the slices that are taken of so many."""
        return torch.linspace(0, depth - 1, min(self.slices, depth)).round().long()

    def map_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        """Voxels on which the positions of the last map are centred; an axis each."""
        return self.chosen(shape[0]).float(), *self.encoder.map_centres(shape[1:])

    def _vectors(self, volumes: Tensor) -> Tensor:
        """(B, S, D)."""
        slices = volumes[:, :, self.chosen(volumes.shape[2]).to(volumes.device)].transpose(1, 2)
        maps = self.encoder.maps(slices.flatten(0, 1))
        return self.last_map(maps.unflatten(0, slices.shape[:2]).transpose(1, 2)).mean(dim=(3, 4)).transpose(1, 2)
