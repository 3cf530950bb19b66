"""From features to scores of classes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..cases.batch import Batch


class VisitClassifier(nn.Module):
    """A network that classifies patients by their visits: it gives `features`, of which its `head` makes logits.

    One whose logits are made otherwise says how in `logits`.
    """

    def forward(
        self,
        images: Tensor,
        times: Tensor,
        mask: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 2).

        Parameters
        ----------
        images : (B, T, C, K, J, I)
        times : (B, T), days
        mask : (B, T), bool
        covariates, covariate_mask : (B, F)
            Not needed by a network that does not look at them.
        """
        return self.logits(Batch(images, times, mask, covariates, covariate_mask))

    def logits(self, given: Batch) -> Tensor:
        return self.head(self.features(given))


class ClassificationHead(nn.Module):
    """Scores of classes by one hidden layer."""

    def __init__(self, in_width: int, hidden: int, classes: int = 2, dropout: float = 0.0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(in_width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, in_width) to logits (B, classes)."""
        return self.layers(features)


class AngularHead(nn.Module):
    """Scores by the angle to one direction a class, with a margin while training.

    Parameters
    ----------
    in_width, classes : int
    margin : int
        How many times the angle to the true class counts; 1 is no margin.

    Notes
    -----
    A-Softmax: Liu et al., SphereFace, CVPR 2017, eq. 6-7.
    """

    def __init__(self, in_width: int, classes: int = 2, margin: int = 4):
        super().__init__()
        self.margin = margin
        self.directions = nn.Parameter(torch.randn(classes, in_width))

    def forward(self, features: Tensor) -> Tensor:
        """(B, in_width) to logits (B, classes), the length of the features times the cosine."""
        return features @ nn.functional.normalize(self.directions, dim=1).T

    def with_margin(self, features: Tensor, labels: Tensor, relaxation: float) -> Tensor:
        """Logits (B, classes) in which the true class (B,) has the margin; for cross-entropy.

        A relaxation of 0 is the whole margin; see `margin_relaxation`.
        """
        logits = self(features)
        length = features.norm(dim=1, keepdim=True).clamp(min=1e-12)
        harder = length * margin_cosine((logits / length).clamp(-1.0, 1.0), self.margin)
        relaxed = (relaxation * logits + harder) / (1 + relaxation)
        true = nn.functional.one_hot(labels, logits.shape[1]).bool()
        return torch.where(true, relaxed, logits)


def margin_cosine(cosine: Tensor, margin: int) -> Tensor:
    """(-1)^k cos(m a) - 2 k where the angle a is in the k-th of m parts of 0..pi; falls all the way.

    cos(m a) is the Chebyshev polynomial of the cosine, whose gradient stays
    finite where that of the arc cosine does not.
    """
    before, multiple = torch.ones_like(cosine), cosine
    for _ in range(margin - 1):
        before, multiple = multiple, 2 * cosine * multiple - before
    part = (cosine.detach().acos() * margin / math.pi).floor().clamp(max=margin - 1)
    return (1 - 2 * (part % 2)) * multiple - 2 * part


def margin_relaxation(iteration: int) -> float:
    """How far the margin is relaxed at an iteration: from 1500 down to 5, as NAS-Lung anneals it."""
    return max(5.0, 1500.0 / (1 + 0.1 * iteration))
