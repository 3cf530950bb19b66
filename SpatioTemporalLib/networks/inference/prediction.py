"""Probabilities of a network for many patients, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from ...steps.voxels.device_blocks import require_device
from ..cases.regions import Cases

AT_ONCE = 16


def logits_of(
    network: nn.Module,
    cases: Cases,
    device: str = "cpu",
    report: Callable[[float], None] = lambda fraction: None,
) -> np.ndarray:
    """(N, classes) float64 logits of all patients; the network is left in the mode it was in."""
    training = network.training
    network.eval()
    parts = []
    try:
        with torch.inference_mode():
            for start in range(0, len(cases), AT_ONCE):
                report(start / len(cases))
                rows = range(start, min(start + AT_ONCE, len(cases)))
                parts.append(cases.batch(rows).to(device).scores(network).double().cpu().numpy())
    finally:
        network.train(training)
    return np.concatenate(parts)


def differences_of(network: nn.Module, cases: Cases, device: str) -> np.ndarray:
    """(N,) logit of class 1 less that of class 0; the network stays on the device."""
    logits = logits_of(network.to(device), cases, device)
    return logits[:, 1] - logits[:, 0]


def automatic_device(wanted: str = "auto") -> str:
    """ "cuda" or "cpu" for "auto"; what is asked for otherwise, refused with ``E-DEVICE`` where it is not there."""
    if wanted != "auto":
        require_device(wanted, double=False)
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"
