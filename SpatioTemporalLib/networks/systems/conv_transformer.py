"""A U-Net of convolutions whose coarsest features attend to one another and to the acquisition times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..registry import network
from ..voxelwise.conditioned_stage import Stage
from ..voxelwise.film_decoder import FiLMDecoder
from ..voxelwise.phase_network import PhaseNetwork
from ..voxelwise.places import places


@dataclass(frozen=True)
class ConvTransformerSettings:
    """Settings of the network.

    Attributes
    ----------
    in_channels : int
        Of each phase.
    phases : int
        Before contrast, the first after it, and a later one.
    widths : sequence of int
        Of the stages of convolutions; each after the first halves the size.
    depth, heads : int
        Layers of the transformer between them, and its heads.
    dropout : float, 0..1
        Of the transformer; random passes then say how sure the network is.
    hidden : int
        Of the generator of scales and shifts.
    times : bool
        Whether it looks at the times at all.
    """

    in_channels: int = 1
    phases: int = 3
    widths: Sequence[int] = (8, 16, 32)
    depth: int = 2
    heads: int = 4
    dropout: float = 0.0
    hidden: int = 32
    times: bool = True


PRESETS = {
    "default": ConvTransformerSettings(),
    "without_times": ConvTransformerSettings(times=False),
    "paper": ConvTransformerSettings(widths=(32, 64, 128, 256), depth=6, heads=8, hidden=128),
}

CARD = """\
Published: convolutions find local features, a transformer lets the coarsest of them attend to one another over the
whole patch, and convolutions with skip connections bring the answer back to full size (TransUNet, 2D).

Chosen here: three dimensions, stages and times as for film_unet; the acquisition times are one more token that all
others can attend to. Places are coded by sines and cosines of the voxel's number along each axis, so that a trained
network can be shown patches of another size. "paper" is as deep and about half as wide as what was published, for
volumes take more memory than slices.
"""


@network(
    "conv_transformer",
    citation="Chen et al., TransUNet, arXiv 2102.04306 (2021), in three dimensions and with acquisition times",
    presets=PRESETS,
    card=CARD,
    tasks=("segmentation",),
)
class ConvTransformer(PhaseNetwork):
    """Phases as channels, convolutions, attention over the coarsest features, two logits a voxel.

    K, J and I are multiples of 2 to the number of stages less one.
    """

    def __init__(self, settings: ConvTransformerSettings):
        super().__init__(settings)
        widths = tuple(settings.widths)
        channels = (self.channels, *widths)
        steps = (1, *[2] * (len(widths) - 1))
        self.down = nn.ModuleList(Stage(a, b, s, self.condition) for a, b, s in zip(channels, widths, steps))
        self.time_token = nn.Linear(self.condition, widths[-1]) if self.condition else None
        self.attention = nn.ModuleList(
            nn.TransformerEncoderLayer(
                widths[-1],
                settings.heads,
                4 * widths[-1],
                dropout=settings.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(settings.depth)
        )
        self.decoder = FiLMDecoder(widths, self.condition)
        self.head = nn.Conv3d(widths[0], 2, 1)

    def answered(self, channels: Tensor, condition: Tensor | None) -> Tensor:
        features = channels
        scales = []
        for stage in self.down:
            features = stage(features, condition)
            scales.append(features)
        return self.head(self.decoder([*scales[:-1], self._attended(scales[-1], condition)], condition))

    def _attended(self, features: Tensor, condition: Tensor | None) -> Tensor:
        tokens = (features + places(features.shape[1:]).to(features)).flatten(2).transpose(1, 2)
        voxels = tokens.shape[1]
        if self.time_token is not None:
            tokens = torch.cat([tokens, self.time_token(condition)[:, None]], dim=1)
        for block in self.attention:
            tokens = block(tokens)
        return tokens[:, :voxels].transpose(1, 2).reshape(features.shape)
