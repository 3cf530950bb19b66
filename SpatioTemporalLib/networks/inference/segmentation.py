"""Segmentation of phases by their times: over the whole image, and averaged over the later phases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...context import Context
from ..cases.batch import Batch
from ..cases.phases import batch_of, triplets

OVERLAP = 0.5


def logit_map(
    networks: Sequence[nn.Module],
    phases: np.ndarray,
    seconds: np.ndarray,
    shape: Sequence[int],
    device: str = "cpu",
    context: Context | None = None,
) -> np.ndarray:
    """(K, J, I) logit of the structure less that of the rest, mean over later phases and networks.

    Parameters
    ----------
    phases : (T, K, J, I) 0..1     Before contrast, the first after it, later ones.
    seconds : (T,)                 After injection, -1 before it.
    shape : (K, J, I)              Voxels that are looked at together.
    """
    shown = triplets(len(phases), range(2, len(phases)))
    total, done = np.zeros(phases.shape[1:], dtype=np.float64), 0
    for network in networks:
        for three in shown:
            if context is not None:
                context.progress(done / (len(shown) * len(networks)), "segmenting")
            scores = scores_of(network, batch_of([phases[three]], [seconds[three]]), shape, device)
            total += (scores[0, 1] - scores[0, 0]).double().cpu().numpy()
            done += 1
    return total / done


def scores_of(network: nn.Module, batch: Batch, shape: Sequence[int], device: str) -> Tensor:
    """Logits (B, 2, K, J, I), on the device; images larger than `shape` are gone over with a sliding window.

    All phases of a window travel together; times are the same for every window.
    """
    batch, training = batch.to(device), network.training
    network.to(device).eval()
    try:
        with torch.inference_mode():
            if tuple(batch.images.shape[3:]) == tuple(shape):
                return batch.scores(network)
            return torch.cat([_slid(network, batch[n : n + 1], shape) for n in range(len(batch))])
    finally:
        network.train(training)


def _slid(network: nn.Module, batch: Batch, shape: Sequence[int]) -> Tensor:
    """Logits of one patient, window by window."""
    from monai.inferers import sliding_window_inference

    def window(channels: Tensor) -> Tensor:
        images = channels.unflatten(1, batch.images.shape[1:3])
        return network(images, *(part.expand(len(images), *part.shape[1:]) for part in batch.parts[1:]))

    channels = batch.images.flatten(1, 2)
    return sliding_window_inference(channels, tuple(shape), 1, window, overlap=OVERLAP, mode="gaussian")
