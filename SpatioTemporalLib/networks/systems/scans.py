"""SCANs: class of a nodule from slices of its first and latest visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...errors import ParameterError
from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.resnet import ResNet2D, ResNetSettings
from ..blocks.slice_encoder import SliceEncoder
from ..blocks.visit_fusion import ConcatTwo, LastVisit
from ..blocks.visits import EachVisit, only_latest
from ..cases.batch import Batch
from ..registry import network

Visits = Literal["first_and_last", "last"]
FUSIONS = {"first_and_last": ConcatTwo, "last": LastVisit}


@dataclass(frozen=True)
class SCANsSettings(ResNetSettings):
    """Settings of SCANs.

    Attributes
    ----------
    slices : int
        Axial slices taken of each visit, see `SliceEncoder`.
    blocks : int
        Of the encoder of slices, see `ResNet3D`.
    attention : int
        Hidden width of the attention over slices.
    hidden : int
        Of the head.
    visits : str
        "first_and_last", or "last" for one visit alone.
    """

    slices: int = 9
    blocks: int = 1
    attention: int = 32
    hidden: int = 64
    visits: Visits = "first_and_last"

    def __post_init__(self):
        if self.visits not in FUSIONS:
            raise ParameterError(
                "E-NETWORK", f"scans has no visits {self.visits!r}", fix=f"Choose one of {', '.join(FUSIONS)}."
            )
        if self.slices < 1:
            raise ParameterError("E-NETWORK", f"scans cannot take {self.slices} slices", fix="Give at least 1.")


PRESETS = {
    "default": SCANsSettings(),
    "paper": SCANsSettings(widths=(64, 128, 256, 512), blocks=2, norm="batch", attention=128),
}

CARD = """\
The paper describes two-dimensional convolutional encoders with shared weights, pre-trained on photographs, whose
features attention weighs; it reports results for one and for several visits. We had its abstract only: the kind of
the encoder, the number of slices, the form of the attention and the head are not known to us.

Chosen here: nine axial slices from end to end of the crop, a residual encoder with random weights, gated attention
over the slices of a visit, the vectors of the first and the latest visit one after the other, one hidden layer.
The preset "paper" has the encoder of a ResNet-18 with batch normalisation, without pre-trained weights. Days between
the visits and covariates are not looked at. CSF-Net's comparison gives it an accuracy of 0.787 and an AUC of 0.773 on
89 nodules; those figures were not reproduced here.
"""


@network("scans", citation="Veasey et al., IEEE Open J Eng Med Biol 1:257 (2020)", presets=PRESETS, card=CARD)
class SCANs(VisitClassifier):
    """Residual encoder of slices with attention over them, for each visit; the first and the latest make two logits."""

    def __init__(self, settings: SCANsSettings):
        super().__init__()
        self.visits = settings.visits
        slices = ResNet2D(settings.in_channels, settings.widths, norm=settings.norm, blocks=settings.blocks)
        self.encoder = EachVisit(SliceEncoder(slices, settings.slices, settings.attention))
        self.fusion = FUSIONS[settings.visits](slices.out_channels)
        self.head = ClassificationHead(self.fusion.out_channels, settings.hidden)

    def features(self, given: Batch) -> Tensor:
        """(B, D) of the visits that are looked at."""
        mask = only_latest(given.times, given.mask) if self.visits == "last" else given.mask
        return self.fusion(self.encoder(given.images, mask), given.times, mask)

    def slice_attention(self, images: Tensor, mask: Tensor) -> Tensor:
        """Weights (B, T, K) of the slices of each visit, which sum to one; zero for unobserved visits."""
        weights = self.encoder.encoder.attention(images[mask])
        return weights.new_zeros(*mask.shape, images.shape[3]).masked_scatter(mask[:, :, None], weights)
