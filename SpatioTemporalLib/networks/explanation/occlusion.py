"""Occlusion in space and in time: what the score loses when a block, or a visit, is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from ...errors import ParameterError
from ..blocks.visits import require_visits
from ..cases.batch import Batch
from .baselines import Baseline, baseline_images, observed_images
from .undisturbed import Report, each_patient, log_odds, undisturbed, with_images


def occlusion(
    network: nn.Module,
    batch: Batch,
    size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    target: int = 1,
    *,
    baseline: Baseline | Tensor = "mean",
    at_once: int = 16,
    report: Report = None,
) -> Tensor:
    """Maps (B, T, K, J, I) of the fall of the log-odds when a block of one visit is replaced.

    A voxel has the mean over the blocks that cover it; one of an unobserved
    visit has zero.

    Parameters
    ----------
    network : module
    batch : Batch
    size, stride : int or three of them, voxels
        Of a block, and from one to the next: half the size, unless given. The
        last block of each axis ends where the image ends.
    target : int
    baseline : str or tensor
        What takes the place of a block, in all its channels; see `baseline_images`.
    at_once : int
        Images of a patient in memory at a time.
    report : callable, optional

    Raises
    ------
    ParameterError
        ``E-BASELINE``, or ``E-EXPLAIN`` for blocks larger than the image, or so
        far apart that they leave voxels out.

    Notes
    -----
    Zeiler and Fergus, ECCV 2014, section 4.2.
    """
    blocks = _blocks(tuple(batch.images.shape[3:]), size, stride)
    images, replacing = observed_images(batch), baseline_images(batch, baseline)
    falls = images.new_zeros(*images.shape[:2], *images.shape[3:])
    covered = images.new_zeros(images.shape[3:])
    for block in blocks:
        covered[block] += 1
    with undisturbed(network), torch.no_grad():
        for number, patient in each_patient(batch, report):
            whole = log_odds(network, patient, target)
            places = [(t, *block) for t in patient.mask[0].nonzero()[:, 0].tolist() for block in blocks]
            for some in (places[n : n + at_once] for n in range(0, len(places), at_once)):
                changed = images[number].repeat(len(some), *[1] * 5)
                for copy, (visit, *block) in zip(changed, some):
                    copy[visit, :, *block] = replacing[number, visit, :, *block]
                for place, fall in zip(some, whole - log_odds(network, with_images(patient, changed), target)):
                    falls[number, *place] += fall
    return falls / covered


def visit_occlusion(network: nn.Module, batch: Batch, target: int = 1, *, report: Report = None) -> Tensor:
    """Fall (B, T) of the log-odds when a visit shows what the one before it showed, the first what the second did.

    Zero for unobserved visits. Days and covariates stay.

    Raises
    ------
    InputError
        ``E-VISITS``, when a patient has fewer than two observed visits.
    """
    require_visits(batch.mask, 2)
    images = observed_images(batch)
    falls = images.new_zeros(images.shape[:2])
    with undisturbed(network), torch.no_grad():
        for number, patient in each_patient(batch, report):
            seen = patient.mask[0].nonzero()[:, 0]
            order = seen[patient.times[0, seen].argsort()]
            before = torch.cat([order[1:2], order[:-1]])
            changed = images[number].repeat(len(order), *[1] * 5)
            changed[torch.arange(len(order), device=order.device), order] = images[number, before]
            replaced = log_odds(network, with_images(patient, changed), target)
            falls[number, order] = log_odds(network, patient, target) - replaced
    return falls


def _blocks(shape: tuple[int, ...], size, stride) -> list[tuple[slice, slice, slice]]:
    sizes = [size] * 3 if isinstance(size, int) else list(size)
    steps = [max(s // 2, 1) for s in sizes] if stride is None else [stride] * 3 if isinstance(stride, int) else stride
    axes = []
    for length, width, step in zip(shape, sizes, steps):
        if not 1 <= width <= length or not 1 <= step <= width:
            raise ParameterError(
                "E-EXPLAIN",
                f"blocks of {width} voxels every {step} do not cover an axis of {length}",
                fix="Give a size of at most the image's, and a stride of at most the size.",
            )
        starts = sorted({*range(0, length - width, step), length - width})
        axes.append([slice(start, start + width) for start in starts])
    return list(product(*axes))
