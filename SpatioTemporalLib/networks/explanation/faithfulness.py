"""Whether an explanation is true to its network: the score as voxels are taken or given in its order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import ParameterError
from ..cases.batch import Batch
from .baselines import Baseline, baseline_images, observed_images
from .undisturbed import Report, each_patient, probability, undisturbed, with_images


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Areas (B,) under the probability of the class over the share of voxels, 0..1.

    insertion : the higher the better, voxels given from the most important on.
    deletion : the lower the better, voxels taken from the most important on.
    random_insertion, random_deletion : the same in an order by chance.
    """

    insertion: Tensor
    deletion: Tensor
    random_insertion: Tensor
    random_deletion: Tensor


def insertion_deletion(
    network: nn.Module,
    batch: Batch,
    attribution: Tensor,
    steps: int = 20,
    target: int = 1,
    *,
    baseline: Baseline | Tensor = "blurred",
    seed: int = 0,
    at_once: int = 16,
    report: Report = None,
) -> Faithfulness:
    """How fast the probability of a class comes and goes with the voxels that an explanation names first.

    Parameters
    ----------
    network : module
    batch : Batch
    attribution : (B, T, K, J, I), or (B, T, C, K, J, I), which is added up over the channels
        The voxels of all observed visits of a patient stand in one order.
    steps : int
    target : int
    baseline : str or tensor
        What a voxel is before it is given and after it is taken; see `baseline_images`.
    seed : int
        Of the order by chance, which is the same for each patient.
    at_once : int
        Images of a patient in memory at a time.
    report : callable, optional

    Raises
    ------
    ParameterError
        ``E-BASELINE``, or ``E-EXPLAIN`` for an attribution of another shape.

    Notes
    -----
    Petsiuk et al., RISE, BMVC 2018, section 4.3.
    """
    attribution = _of_voxels(batch, attribution)
    images, base = observed_images(batch), baseline_images(batch, baseline)
    areas = []
    with undisturbed(network), torch.no_grad():
        for number, patient in each_patient(batch, report):
            chance = torch.rand(attribution[number].shape, generator=torch.Generator().manual_seed(seed))
            curves = []
            for order in (attribution[number], chance.to(attribution)):
                shown = _first(order, patient.mask[0], steps)[:, :, None]
                for first, then in ((base, images), (images, base)):
                    parts = (torch.where(s, then[number], first[number]) for s in shown.split(at_once))
                    scores = [probability(network, with_images(patient, part), target) for part in parts]
                    curves.append(torch.trapezoid(torch.cat(scores), dx=1 / steps))
            areas.append(torch.stack(curves))
    return Faithfulness(*torch.stack(areas, dim=1))


def _of_voxels(batch: Batch, attribution: Tensor) -> Tensor:
    """(B, T, K, J, I)."""
    visits, grid = batch.images.shape[:2], batch.images.shape[3:]
    if attribution.shape == batch.images.shape:
        attribution = attribution.sum(dim=2)
    if attribution.shape != (*visits, *grid):
        raise ParameterError(
            "E-EXPLAIN",
            f"the attribution has shape {tuple(attribution.shape)}, the images {tuple(batch.images.shape)}",
            fix="Give one value a voxel of every visit, with or without channels.",
        )
    return attribution


def _first(attribution: Tensor, mask: Tensor, steps: int) -> Tensor:
    """(steps + 1, T, K, J, I) bool: the first share of the observed voxels by falling attribution, from none to all."""
    observed = mask[:, None, None, None].expand_as(attribution)
    values = attribution[observed]
    rank = torch.empty_like(values, dtype=torch.long)
    rank[values.argsort(descending=True, stable=True)] = torch.arange(len(values), device=values.device)
    counts = torch.linspace(0, len(values), steps + 1, device=values.device).round()
    shown = torch.zeros(steps + 1, *attribution.shape, dtype=torch.bool, device=values.device)
    shown[:, observed] = rank[None] < counts[:, None]
    return shown
