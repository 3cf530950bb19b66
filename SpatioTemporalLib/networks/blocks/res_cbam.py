"""Residual encoder with convolutional block attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from monai.networks.blocks import Convolution
from torch import Tensor, nn

from .map_centres import centres_after_halving
from .normalisation import Norm, norm_layer

Gate = Literal["sigmoid", "softmax"]


@dataclass(frozen=True)
class ResCBAMSettings:
    """Settings of a network whose encoder is a `ResCBAM3D`: its channels, its widths, its normalisation."""

    in_channels: int = 1
    stages: Sequence[Sequence[int]] = ((16, 16), (32, 32), (64, 64))
    norm: Norm = "group"


class CBAM(nn.Module):
    """Convolutional block attention: adds to a map what its gate lets through.

    Parameters
    ----------
    channels : int
    gate : str
        Of the channels: "sigmoid", or "softmax" as in NAS-Lung.
    kernel_size : int
        Of the spatial gate; CSF-Net has 5, NAS-Lung 3.

    Notes
    -----
    Woo et al., CBAM, ECCV 2018, in the form of NAS-Lung (Jiang et al., Pattern
    Recognition 113:107825, 2021) and CSF-Net: no activation between the two
    linear maps, and the map that is let through is the one that came in; the
    channel gate only steers the spatial gate.
    """

    def __init__(self, channels: int, gate: Gate = "sigmoid", kernel_size: int = 5, reduction: int = 4):
        super().__init__()
        hidden = max(channels // reduction, 1)
        # The bias of a first linear map is only another bias of the second.
        self.channel_map = nn.Sequential(nn.Linear(channels, hidden, bias=False), nn.Linear(hidden, channels))
        self.gate = gate
        self.spatial_map = nn.Conv3d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, K, J, I) to the same shape."""
        return features + self.spatial_gate(features) * features

    def channel_gate(self, features: Tensor) -> Tensor:
        """(B, C, 1, 1, 1), in 0..1."""
        average = self.channel_map(features.mean(dim=(2, 3, 4)))
        largest = self.channel_map(features.amax(dim=(2, 3, 4)))
        logits = average + largest
        gate = logits.softmax(dim=1) if self.gate == "softmax" else logits.sigmoid()
        return gate[:, :, None, None, None]

    def spatial_gate(self, features: Tensor) -> Tensor:
        """(B, 1, K, J, I), in 0..1."""
        gated = self.channel_gate(features) * features
        both = torch.cat([gated.amax(dim=1, keepdim=True), gated.mean(dim=1, keepdim=True)], dim=1)
        return self.spatial_map(both).sigmoid()


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions beside a 1x1x1 shortcut, each normalised and rectified before they are added."""

    def __init__(self, in_channels: int, channels: int, norm: Norm):
        super().__init__()
        self.convolutions = nn.Sequential(
            _convolution(in_channels, channels, norm), _convolution(channels, channels, norm)
        )
        self.shortcut = _convolution(in_channels, channels, norm, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, channels, K, J, I)."""
        return self.convolutions(features) + self.shortcut(features)


class ResCBAM3D(nn.Module):
    """Residual encoder of volumes, with attention after the stem and after each stage.

    Parameters
    ----------
    in_channels : int
    stages : sequence of sequences of int
        Widths of the residual blocks of each stage; a stage halves the grid.
    stem : int
        Channels before the first stage.
    norm, gate, kernel_size
        See `norm_layer` and `CBAM`.

    Attributes
    ----------
    out_channels : int

    Notes
    -----
    Trunk of NAS-Lung (Jiang et al., Pattern Recognition 113:107825, 2021) and of
    CSF-Net, which use the stages 64-64-64, 128-128-256, 256-256-256-512 and a
    stem of 4. The grid is halved by a convolution that keeps the channels.
    """

    def __init__(
        self,
        in_channels: int,
        stages: Sequence[Sequence[int]],
        *,
        stem: int = 8,
        norm: Norm = "group",
        gate: Gate = "sigmoid",
        kernel_size: int = 5,
    ):
        super().__init__()
        parts = [_convolution(in_channels, stem, norm), _convolution(stem, stem, norm), CBAM(stem, gate, kernel_size)]
        channels = stem
        for widths in stages:
            parts.append(nn.Conv3d(channels, channels, 3, stride=2, padding=1, bias=False))
            for width in widths:
                parts.append(ResidualBlock(channels, width, norm))
                channels = width
            parts.append(CBAM(channels, gate, kernel_size))
        self.layers = nn.Sequential(*parts)
        self.halvings = len(stages)
        self.out_channels = channels

    def forward(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, out_channels, K', J', I'); each axis is halved once a stage, rounded up."""
        return self.layers(volumes)

    @property
    def last_map(self) -> nn.Module:
        """Gives the map that this encoder gives."""
        return self.layers

    @property
    def fine_map(self) -> nn.Module:
        """Gives the map after the first stage; the last one where there is no stage."""
        gates = [part for part in self.layers if isinstance(part, CBAM)]
        return gates[min(1, self.halvings)]

    def fine_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        """Voxels on which the positions of the fine map are centred; an axis each."""
        return tuple(centres_after_halving(size, min(1, self.halvings)) for size in shape)

    def map_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        """Voxels on which the positions of the last map are centred; an axis each."""
        return tuple(centres_after_halving(size, self.halvings) for size in shape)


def _convolution(in_channels: int, channels: int, norm: Norm, kernel_size: int = 3) -> Convolution:
    # No bias: the normalisation that follows has one.
    return Convolution(
        3, in_channels, channels, kernel_size=kernel_size, act="relu", norm=norm_layer(norm, channels), bias=False
    )
