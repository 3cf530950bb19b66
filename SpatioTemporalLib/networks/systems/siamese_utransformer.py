"""Change between visits: one encoder for both, their differences at each scale, attention between their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..registry import network
from ..voxelwise.places import places

CLASSES = 3


@dataclass(frozen=True)
class SiameseSettings:
    """Settings of the network.

    Attributes
    ----------
    in_channels : int
        Of each visit.
    dimensions : int
        3, or 2 for one slice at a time.
    widths : sequence of int
        Of the stages; each after the first halves the size.
    depth, heads : int
        Layers of the transformer between the ways down and up, and its heads.
    """

    in_channels: int = 1
    dimensions: int = 3
    widths: Sequence[int] = (16, 32, 64)
    depth: int = 2
    heads: int = 4

    def __post_init__(self):
        if self.dimensions not in (2, 3):
            raise ValueError(f"dimensions is {self.dimensions}, not 2 or 3")


PRESETS = {"default": SiameseSettings(), "paper": SiameseSettings(widths=(32, 64, 128, 256), depth=6, heads=8)}

CARD = """\
Published for new lesions of multiple sclerosis in pairs of FLAIR slices (170 patients): a Siamese encoder, a
transformer between the visits, a U-shaped decoder; judged by expected cost and F2. The layers are not given in what
could be read.

Specified here: stages of convolutions that both visits share; at each scale the later features, the change and its
size are handed on; at the coarsest the places of both visits attend to one another, with which visit and where they
are; a decoder brings the answer to full size. Three scores a voxel: unchanged, new, vanished. Two or three
dimensions. "paper" has more and wider stages; those of the source were not found.
"""


@network(
    "siamese_utransformer",
    citation="Kelly et al., medRxiv 2024.04.05.24305386 (2024)",
    presets=PRESETS,
    card=CARD,
    tasks=("change",),
)
class SiameseUTransformer(nn.Module):
    """A shared encoder, differences, attention over the places of both visits, a decoder; three logits a voxel."""

    def __init__(self, settings: SiameseSettings):
        super().__init__()
        widths = tuple(settings.widths)
        flat = settings.dimensions == 2
        channels = (settings.in_channels, *widths)
        self.down = nn.ModuleList(_layers(a, b, flat) for a, b in zip(channels, widths))
        self.pool = nn.MaxPool3d((1, 2, 2) if flat else 2)
        self.visit = nn.Parameter(0.02 * torch.randn(2, widths[-1]))
        self.attention = nn.ModuleList(
            nn.TransformerEncoderLayer(
                widths[-1], settings.heads, 4 * widths[-1], dropout=0.0, activation="gelu", batch_first=True,
                norm_first=True,
            )
            for _ in range(settings.depth)
        )  # fmt: skip
        self.join = nn.Conv3d(2 * widths[-1], widths[-1], 1)
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.up = nn.ModuleList(_layers(a + 3 * b, b, flat) for a, b in pairs)
        self.head = nn.Conv3d(widths[0], CLASSES, 1)

    def forward(
        self,
        images: Tensor,
        times: Tensor,
        mask: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 3, K, J, I) of the two visits (B, 2, C, K, J, I); times are not looked at.

        J and I, and K with three dimensions, are multiples of 2 to the number of stages less one.
        """
        if images.shape[1] != 2:
            raise ValueError(f"{images.shape[1]} visits were given, 2 expected")
        features, scales = images.flatten(0, 1), []
        for n, layers in enumerate(self.down):
            features = layers(self.pool(features) if n else features)
            scales.append(features.unflatten(0, (-1, 2)))
        features = self.join(self._attended(scales[-1]).flatten(1, 2))
        for layers, both in zip(self.up, scales[-2::-1]):
            earlier, later = both[:, 0], both[:, 1]
            finer = functional.interpolate(features, size=later.shape[2:], mode="trilinear")
            features = layers(torch.cat([finer, later, later - earlier, (later - earlier).abs()], dim=1))
        return self.head(features)

    def _attended(self, features: Tensor) -> Tensor:
        """(B, 2, C, ...) of the same, each place knowing of all others of both visits."""
        placed = features + places(features.shape[2:]).to(features) + self.visit[:, :, None, None, None]
        tokens = placed.flatten(3).permute(0, 1, 3, 2).flatten(1, 2)
        for block in self.attention:
            tokens = block(tokens)
        return tokens.unflatten(1, (2, -1)).transpose(2, 3).reshape(features.shape)


def _layers(in_channels: int, channels: int, flat: bool) -> nn.Sequential:
    kernel = (1, 3, 3) if flat else (3, 3, 3)
    pairs = ((in_channels, channels), (channels, channels))
    # A normalisation of each image's own would take out how far the visits differ; this one keeps places comparable.
    return nn.Sequential(
        *(
            layer
            for a, b in pairs
            for layer in (nn.Conv3d(a, b, kernel, padding="same"), nn.GroupNorm(1, b), nn.LeakyReLU(0.01))
        )
    )
