"""Change between visits: each place's features of both visits read by a recurrent network, and decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..registry import network

ALONG = ("visits", "places")
CLASSES = 3


@dataclass(frozen=True)
class DuSTiLNetSettings:
    """Settings of the network.

    Attributes
    ----------
    in_channels : int
        Of each visit.
    dimensions : int
        3, or 2 for one slice at a time.
    widths : sequence of int
        Of the convolutions; the size is halved between them.
    hidden : int
        Of the recurrent layers.
    along : str
        What they walk along: "visits", at each place, or "places", row by row, with both visits' features side by side.
    shared : bool
        Whether the visits have one encoder.
    dropout : float, 0..1
    last_only : bool
        Whether only the latest visit is looked at, for comparison.
    """

    in_channels: int = 1
    dimensions: int = 3
    widths: Sequence[int] = (16, 32, 64)
    hidden: int = 64
    along: str = "visits"
    shared: bool = True
    dropout: float = 0.1
    last_only: bool = False

    def __post_init__(self):
        if self.dimensions not in (2, 3):
            raise ValueError(f"dimensions is {self.dimensions}, not 2 or 3")
        if self.along not in ALONG:
            raise ValueError(f"along is {self.along!r}, not one of {', '.join(ALONG)}")


PRESETS = {
    "default": DuSTiLNetSettings(),
    "latest_visit": DuSTiLNetSettings(last_only=True),
    "paper": DuSTiLNetSettings(
        in_channels=3, dimensions=2, widths=(32, 64, 128), hidden=128, along="places", shared=False, dropout=0.3
    ),
}

CARD = """\
Published for buildings in satellite images, not for medicine (accuracy 0.974, F1 0.89, IoU 0.867 on EGY-BCD): two
encoders of three convolutions each, two layers of LSTM over their features side by side, a decoder that sees both. Loss
and optimiser are not given. In the printed sizes the sequence has as many places as features, so it cannot be told
whether the LSTM walks over places or over features; over time it does not walk.

Chosen here: the default walks over the visits at each place, with one encoder for all of them, so that it can see more
than two and three dimensions; tanh in place of the ReLU that lets an LSTM grow without bound. "paper" walks over places
with two encoders as published; "latest_visit" sees no earlier visit and is for comparison. Three scores a voxel:
unchanged, new, vanished.
"""


@network(
    "dustilnet",
    citation="DuSTiLNet, Sci Rep (2025), doi:10.1038/s41598-025-14592-x",
    presets=PRESETS,
    card=CARD,
    tasks=("change",),
)
class DuSTiLNet(nn.Module):
    """Encoders of the visits, two recurrent layers, a decoder; three logits a voxel."""

    def __init__(self, settings: DuSTiLNetSettings):
        super().__init__()
        self.settings = settings
        self.encoders = nn.ModuleList(Encoder(settings) for _ in range(1 if settings.shared else 2))
        deep = settings.widths[-1]
        self.first = nn.LSTM(deep if settings.along == "visits" else 2 * deep, settings.hidden, batch_first=True)
        self.second = nn.LSTM(settings.hidden, settings.hidden, batch_first=True)
        kernel, widths = _kernel(settings), settings.widths[::-1]
        wide = (settings.hidden, *widths[:-1])
        visits = 1 if settings.last_only else 2
        self.decode = nn.ModuleList(
            nn.Sequential(nn.Conv3d(own + visits * skip, skip, kernel, padding="same"), _norm(skip), nn.ReLU())
            for own, skip in zip(wide, widths)
        )
        self.head = nn.Conv3d(widths[-1], CLASSES, 1)

    def forward(
        self,
        images: Tensor,
        times: Tensor,
        mask: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 3, K, J, I) of the two visits (B, 2, C, K, J, I); times are not looked at.

        J and I, and K with three dimensions, are multiples of 4 with three convolutions.
        """
        if images.shape[1] != 2:
            raise ValueError(f"{images.shape[1]} visits were given, 2 expected")
        shown = images[:, 1:] if self.settings.last_only else images
        visits = [self.encoders[n % len(self.encoders)](shown[:, n]) for n in range(shown.shape[1])]
        features = self._read([scales[-1] for scales in visits])
        for n, decode in enumerate(self.decode):
            skips = [scales[-1 - n] for scales in visits]
            if n:
                features = functional.interpolate(features, size=skips[0].shape[2:], mode="trilinear")
            features = decode(torch.cat([features, *skips], dim=1))
        return self.head(features)

    def _read(self, visits: list[Tensor]) -> Tensor:
        """(B, hidden, ...) what the recurrent layers make of the visits' features (B, C, ...)."""
        count, _, *size = visits[0].shape
        if self.settings.along == "visits":
            sequence = torch.stack([part.flatten(2) for part in visits]).permute(1, 3, 0, 2).flatten(0, 1)
            read = self.second(self.first(sequence)[0])[0][:, -1]
            return read.unflatten(0, (count, -1)).transpose(1, 2).reshape(count, -1, *size)
        sequence = torch.cat([part.flatten(2) for part in visits], dim=1).transpose(1, 2)
        read = self.second(self.first(sequence)[0])[0]
        return read.transpose(1, 2).reshape(count, -1, *size)


class Encoder(nn.Module):
    """Convolutions with the size halved between them; the features of each."""

    def __init__(self, settings: DuSTiLNetSettings):
        super().__init__()
        channels = (settings.in_channels, *settings.widths)
        self.layers = nn.ModuleList(
            nn.Conv3d(a, b, _kernel(settings), padding="same") for a, b in zip(channels, settings.widths)
        )
        self.norms = nn.ModuleList(_norm(b) for b in settings.widths)
        self.pool = nn.MaxPool3d(2 if settings.dimensions == 3 else (1, 2, 2))
        self.dropout = nn.Dropout3d(settings.dropout)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of each scale, the finest first, of an image (B, C, K, J, I)."""
        scales = []
        for n, (layer, norm) in enumerate(zip(self.layers, self.norms)):
            image = norm(layer(self.pool(image) if n else image)).relu()
            scales.append(image)
        scales[-1] = self.dropout(scales[-1])
        return scales


def _norm(channels: int) -> nn.Module:
    return nn.GroupNorm(1, channels)


def _kernel(settings: DuSTiLNetSettings) -> tuple[int, int, int]:
    return (3, 3, 3) if settings.dimensions == 3 else (1, 3, 3)
