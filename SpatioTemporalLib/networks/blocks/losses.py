"""Losses of classification under one calling convention."""

from __future__ import annotations

from typing import Literal

from monai.losses import FocalLoss
from torch import Tensor, nn

Loss = Literal["cross_entropy", "binary", "focal"]


class ClassificationLoss(nn.Module):
    """Mean loss of logits (B, classes) against labels (B,).

    Parameters
    ----------
    kind : str
        "cross_entropy" over the classes, "focal" the same with easy cases
        weighted down, "binary" over one logit (B, 1).
    class_weights : (classes,) tensor, optional
        For "binary" (1,), the weight of the positive class.
    focus : float
        Gamma of the focal loss (Lin et al., ICCV 2017); 0 is cross-entropy.
    """

    def __init__(self, kind: Loss = "cross_entropy", class_weights: Tensor | None = None, focus: float = 2.0):
        super().__init__()
        self.kind = kind
        if kind == "focal":
            self.loss = FocalLoss(to_onehot_y=True, use_softmax=True, gamma=focus, weight=class_weights)
        elif kind == "binary":
            self.loss = nn.BCEWithLogitsLoss(pos_weight=class_weights)
        else:
            self.loss = nn.CrossEntropyLoss(weight=class_weights)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """A scalar."""
        if self.kind == "cross_entropy":
            return self.loss(logits, labels)
        if self.kind == "binary":
            return self.loss(logits, labels[:, None].to(logits.dtype))
        # MONAI's focal loss takes the sum over the classes as their mean.
        return self.loss(logits, labels[:, None]) * logits.shape[1]
