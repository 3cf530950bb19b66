"""NAS-Lung: class of a nodule from one visit, with an angular margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..blocks.heads import AngularHead, VisitClassifier, margin_relaxation
from ..blocks.res_cbam import ResCBAM3D, ResCBAMSettings
from ..blocks.visit_fusion import LastVisit
from ..blocks.visits import EachVisit, only_latest
from ..cases.batch import Batch
from ..registry import network


@dataclass(frozen=True)
class NASLungSettings(ResCBAMSettings):
    """Settings of NAS-Lung.

    Attributes
    ----------
    norm : str
        The authors use "batch".
    margin : int
        See `AngularHead`.
    """

    stages: Sequence[Sequence[int]] = ((16, 16), (32, 64), (64, 80))
    margin: int = 4


PRESETS = {
    # The authors search the widths; these are fixed ones of about 0.14, 0.9 and 4 million parameters.
    "small": NASLungSettings(stages=((8, 8), (16, 16), (32, 32))),
    "default": NASLungSettings(),
    "large": NASLungSettings(stages=((32, 32), (64, 128), (128, 192))),
    # The widest trunk in the authors' code, which CSF-Net takes over.
    "paper": NASLungSettings(stages=((64, 64, 64), (128, 128, 256), (256, 256, 256, 512)), norm="batch"),
}

CARD = """\
The authors search the widths of the trunk on nodules of one visit (LIDC, crops of 32 x 32 x 32) and average several of
the networks found, from 0.14 million parameters on; the best single one has an accuracy of 0.888, the ensemble 0.908.
Here nothing is searched: three fixed trunks, and the widest of the published code as the preset "paper", with batch
normalisation as there.

The gate of the channels is a softmax and that of the positions 3 x 3 x 3 wide, as in their code. Training tightens an
angular margin, which the copy of this network in CSF-Net's code has lost. Earlier visits, days and covariates are not
looked at: on a task of change this network is a negative control.
"""


@network("nas_lung", citation="Jiang et al., Pattern Recognition 113:107825 (2021)", presets=PRESETS, card=CARD)
class NASLung(VisitClassifier):
    """Residual encoder of the latest visit, scores by angles; earlier visits and covariates are not looked at."""

    def __init__(self, settings: NASLungSettings):
        super().__init__()
        encoder = ResCBAM3D(
            settings.in_channels, settings.stages, stem=4, norm=settings.norm, gate="softmax", kernel_size=3
        )
        self.encoder = EachVisit(encoder)
        self.fusion = LastVisit(encoder.out_channels)
        self.head = AngularHead(encoder.out_channels, margin=settings.margin)

    def features(self, given: Batch) -> Tensor:
        """(B, D), the mean over the positions of the latest visit's map."""
        mask = only_latest(given.times, given.mask)
        return self.fusion(self.encoder(given.images, mask), given.times, mask).mean(dim=(2, 3, 4))

    def training_loss(self, batch: Batch, labels: Tensor, iteration: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy with the angular margin, which tightens with the iterations; nothing is drawn at random."""
        harder = self.head.with_margin(self.features(batch), labels, margin_relaxation(iteration))
        return nn.functional.cross_entropy(harder, labels)
