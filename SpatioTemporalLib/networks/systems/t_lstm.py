"""T-LSTM: class of a nodule from any number of visits at uneven intervals."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..blocks.heads import ClassificationHead, VisitClassifier
from ..blocks.resnet import ResNet3D, ResNetSettings
from ..blocks.sequence_fusion import DAYS_PER_MONTH, Decay, TimeAwareLSTM
from ..blocks.visits import EachVisit
from ..cases.batch import Batch
from ..registry import network


@dataclass(frozen=True)
class TLSTMSettings(ResNetSettings):
    """Settings of T-LSTM.

    Attributes
    ----------
    hidden : int
        Of the recurrence.
    decay, unit_days
        See `TimeAwareLSTM`.
    """

    hidden: int = 64
    decay: Decay = "logarithmic"
    unit_days: float = DAYS_PER_MONTH


PRESETS = {
    "default": TLSTMSettings(),
    "paper": TLSTMSettings(norm="batch"),
}

CARD = """\
The recurrence, in which what was remembered for a short time fades with the days since the last visit, is published
with its equations. For nodules the encoder and its size were not known to us; CSF-Net's comparison (accuracy 0.765,
AUC 0.778) does not give them, and its other figures fit no whole numbers of patients.

Chosen here: a ResNet-10 for small crops to 128 features, a state of 64, intervals in months, a decay of
1 / log(e + interval) for gaps of months, or 1 / interval. The preset "paper" differs by batch normalisation.
Covariates are not looked at.
"""


@network(
    "t_lstm",
    citation="Liu et al., Front Bioeng Biotechnol 10:791424 (2022); Baytas et al., KDD 2017",
    presets=PRESETS,
    card=CARD,
)
class TLSTM(VisitClassifier):
    """Residual encoder of each visit, time-aware LSTM, two logits; covariates are not looked at."""

    def __init__(self, settings: TLSTMSettings):
        super().__init__()
        encoder = ResNet3D(settings.in_channels, settings.widths, norm=settings.norm)
        self.encoder = EachVisit(encoder)
        self.fusion = TimeAwareLSTM(encoder.out_channels, settings.hidden, settings.decay, settings.unit_days)
        self.head = ClassificationHead(settings.hidden, settings.hidden)

    def features(self, given: Batch) -> Tensor:
        """(B, hidden), the state after the latest visit."""
        return self.fusion(self.encoder(given.images, given.mask), given.times, given.mask)
