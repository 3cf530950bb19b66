"""Features of shifted windows at several scales, pooled, brought together and weighed by what each scale says."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from monai.networks.blocks.feature_pyramid_network import FeaturePyramidNetwork
from torch import Tensor, nn
from torch.nn import functional

from ..registry import network
from ..voxelwise.conditioned_stage import Stage
from ..voxelwise.phase_network import PhaseNetwork
from ..voxelwise.swin_encoder import SwinEncoder

SIZE = "trilinear"


@dataclass(frozen=True)
class SwinUperSettings:
    """Settings of the network.

    Attributes
    ----------
    in_channels : int
        Of each phase.
    phases : int
        Before contrast, the first after it, and a later one.
    width : int
        Of the first stage of windows; it doubles from stage to stage.
    depths, heads : sequence of int
        Layers and heads of attention of each stage of windows.
    window : int
        Voxels of a window along each axis.
    pyramid : int
        Channels that all scales are brought to.
    pools : sequence of int
        Voxels along each axis that the coarsest features are pooled to.
    hidden : int
        Of the generator of scales and shifts.
    times : bool
        Whether it looks at the times at all.
    """

    in_channels: int = 1
    phases: int = 3
    width: int = 12
    depths: Sequence[int] = (2, 2, 2)
    heads: Sequence[int] = (3, 6, 12)
    window: int = 4
    pyramid: int = 16
    pools: Sequence[int] = (1, 2, 4)
    hidden: int = 32
    times: bool = True


PRESETS = {
    "default": SwinUperSettings(),
    "without_times": SwinUperSettings(times=False),
    "paper": SwinUperSettings(width=48, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), window=7, pyramid=128),
}

CARD = """\
Published: Swin features in a UPerNet (pyramid pooling and a feature pyramid), whose scales are fused by learned
weights (Dice 0.916 on Synapse, 0.902 on ACDC); single 2D images, no times.

Chosen here: three dimensions, the phases as channels; a stage of convolutions at full size, scaled and shifted by the
acquisition times as in film_unet, joins the pyramid, because windows begin at half the size and lesions are small.
The weights of the scales are a softmax for each voxel. "paper" has the four stages of windows of a Swin of that size;
the source's own were not found.
"""


@network(
    "fe_swinuper",
    citation="FE-SwinUper, Sci Rep (2025), doi:10.1038/s41598-025-97779-6; Xiao et al., UPerNet, ECCV 2018",
    presets=PRESETS,
    card=CARD,
    tasks=("segmentation",),
)
class FESwinUper(PhaseNetwork):
    """Shifted windows, pyramid pooling, a feature pyramid and weights of its scales; two logits a voxel.

    K, J and I are multiples of 2 to the number of stages of windows.
    """

    def __init__(self, settings: SwinUperSettings):
        super().__init__(settings)
        self.encoder = SwinEncoder(self.channels, settings.width, settings.depths, settings.heads, settings.window)
        widths, wide = self.encoder.widths, settings.pyramid
        self.lateral = nn.ModuleList(Stage(width, width, 1, self.condition) for width in widths)
        self.pooling = PyramidPooling(widths[-1], settings.pools)
        self.pyramid = FeaturePyramidNetwork(3, list(widths), wide)
        self.finest = Stage(self.channels, wide, 1, self.condition)
        self.fusion = ScaleFusion(wide)
        self.last = Stage(2 * wide, wide, 1, self.condition)
        self.head = nn.Conv3d(wide, 2, 1)

    def answered(self, channels: Tensor, condition: Tensor | None) -> Tensor:
        scales = [stage(part, condition) for stage, part in zip(self.lateral, self.encoder(channels))]
        scales[-1] = self.pooling(scales[-1])
        pyramid = self.pyramid(OrderedDict((str(n), part) for n, part in enumerate(scales)))
        fused = self.fusion([resized(part, channels.shape[2:]) for part in pyramid.values()])
        joined = torch.cat([self.finest(channels, condition), fused], dim=1)
        return self.head(self.last(joined, condition))


class PyramidPooling(nn.Module):
    """Features with what they are on average over a few large cells; Zhao et al., PSPNet, CVPR 2017."""

    def __init__(self, channels: int, pools: Sequence[int]):
        super().__init__()
        self.pools = tuple(pools)
        part = max(channels // len(self.pools), 1)
        self.reduce = nn.ModuleList(nn.Conv3d(channels, part, 1) for _ in self.pools)
        self.join = nn.Conv3d(channels + part * len(self.pools), channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, K, J, I) of the same."""
        size = features.shape[2:]
        pooled = [reduce(functional.adaptive_avg_pool3d(features, n)) for n, reduce in zip(self.pools, self.reduce)]
        return self.join(torch.cat([features, *[resized(part, size) for part in pooled]], dim=1))


class ScaleFusion(nn.Module):
    """Mean of several scales, for each voxel by weights that their own features give; they sum to one."""

    def __init__(self, channels: int):
        super().__init__()
        # One score for all scales alike: a scale is known by its features.
        self.score = nn.Sequential(nn.Conv3d(channels, channels, 1), nn.GELU(), nn.Conv3d(channels, 1, 1, bias=False))

    def weights(self, scales: Sequence[Tensor]) -> Tensor:
        """(B, S, K, J, I) of S scales (B, C, K, J, I)."""
        return torch.cat([self.score(scale) for scale in scales], dim=1).softmax(dim=1)

    def forward(self, scales: Sequence[Tensor]) -> Tensor:
        """(B, C, K, J, I)"""
        weights = self.weights(scales)
        return sum(weights[:, n : n + 1] * scale for n, scale in enumerate(scales))


def resized(features: Tensor, size: Sequence[int]) -> Tensor:
    """Features (B, C, ...) at another size, linear."""
    return functional.interpolate(features, size=tuple(size), mode=SIZE, align_corners=False)
