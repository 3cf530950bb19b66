"""Segmentation of phases by their times: over the whole image, and averaged over the later phases."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...context import Context
from ..cases.batch import Batch
from ..cases.phases import batch_of, shown_at_once

OVERLAP = 0.5


def logit_map(
    networks: Sequence[nn.Module],
    phases: np.ndarray,
    seconds: np.ndarray,
    shape: Sequence[int],
    device: str = "cpu",
    context: Context | None = None,
    *,
    together: bool = False,
) -> np.ndarray:
    """(K, J, I) logit of the structure less that of the rest, mean over later phases and networks.

    Parameters
    ----------
    phases : (T, K, J, I) 0..1     Before contrast, the first after it, later ones.
    seconds : (T,)                 After injection, -1 before it.
    shape : (K, J, I)              Voxels that are looked at together.
    together : bool                Whether all later phases are shown at once.
    """
    shown = shown_at_once(len(phases), together)
    total, done = np.zeros(phases.shape[1:], dtype=np.float64), 0
    for network in networks:
        for some in shown:
            given, part = batch_of([phases[some]], [seconds[some]]), (done, len(shown) * len(networks))
            scores = scores_of(network, given, shape, device, report=reporter(context, *part, "segmenting"))
            total += (scores[0, 1] - scores[0, 0]).double().cpu().numpy()
            done += 1
    return total / done


def reporter(context: Context | None, done: int, of: int, message: str) -> Callable[[float], None]:
    """What tells a context how far one of so many equal parts has come."""
    if context is None:
        return lambda fraction: None
    return lambda fraction: context.progress((done + fraction) / of, message)


def scores_of(
    network: nn.Module,
    batch: Batch,
    shape: Sequence[int],
    device: str,
    *,
    report: Callable[[float], None] = lambda fraction: None,
    overlap: float = OVERLAP,
) -> Tensor:
    """Logits (B, classes, K, J, I), on the device; images larger than `shape` are gone over with a sliding window.

    All points in time of a window travel together; times are the same for every window.
    """
    report(0.0)
    batch, training = batch.to(device), network.training
    network.to(device).eval()
    try:
        with torch.inference_mode():
            if tuple(batch.images.shape[3:]) == tuple(shape):
                return batch.scores(network)
            slid = [_slid(network, batch[n : n + 1], shape, overlap, report) for n in range(len(batch))]
            return torch.cat(slid)
    finally:
        network.train(training)


def windowed_scores(
    network: Callable[[Tensor], Tensor],
    channels: Tensor,
    shape: Sequence[int],
    overlap: float,
    report: Callable[[float], None],
) -> Tensor:
    """What a network gives for channels (B, C, ...), window by window, with Gaussian weights; tells how far it is."""
    from monai.inferers import sliding_window_inference

    steps = [max(int(n * (1 - overlap)), 1) for n in shape]
    windows = math.prod(max(-(-(m - n) // s), 0) + 1 for m, n, s in zip(channels.shape[2:], shape, steps))
    seen = 0

    def window(part: Tensor) -> Tensor:
        nonlocal seen
        report(min(seen / windows, 1.0))
        seen += 1
        return network(part)

    return sliding_window_inference(channels, tuple(shape), 1, window, overlap=overlap, mode="gaussian")


def _slid(network: nn.Module, batch: Batch, shape: Sequence[int], overlap: float, report) -> Tensor:
    """Logits of one patient, window by window."""

    def window(channels: Tensor) -> Tensor:
        images = channels.unflatten(1, batch.images.shape[1:3])
        return network(images, *(part.expand(len(images), *part.shape[1:]) for part in batch.parts[1:]))

    return windowed_scores(window, batch.images.flatten(1, 2), shape, overlap, report)
