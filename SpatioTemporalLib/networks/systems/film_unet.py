"""A U-Net whose features are scaled and shifted by the times at which the phases of a dynamic series were acquired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..registry import network
from ..voxelwise.conditioned_stage import Stage
from ..voxelwise.phase_network import PhaseNetwork


@dataclass(frozen=True)
class FiLMUNetSettings:
    """Settings of the U-Net.

    Attributes
    ----------
    in_channels : int
        Of each phase.
    phases : int
        Before contrast, the first after it, and a later one.
    widths : sequence of int
        Of the stages; each after the first halves the size.
    hidden : int
        Of the generator of scales and shifts.
    times : bool
        Whether it looks at the times at all.
    """

    in_channels: int = 1
    phases: int = 3
    widths: Sequence[int] = (8, 16, 32)
    hidden: int = 32
    times: bool = True


PRESETS = {
    "default": FiLMUNetSettings(),
    "without_times": FiLMUNetSettings(times=False),
    "paper": FiLMUNetSettings(widths=(32, 64, 128, 256, 320), hidden=128),
}

CARD = """\
Published: any U-Net, each stage of which is scaled and shifted, channel by channel, by what a two-layer perceptron
makes of the acquisition times; encoder, bottleneck and decoder together do best (Dice 0.762 on breast MRI with
nnU-Net's network; encoder only 0.752, decoder only 0.749). The source does not say how times are coded, what their
zero is, nor whether features are changed before or after normalisation.

Chosen here: seconds after injection, in minutes, as sines and cosines of 8 periods from 4 to 64 minutes, -1 s for the
phase before contrast; features are changed after the last normalisation of a stage and before its activation, where
no normalisation takes the change out again. The network starts as the same one without times. Stages are those of
MONAI's DynUNet, of 8, 16 and 32 channels, small enough for a processor. The preset
"paper" has stages as wide as nnU-Net's, on which the source's figures stand; "without_times" is for comparison.
"""


@network(
    "film_unet",
    citation="Acquisition time-informed breast tumor segmentation from dynamic contrast-enhanced MRI, "
    "arXiv 2511.16498 (2025); Perez et al., AAAI 2018",
    presets=PRESETS,
    card=CARD,
    tasks=("segmentation",),
)
class FiLMUNet(PhaseNetwork):
    """Phases as channels, a U-Net, two logits a voxel; covariates are not looked at.

    K, J and I are multiples of 2 to the number of stages less one.
    """

    def __init__(self, settings: FiLMUNetSettings):
        super().__init__(settings)
        widths = tuple(settings.widths)
        channels = (self.channels, *widths)
        steps = (1, *[2] * (len(widths) - 1))
        self.down = nn.ModuleList(Stage(a, b, s, self.condition) for a, b, s in zip(channels, widths, steps))
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.grow = nn.ModuleList(nn.ConvTranspose3d(a, b, 2, stride=2, bias=False) for a, b in pairs)
        self.up = nn.ModuleList(Stage(2 * b, b, 1, self.condition) for _, b in pairs)
        self.head = nn.Conv3d(widths[0], 2, 1)

    def answered(self, channels: Tensor, condition: Tensor | None) -> Tensor:
        features = channels
        skipped = []
        for stage in self.down:
            features = stage(features, condition)
            skipped.append(features)
        for grow, stage, skip in zip(self.grow, self.up, skipped[-2::-1]):
            features = stage(torch.cat([grow(features), skip], dim=1), condition)
        return self.head(features)
