"""Residual encoder of volumes to one vector."""

from __future__ import annotations

from collections.abc import Sequence

from monai.networks.blocks import Convolution
from monai.networks.nets.resnet import ResNetBlock
from torch import Tensor, nn

from .normalisation import Norm, norm_layer


class ResNet3D(nn.Module):
    """Residual network of volumes, with a stem for small crops.

    Parameters
    ----------
    in_channels : int
    widths : sequence of int
        Of the stages, one residual block each; each after the first halves the
        grid. Four stages are a ResNet-10.

    Notes
    -----
    He et al., CVPR 2016, in three dimensions (Hara et al., CVPR 2018), from
    MONAI's blocks: MONAI's whole network (1.6.1) hands `norm` to its stem only
    and normalises its stages by batch whatever is asked for. The stem is a 3x3x3
    convolution that keeps the grid, where theirs divides it by four: a nodule
    may be five voxels wide.
    """

    def __init__(self, in_channels: int, widths: Sequence[int] = (16, 32, 64, 128), *, norm: Norm = "group"):
        super().__init__()
        stem = Convolution(3, in_channels, widths[0], act="relu", norm=norm_layer(norm, widths[0]), bias=False)
        first = ResNetBlock(widths[0], widths[0], norm=norm_layer(norm, widths[0]))
        halving = [_halving_block(before, width, norm) for before, width in zip(widths, widths[1:])]
        self.layers = nn.Sequential(stem, first, *halving, nn.AdaptiveAvgPool3d(1), nn.Flatten())
        self.out_channels = widths[-1]

    def forward(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, out_channels), the mean over the positions."""
        return self.layers(volumes)


def _halving_block(in_channels: int, channels: int, norm: Norm) -> ResNetBlock:
    normalisation = norm_layer(norm, channels)
    shortcut = Convolution(3, in_channels, channels, strides=2, kernel_size=1, act=None, norm=normalisation, bias=False)
    return ResNetBlock(in_channels, channels, stride=2, downsample=shortcut, norm=normalisation)
