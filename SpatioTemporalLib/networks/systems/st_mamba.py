"""A spatial-temporal Mamba network: each phase encoded, scanned along time and over space, fused and decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..registry import network
from ..voxelwise.conditioned_stage import Stage
from ..voxelwise.film_decoder import FiLMDecoder
from ..voxelwise.mamba import PhaseMamba, TriScanMamba

OVER_TIME = ("scan", "max")


@dataclass(frozen=True)
class STMambaSettings:
    """Settings of the network.

    Attributes
    ----------
    in_channels : int
        Of each phase.
    widths : sequence of int
        Of the stages; each after the first halves the size.
    state : int
        Numbers that a scan keeps of each channel.
    scanned : int
        Coarsest stages whose volumes are scanned in three orders.
    times : bool
        Whether real intervals drive the scan along the phases.
    over_time : str
        "scan", or "max": the maximum over the phases is all that is looked at, for comparison.
    skipped : float, 0..1
        Part of the places of each scan that is left out at random in training.
    """

    in_channels: int = 1
    widths: Sequence[int] = (8, 16, 32)
    state: int = 8
    scanned: int = 1
    times: bool = True
    over_time: str = "scan"
    skipped: float = 0.0

    def __post_init__(self):
        if self.over_time not in OVER_TIME:
            raise ValueError(f"over_time is {self.over_time!r}, not one of {', '.join(OVER_TIME)}")
        if not 0 <= self.skipped < 1:
            raise ValueError(f"skipped is {self.skipped}, not 0 to less than 1")


PRESETS = {
    "default": STMambaSettings(),
    "without_times": STMambaSettings(times=False),
    "max_projection": STMambaSettings(over_time="max"),
    "masked": STMambaSettings(skipped=0.1),
    "paper": STMambaSettings(widths=(16, 32, 64, 128, 256), state=16, scanned=2),
}

CARD = """\
Published: a review (arXiv, 2025) tells of a network with a 4D encoder, spatial and temporal state-space modules and a
U shape; its paper was not found, and no figures of it are quoted. SegMamba scans volumes in three orders.

Specified here: stages of convolutions that all phases share; at each scale every voxel's phases are scanned along
time in both directions, the step of the scan multiplied by the minutes between the phases; the coarsest stages are
scanned in SegMamba's three orders as well; attention weighs the phases of each voxel, and a decoder of convolutions
follows. Any number of phases can be shown. Plain torch: no compiled extension. "without_times" takes all intervals
for alike, "max_projection" sees the maximum over the phases only; both are for comparison. "masked" leaves out a
tenth of the places of each scan in training, so that several such passes say how sure it is. On simulated lesions it
learns the worth of the times more slowly than networks that are scaled and shifted by them. "paper" has wider stages,
a larger state and one more scanned stage.
"""


@network(
    "st_mamba",
    citation="Gu and Dao, Mamba, arXiv 2312.00752 (2023); Xing et al., SegMamba, MICCAI 2024; as the card says",
    presets=PRESETS,
    card=CARD,
    tasks=("segmentation",),
)
class STMamba(nn.Module):
    """Stages that all phases share, scans along time and over space, attention over the phases, two logits a voxel."""

    def __init__(self, settings: STMambaSettings):
        super().__init__()
        widths = tuple(settings.widths)
        self.over_time, self.trained_skipped = settings.over_time, settings.skipped
        channels, steps = (settings.in_channels, *widths), (1, *[2] * (len(widths) - 1))
        self.down = nn.ModuleList(Stage(a, b, s, 0) for a, b, s in zip(channels, widths, steps))
        scanned = settings.over_time == "scan"
        kinds = {"timed": settings.times, "skipped": settings.skipped}
        self.along = nn.ModuleList(PhaseMamba(w, settings.state, **kinds) for w in widths) if scanned else None
        first = len(widths) - settings.scanned
        self.across = nn.ModuleList(TriScanMamba(w, settings.state, skipped=settings.skipped) for w in widths[first:])
        self.weigh = nn.ModuleList(nn.Conv3d(w, 1, 1, bias=False) for w in widths) if scanned else None
        self.decoder = FiLMDecoder(widths)
        self.head = nn.Conv3d(widths[0], 2, 1)

    def forward(
        self,
        images: Tensor,
        times: Tensor,
        mask: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 2, K, J, I) of images (B, T, C, K, J, I) at times (B, T) in seconds where mask (B, T) is True.

        K, J and I are multiples of 2 to the number of stages less one.
        """
        present = mask[:, :, None, None, None, None]
        if self.over_time == "max":
            lowest = torch.full_like(images, -torch.inf)
            images = torch.where(present, images, lowest).amax(dim=1, keepdim=True)
            mask = mask.any(dim=1, keepdim=True)
        else:
            images = torch.where(present, images, torch.zeros_like(images))
            times = torch.where(mask, times, torch.zeros_like(times))
        return self.head(self.decoder(self._scales(images, times, mask)))

    def _scales(self, images: Tensor, times: Tensor, mask: Tensor) -> list[Tensor]:
        """Features (B, width, ...) of each scale, the phases brought together."""
        phases = images.shape[1]
        features, scales = images.flatten(0, 1), []
        first = len(self.down) - len(self.across)
        for n, stage in enumerate(self.down):
            features = stage(features, None)
            if self.along is not None:
                apart = features.unflatten(0, (-1, phases))
                features = self.along[n](apart, times, mask).flatten(0, 1)
            if n >= first:
                features = self.across[n - first](features)
            scales.append(self._together(features.unflatten(0, (-1, phases)), mask, n))
        return scales

    def _together(self, features: Tensor, mask: Tensor, stage: int) -> Tensor:
        """(B, C, K, J, I) of features (B, T, C, K, J, I)."""
        if self.weigh is None:
            return features[:, 0]
        scores = self.weigh[stage](features.flatten(0, 1)).unflatten(0, features.shape[:2])
        scores = scores.masked_fill(~mask[:, :, None, None, None, None], -torch.inf)
        return (scores.softmax(dim=1) * features).sum(dim=1)
