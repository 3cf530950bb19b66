"""Scores of networks on graphs."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

AT_ONCE = 512


def scores_of(network: nn.Module, cases, device: str = "cpu") -> np.ndarray:
    """(N, E, 2 + K) float64 of all patients; the network is left in the mode it was in."""
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [
                cases.batch(range(start, min(start + AT_ONCE, len(cases)))).to(device).scores(network).double().cpu()
                for start in range(0, len(cases), AT_ONCE)
            ]
    finally:
        network.train(training)
    return torch.cat(parts).numpy()
