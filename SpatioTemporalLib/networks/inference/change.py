"""Change between two visits, over the whole image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ...context import Context
from ..cases.pairs import batch_of
from .segmentation import OVERLAP, reporter, scores_of


def log_probabilities(
    networks: Sequence[nn.Module],
    images: np.ndarray,
    days: float,
    shape: Sequence[int],
    device: str = "cpu",
    context: Context | None = None,
    *,
    overlap: float = OVERLAP,
) -> np.ndarray:
    """(3, K, J, I) log-probability of unchanged, new and vanished, mean over the networks.

    Parameters
    ----------
    images : (2, K, J, I)          Earlier and later visit on one grid, scaled.
    days : float                   Between them.
    shape : (K, J, I)              Voxels that are looked at together.
    """
    total = np.zeros((3, *images.shape[1:]))
    for n, network in enumerate(networks):
        report = reporter(context, n, len(networks), "looking for change")
        scores = scores_of(network, batch_of([images], [days]), shape, device, report=report, overlap=overlap)
        total += torch.log_softmax(scores[0].double(), dim=0).cpu().numpy()
    return total / len(networks)
