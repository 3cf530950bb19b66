"""Residual encoders of volumes and of slices to one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monai.networks.blocks import Convolution
from monai.networks.nets.resnet import ResNetBlock
from torch import Tensor, nn

from .map_centres import centres_after_halving
from .normalisation import Norm, norm_layer


@dataclass(frozen=True)
class ResNetSettings:
    """Settings of a network whose encoder is a `ResNet3D` or `ResNet2D`: its channels, widths and normalisation."""

    in_channels: int = 1
    widths: Sequence[int] = (16, 32, 64, 128)
    norm: Norm = "group"


class ResNet3D(nn.Module):
    """Residual network of volumes, with a stem for small crops.

    Parameters
    ----------
    in_channels : int
    widths : sequence of int
        Of the stages; each after the first halves the grid.
    norm : str
    blocks : int
        In each stage. With four stages one gives a ResNet-10, two a ResNet-18.

    Notes
    -----
    He et al., CVPR 2016, in three dimensions (Hara et al., CVPR 2018), from
    MONAI's blocks: MONAI's whole network (1.6.1) hands `norm` to its stem only
    and normalises its stages by batch whatever is asked for. The stem is a 3x3x3
    convolution that keeps the grid, where theirs divides it by four: a nodule
    may be five voxels wide.
    """

    dimensions = 3

    def __init__(
        self, in_channels: int, widths: Sequence[int] = (16, 32, 64, 128), *, norm: Norm = "group", blocks: int = 1
    ):
        super().__init__()
        self.halvings = len(widths) - 1
        self.blocks = blocks
        self.out_channels = widths[-1]
        parts = [
            Convolution(
                self.dimensions, in_channels, widths[0], act="relu", norm=norm_layer(norm, widths[0]), bias=False
            )
        ]
        for before, width in zip((None, *widths), widths):
            parts.append(self._block(width, norm) if before is None else self._halving_block(before, width, norm))
            parts += [self._block(width, norm) for _ in range(blocks - 1)]
        pool = nn.AdaptiveAvgPool3d(1) if self.dimensions == 3 else nn.AdaptiveAvgPool2d(1)
        self.layers = nn.Sequential(*parts, pool, nn.Flatten())

    def forward(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, out_channels), the mean over the positions."""
        return self.layers(volumes)

    def maps(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, out_channels, K', J', I'), what `forward` takes the mean of."""
        return self.layers[:-2](volumes)

    @property
    def last_map(self) -> nn.Module:
        """Gives the map (B, out_channels, K', J', I') that is averaged."""
        return self.layers[-3]

    @property
    def fine_map(self) -> nn.Module:
        """Gives the map before the grid is halved for the second time."""
        return self.layers[self.blocks * min(2, self.halvings + 1)]

    def fine_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        """Voxels on which the positions of the fine map are centred; an axis each."""
        return tuple(centres_after_halving(size, min(1, self.halvings)) for size in shape)

    def map_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        """Voxels on which the positions of the last map are centred; an axis each."""
        return tuple(centres_after_halving(size, self.halvings) for size in shape)

    def _block(self, channels: int, norm: Norm) -> ResNetBlock:
        return ResNetBlock(channels, channels, self.dimensions, norm=norm_layer(norm, channels))

    def _halving_block(self, in_channels: int, channels: int, norm: Norm) -> ResNetBlock:
        normalisation = norm_layer(norm, channels)
        shortcut = Convolution(
            self.dimensions, in_channels, channels, 2, kernel_size=1, act=None, norm=normalisation, bias=False
        )
        return ResNetBlock(in_channels, channels, self.dimensions, 2, downsample=shortcut, norm=normalisation)


class ResNet2D(ResNet3D):
    """The same network of slices (B, C, J, I)."""

    dimensions = 2
