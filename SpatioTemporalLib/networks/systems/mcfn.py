"""MCFN: malignancy of a nodule by co-attention between its visits and clinical covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import ParameterError
from ..blocks.cross_modal import MutualCoAttention, position_tokens
from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.mixup import mixed
from ..blocks.res_cbam import ResCBAM3D, ResCBAMSettings
from ..blocks.tabular import TabularEncoder
from ..blocks.visit_fusion import ConcatTwo
from ..blocks.visits import EachVisit
from ..cases.batch import Batch
from ..registry import network


@dataclass(frozen=True)
class MCFNSettings(ResCBAMSettings):
    """Settings of MCFN.

    Attributes
    ----------
    levels : sequence of int
        Kinds of the covariates, see `TabularEncoder`; at least one.
    width : int
        Of a token.
    mixup : float
        Concentration of the mixing while training, see `mixed`; 0 for none.
    """

    levels: Sequence[int] = (0, 0, 2, 2)
    width: int = 64
    mixup: float = 0.2

    def __post_init__(self):
        if not self.levels:
            raise ParameterError(
                "E-NETWORK", "mcfn has no covariates to attend to", fix="Give levels, one a covariate, or use scans."
            )
        if self.mixup < 0:
            raise ParameterError("E-NETWORK", f"mcfn has mixup {self.mixup}", fix="Give 0 for none, or more.")


PRESETS = {
    "default": MCFNSettings(),
    # The trunk and the covariates of CSF-Net, which compares itself with this network.
    "paper": MCFNSettings(
        stages=((64, 64, 64), (128, 128, 256), (256, 256, 256, 512)), norm="batch", levels=(8, 2, 2, 100), width=128
    ),
}

CARD = """\
The paper fuses images and clinical data by co-attention and enlarges its data while training. We had no more than what
others write about it; CSF-Net's published code names a file of it that is not there. Encoder, attention, augmentation
and every number are not known to us.

Chosen here: the residual encoder of CSF-Net for each visit, the maps of the first and the latest visit one after the
other, a token at each position, two passes of co-attention with one token a covariate, the second guided by the
first, and mixing of the fused features of two patients while training. The affinity is divided by the square root of
the width, without which its tanh is flat. The preset "paper" has the trunk, the tokens and the covariates of CSF-Net.
Days between the visits are not looked at.
"""


@network("mcfn", citation="Ding et al., IEEE Trans Med Imaging (2024)", presets=PRESETS, card=CARD)
class MCFN(VisitClassifier):
    """Residual encoder of each visit, co-attention of positions and covariates, two logits."""

    def __init__(self, settings: MCFNSettings):
        super().__init__()
        self.mixup = settings.mixup
        encoder = ResCBAM3D(settings.in_channels, settings.stages, stem=4, norm=settings.norm)
        self.encoder = EachVisit(encoder)
        self.fusion = ConcatTwo(encoder.out_channels)
        self.covariates = TabularEncoder(settings.levels, settings.width)
        self.cross_modal = MutualCoAttention(self.fusion.out_channels, settings.width, settings.width)
        self.head = ClassificationHead(self.cross_modal.out_width, settings.width)

    def features(self, given: Batch) -> Tensor:
        """(B, D), what co-attention makes of images and covariates."""
        fused = self.fusion(self.encoder(given.images, given.mask), given.times, given.mask)
        clinical, _ = self.covariates(given.covariates, given.covariate_mask)
        return self.cross_modal(position_tokens(fused), clinical)

    def training_loss(self, batch: Batch, labels: Tensor, iteration: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the fused features of patients mixed two by two, against both their labels."""
        drawn = mixed(self.features(batch), self.mixup, generator)
        return drawn.cross_entropy(self.head(drawn.features), labels)
