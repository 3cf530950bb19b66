"""CSF-Net: malignancy of a nodule from its visits and clinical covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...errors import ParameterError
from ..blocks.conditioning import FiLM, TimeMLP
from ..blocks.cross_modal import BidirectionalCrossAttention, ConcatMLP, MutualCoAttention, position_tokens
from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.res_cbam import ResCBAM3D, ResCBAMSettings
from ..blocks.tabular import TabularEncoder
from ..blocks.visit_fusion import ConcatTwo, Difference, LastVisit, MaskedMean, TemporalResidualFusion
from ..blocks.visits import EachVisit, interval, only_earliest, only_latest
from ..cases.batch import Batch
from ..registry import network

Temporal = Literal["residual", "residual_published", "concat", "difference", "mean", "first", "last"]
CrossModal = Literal["attention", "co_attention", "concat", "none"]

FUSIONS = {
    "residual": TemporalResidualFusion,
    "residual_published": lambda channels: TemporalResidualFusion(channels, "published"),
    "concat": ConcatTwo,
    "difference": Difference,
    "mean": MaskedMean,
    "first": LastVisit,
    "last": LastVisit,
}
CROSS_MODAL = {"attention": BidirectionalCrossAttention, "co_attention": MutualCoAttention, "concat": ConcatMLP}
ONE_VISIT = {"first": only_earliest, "last": only_latest}

ABLATIONS = {
    "first_visit": {"temporal": "first", "cross_modal": "none"},
    "first_visit_and_covariates": {"temporal": "first"},
    "last_visit": {"temporal": "last", "cross_modal": "none"},
    "last_visit_and_covariates": {"temporal": "last"},
    "images_only": {"cross_modal": "none"},
    "no_temporal_fusion": {"temporal": "concat"},
}
"""The published ablations, as settings that differ from those of a preset."""


@dataclass(frozen=True)
class CSFNetSettings(ResCBAMSettings):
    """Settings of CSF-Net.

    Attributes
    ----------
    levels : sequence of int
        Kinds of the covariates, see `TabularEncoder`.
    width : int
        Of a token; divisible by the 4 heads of the attention.
    temporal, cross_modal : str
        How visits, and image and covariates, become one.
    interval : bool
        Whether the days between the first and the last visit condition the
        fused map; of no use to a network of one visit, which leaves it out.
    """

    levels: Sequence[int] = (0, 0, 2, 2)
    width: int = 64
    temporal: Temporal = "residual"
    cross_modal: CrossModal = "attention"
    interval: bool = True

    def __post_init__(self):
        for name, value, known in [
            ("temporal", self.temporal, FUSIONS),
            ("cross_modal", self.cross_modal, [*CROSS_MODAL, "none"]),
        ]:
            if value not in known:
                raise ParameterError(
                    "E-NETWORK", f"csfnet has no {name} {value!r}", fix=f"Choose one of {', '.join(known)}."
                )
        if not self.levels and self.cross_modal != "none":
            raise ParameterError(
                "E-NETWORK",
                f"csfnet has cross_modal {self.cross_modal!r} and no covariates",
                fix="Give levels, one a covariate, or set cross_modal to none.",
            )


PRESETS = {
    # Age and pack-years as numbers, sex and smoking status as categories.
    "default": CSFNetSettings(),
    # Race, smoking status, sex and age in years, all of them categories: 112 levels in all.
    "paper": CSFNetSettings(
        stages=((64, 64, 64), (128, 128, 256), (256, 256, 256, 512)),
        norm="batch",
        levels=(8, 2, 2, 100),
        width=128,
        temporal="residual_published",
        interval=False,
    ),
}


CARD = """\
Paper and published code differ, and the code does not run as published. The paper lets attention between image and
covariates run over the positions of one patient, the code lets it run over the patients of a batch, so that who else
is in the batch changes the prediction; here it runs over positions. The code treats age as a category and creates
57 million parameters that take no part; here there are none such. Voxel spacing, window of the Hounsfield units, batch
size and split are given nowhere. The days between the visits play no part in the paper; the preset "default" lets them
scale and shift the fused map, which starts as no change.

The preset "default" is small enough for a few hundred patients: normalisation in groups, fusion of both visits and
their difference at their own size, age and pack-years as numbers. "paper" has the published widths, batch
normalisation, the fusion that magnifies and averages back, and categories only. The published figures (accuracy 0.897,
AUC 0.939) stand for 78 nodules, and the lead over the next network for three of them; they were not reproduced here.
"""


@network("csfnet", citation="Shen et al., CSF-Net, arXiv 2501.16400 (2025)", presets=PRESETS, card=CARD)
class CSFNet(VisitClassifier):
    """Residual encoder of each visit, temporal fusion, cross-modal fusion, two logits.

    Notes
    -----
    Shen et al., arXiv 2501.16400 (2025). As in its text, attention runs over
    the positions of the fused map and the clinical tokens of one patient; the
    published code lets it run over the patients of a batch. Only parts that
    take part in the prediction are made.
    """

    def __init__(self, settings: CSFNetSettings):
        super().__init__()
        self.temporal = settings.temporal
        encoder = ResCBAM3D(settings.in_channels, settings.stages, stem=4, norm=settings.norm)
        self.encoder = EachVisit(encoder)
        self.fusion = FUSIONS[settings.temporal](encoder.out_channels)
        channels, width = self.fusion.out_channels, settings.width
        conditioned = settings.interval and settings.temporal not in ONE_VISIT
        self.time = TimeMLP(width) if conditioned else None
        self.film = FiLM(width, channels) if conditioned else None
        self.to_tokens = nn.Sequential(nn.Linear(channels, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        if settings.cross_modal == "none":
            self.covariates = self.cross_modal = None
        else:
            self.covariates = TabularEncoder(settings.levels, width, embedding_width=encoder.out_channels)
            self.cross_modal = CROSS_MODAL[settings.cross_modal](width, width, width)
        self.head = ClassificationHead(self.cross_modal.out_width if self.cross_modal else width, width)

    def logits(self, given: Batch) -> Tensor:
        """Benign and malignant; covariates are not looked at by a network of images only."""
        tokens = self.to_tokens(position_tokens(self._fused(given.images, given.times, given.mask)))
        if self.cross_modal is None:
            return self.head(tokens.mean(dim=1))
        clinical, _ = self.covariates(given.covariates, given.covariate_mask)
        return self.head(self.cross_modal(tokens, clinical))

    def _fused(self, images: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """Map (B, D, K', J', I') of all visits."""
        if self.temporal in ONE_VISIT:
            # Before encoding, so that the other visits touch no batch statistics either.
            mask = ONE_VISIT[self.temporal](times, mask)
        fused = self.fusion(self.encoder(images, mask), times, mask)
        return fused if self.film is None else self.film(fused, self.time(interval(times, mask)))
