"""HiResCAM of a fine map: where in each visit a network's features speak for a class, and where against it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..batch import Batch
from ..blocks.map_centres import on_voxels
from .kept_map import encoder_of_visits, kept_map
from .undisturbed import Report, each_patient, log_odds, undisturbed


def hires_cam(network: nn.Module, batch: Batch, target: int = 1, *, report: Report = None) -> Tensor:
    """Maps (B, T, K, J, I), positive where features speak for the class and negative where against it.

    Zero for visits that were not observed or not looked at.

    Parameters
    ----------
    network : module
        As for `grad_cam`; its encoder's ``fine_map`` is looked at, where it has
        one, see `map_centres`.
    batch : Batch
    target : int
        Class whose `log_odds` are explained.
    report : callable, optional
        Told the share done.

    Raises
    ------
    ParameterError
        ``E-EXPLAIN``, when the network has no such encoder.

    Notes
    -----
    Draelos & Carin, arXiv 2011.08891 (2020), eq. 3: each position of a map is
    weighted by its own gradient. Grad-CAM's weights are means over all positions,
    which tell no place when what counts is a change at one of them. The map is
    that after the first halving of the grid: the last one is too coarse to tell
    a nodule from what lies beside it.
    """
    encoder = encoder_of_visits(network)
    fine = hasattr(encoder, "fine_map")
    module = encoder.fine_map if fine else encoder.last_map
    shape = batch.images.shape[3:]
    centres = encoder.fine_centres(shape) if fine else encoder.map_centres(shape)
    maps = batch.images.new_zeros(*batch.images.shape[:2], *shape)
    with undisturbed(network):
        for number, patient in each_patient(batch, report):
            with torch.enable_grad(), kept_map(network.encoder, module) as kept:
                score = log_odds(network, patient, target).sum()
                gradient = torch.autograd.grad(score, kept["map"])[0]
            spoken = (gradient * kept["map"].detach()).sum(dim=1)
            maps[number, kept["mask"][0]] = on_voxels(spoken, centres, shape)
    return maps
