"""RadFusion: image and covariates each give a probability, and the two are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..blocks.cross_modal import LateFusion
from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.resnet import ResNet3D, ResNetSettings
from ..blocks.tabular import TabularEncoder
from ..blocks.visit_fusion import LastVisit
from ..blocks.visits import EachVisit, only_latest
from ..cases.batch import Batch
from ..registry import network


@dataclass(frozen=True)
class RadFusionSettings(ResNetSettings):
    """Settings of RadFusion.

    Attributes
    ----------
    levels : sequence of int
        Kinds of the covariates, see `TabularEncoder`.
    width : int
        Of the hidden layers.
    """

    levels: Sequence[int] = (0, 0, 2, 2)
    width: int = 32


PRESETS = {
    "default": RadFusionSettings(),
    "paper": RadFusionSettings(widths=(64, 128, 256, 512), width=128),
}

CARD = """\
The papers join a three-dimensional network of CT angiography and a model of the health record; of the ways of joining,
a late one was best (an AUC of 0.947 for pulmonary embolism). The task, the image encoder and the record are others
than ours, and the widths for nodules, in CSF-Net's comparison, are given nowhere.

Chosen here: a residual encoder of the latest visit and a small network of the covariates, each with a probability; the
weight of the two is learned with the rest, where the authors choose it on validation data. What image and covariates
only say together it cannot learn. The preset "paper" is as wide as a ResNet-10; its numbers are ours. Earlier visits
and days are not looked at.
"""


@network(
    "radfusion",
    citation="Zhou et al., arXiv 2111.11665 (2021); Huang et al., Sci Rep 10:22147 (2020)",
    presets=PRESETS,
    card=CARD,
)
class RadFusion(VisitClassifier):
    """Residual encoder of the latest visit beside the covariates; the logits are logarithms of probabilities.

    The weight of the two probabilities is learned with the rest; the authors
    choose it on validation data. Earlier visits are not looked at.
    """

    def __init__(self, settings: RadFusionSettings):
        super().__init__()
        encoder = ResNet3D(settings.in_channels, settings.widths, norm=settings.norm)
        self.encoder = EachVisit(encoder)
        self.fusion = LastVisit(encoder.out_channels)
        self.image_head = ClassificationHead(encoder.out_channels, settings.width)
        self.covariates = TabularEncoder(settings.levels, settings.width)
        self.clinical_head = ClassificationHead(settings.width, settings.width)
        self.late_fusion = LateFusion()

    def logits(self, given: Batch) -> Tensor:
        """Logarithms of the two probabilities."""
        mask = only_latest(given.times, given.mask)
        image_logits = self.image_head(self.fusion(self.encoder(given.images, mask), given.times, mask))
        _, clinical = self.covariates(given.covariates, given.covariate_mask)
        return self.late_fusion(image_logits, self.clinical_head(clinical))
