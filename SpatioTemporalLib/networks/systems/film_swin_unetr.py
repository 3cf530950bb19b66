"""Swin-UNETR whose features are scaled and shifted by the times at which the phases were acquired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ..blocks.conditioning import FiLM
from ..registry import network
from ..voxelwise.conditioned_stage import Stage
from ..voxelwise.film_decoder import FiLMDecoder
from ..voxelwise.phase_network import PhaseNetwork
from ..voxelwise.swin_encoder import SwinEncoder


@dataclass(frozen=True)
class FiLMSwinSettings:
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
    hidden : int
        Of the generator of scales and shifts.
    times : bool
        Whether it looks at the times at all.
    """

    in_channels: int = 1
    phases: int = 3
    width: int = 12
    depths: Sequence[int] = (2, 2)
    heads: Sequence[int] = (3, 6)
    window: int = 4
    hidden: int = 32
    times: bool = True


PRESETS = {
    "default": FiLMSwinSettings(),
    "without_times": FiLMSwinSettings(times=False),
    "paper": FiLMSwinSettings(width=48, depths=(2, 2, 2, 2), heads=(3, 6, 12, 24), window=7, hidden=128),
}

CARD = """\
Published: Swin-UNETR, each stage of which is scaled and shifted, channel by channel, by what a two-layer perceptron
makes of the acquisition times (Dice 0.759 on breast MRI, all stages together). The source leaves open how times are
coded and where in a stage features are changed.

Chosen here: times as for film_unet. The windows' features are changed after the normalisation of a stage, those of the
convolutions after the last normalisation and before the activation. The windows are MONAI's; the features of a stage
are taken before they are merged, as in Swin itself. The default has two stages of windows and is small enough for a
processor; "paper" has the four of Swin-UNETR with 48 channels, and wants sizes that are multiples of 16.
"""


@network(
    "film_swin_unetr",
    citation="Acquisition time-informed breast tumor segmentation from dynamic contrast-enhanced MRI, "
    "arXiv 2511.16498 (2025); Hatamizadeh et al., Swin UNETR, BrainLes 2021",
    presets=PRESETS,
    card=CARD,
    tasks=("segmentation",),
)
class FiLMSwinUNETR(PhaseNetwork):
    """Phases as channels, shifted windows, a decoder of convolutions, two logits a voxel.

    K, J and I are multiples of 2 to the number of stages of windows.
    """

    def __init__(self, settings: FiLMSwinSettings):
        super().__init__(settings)
        self.encoder = SwinEncoder(self.channels, settings.width, settings.depths, settings.heads, settings.window)
        widths = self.encoder.widths
        self.film = nn.ModuleList(FiLM(self.condition, width) for width in widths) if self.condition else None
        self.finest = Stage(self.channels, settings.width, 1, self.condition)
        self.lateral = nn.ModuleList(Stage(width, width, 1, self.condition) for width in widths)
        self.decoder = FiLMDecoder((settings.width, *widths), self.condition)
        self.head = nn.Conv3d(settings.width, 2, 1)

    def answered(self, channels: Tensor, condition: Tensor | None) -> Tensor:
        scales = self.encoder(channels)
        if self.film is not None:
            scales = [film(features, condition) for film, features in zip(self.film, scales)]
        scales = [stage(features, condition) for stage, features in zip(self.lateral, scales)]
        return self.head(self.decoder([self.finest(channels, condition), *scales], condition))
