"""DeepCAD: class of a nodule from its crops, the lung around it, and clinical covariates, over any number of visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...errors import InputError, ParameterError
from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.normalisation import Norm
from ..blocks.resnet import ResNet3D
from ..blocks.sequence_fusion import GRUOverTime, TransformerOverTime
from ..blocks.tabular import TabularEncoder
from ..blocks.visits import EachVisit
from ..cases.batch import Batch
from ..registry import network

OverTime = Literal["gru", "transformer"]
OVER_TIME = {"gru": lambda width: GRUOverTime(width, width), "transformer": TransformerOverTime}


@dataclass(frozen=True)
class DeepCADSettings:
    """Settings of DeepCAD.

    Attributes
    ----------
    widths : sequence of int
        Of the stages of each encoder, see `ResNet3D`.
    norm : str
    lung : bool
        Whether there is a second channel, the lung around the nodule on an
        array of the same shape and coarser spacing.
    levels : sequence of int
        Kinds of the covariates, see `TabularEncoder`; none leaves them out.
    width : int
        Of a visit, and of the state over visits; divisible by 4.
    over_time : str
        "gru" knows the order of the visits, "transformer" also their days.
    """

    widths: Sequence[int] = (16, 32, 64, 128)
    norm: Norm = "group"
    lung: bool = True
    levels: Sequence[int] = (0, 0, 2, 2)
    width: int = 64
    over_time: OverTime = "gru"

    def __post_init__(self):
        if self.over_time not in OVER_TIME:
            raise ParameterError(
                "E-NETWORK",
                f"deepcad has no over_time {self.over_time!r}",
                fix=f"Choose one of {', '.join(OVER_TIME)}.",
            )

    @property
    def in_channels(self) -> int:
        """Channels of the images, which training cuts accordingly."""
        return 2 if self.lung else 1


PRESETS = {
    "default": DeepCADSettings(),
    "paper": DeepCADSettings(widths=(64, 128, 256, 512), norm="batch", width=128),
}

CARD = """\
The paper joins three kinds of data over time: crops of the nodule, an image of the whole lung, and clinical data; it
reports an AUC of 0.88. We had its abstract only: the encoders, the sizes of the crops, the way of joining and the loss
are not known to us.

Chosen here: a residual encoder for the nodule and another for the lung around it, beside the covariates in each visit,
then a gated recurrent unit over the visits, or a transformer which also knows their days. All channels of the images
share one shape, so the lung is given at a coarser spacing, not at the 96 x 96 x 96 of our reading of the sources. The
preset "paper" has encoders of a ResNet-10 with batch normalisation.
"""


class NoduleAndLung(nn.Module):
    """Vectors of the first and of the second channel, one after the other, each by an encoder of its own.

    `last_map`, `fine_map` and their centres are those of the nodule, whose voxels the images are explained in.
    """

    def __init__(self, widths: Sequence[int], norm: Norm, lung: bool):
        super().__init__()
        self.nodule = ResNet3D(1, widths, norm=norm)
        self.lung = ResNet3D(1, widths, norm=norm) if lung else None
        self.out_channels = (2 if lung else 1) * self.nodule.out_channels

    def forward(self, volumes: Tensor) -> Tensor:
        """(B, C, K, J, I) to (B, out_channels).

        Raises
        ------
        InputError
            ``E-CHANNELS``, when there is no second channel for the lung, or one too many.
        """
        needed = 2 if self.lung else 1
        if volumes.shape[1] != needed:
            raise InputError(
                "E-CHANNELS",
                f"deepcad was given {volumes.shape[1]} channels, it takes {needed}",
                fix="Give the nodule and the lung around it, or set lung to false and give the nodule alone.",
            )
        nodule = self.nodule(volumes[:, :1])
        return nodule if self.lung is None else torch.cat([nodule, self.lung(volumes[:, 1:])], dim=1)

    @property
    def last_map(self) -> nn.Module:
        return self.nodule.last_map

    def map_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        return self.nodule.map_centres(shape)

    @property
    def fine_map(self) -> nn.Module:
        return self.nodule.fine_map

    def fine_centres(self, shape: Sequence[int]) -> tuple[Tensor, ...]:
        return self.nodule.fine_centres(shape)


@network(
    "deepcad",
    citation="Aslani et al., Comput Med Imaging Graph 116:102399 (2024)",
    presets=PRESETS,
    card=CARD,
)
class DeepCAD(VisitClassifier):
    """Encoders of nodule and lung beside the covariates in each visit, recurrence or attention over visits."""

    def __init__(self, settings: DeepCADSettings):
        super().__init__()
        encoder = NoduleAndLung(settings.widths, settings.norm, settings.lung)
        width = settings.width
        self.encoder = EachVisit(encoder)
        self.covariates = TabularEncoder(settings.levels, width) if settings.levels else None
        self.to_visit = nn.Sequential(
            nn.Linear(encoder.out_channels + (width if settings.levels else 0), width), nn.ReLU()
        )
        self.fusion = OVER_TIME[settings.over_time](width)
        self.head = ClassificationHead(width, width)

    def features(self, given: Batch) -> Tensor:
        """(B, width) of all visits; channel 0 of the images is the nodule, channel 1 the lung around it."""
        visits = self.encoder(given.images, given.mask)
        if self.covariates is not None:
            _, clinical = self.covariates(given.covariates, given.covariate_mask)
            visits = torch.cat([visits, clinical[:, None].expand(-1, visits.shape[1], -1)], dim=2)
        return self.fusion(self.to_visit(visits), given.times, given.mask)
