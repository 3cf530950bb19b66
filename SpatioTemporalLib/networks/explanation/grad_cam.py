"""Grad-CAM: where the last map of the encoder speaks for a class, visit by visit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..blocks.map_centres import on_voxels
from ..cases.batch import Batch
from .kept_map import encoder_of_visits, kept_map
from .undisturbed import Report, each_patient, log_odds, undisturbed


def grad_cam(network: nn.Module, batch: Batch, target: int = 1, *, report: Report = None) -> Tensor:
    """Maps (B, T, K, J, I), not negative; zero for visits that were not observed or not looked at.

    Parameters
    ----------
    network : module
        Its ``encoder`` is an `EachVisit` whose own encoder has a ``last_map``,
        see `map_centres`. Of DeepCAD it is the map of the nodule.
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
    Selvaraju et al., ICCV 2017, eq. 1-2, on the logarithm of the odds. Between
    the centres of the map's positions, which lie on multiples of the stride and
    not in the middles of equal parts, values are linear.
    """
    encoder = encoder_of_visits(network)
    maps = batch.images.new_zeros(*batch.images.shape[:2], *batch.images.shape[3:])
    with undisturbed(network):
        for number, patient in each_patient(batch, report):
            with torch.enable_grad(), kept_map(network.encoder, encoder.last_map) as kept:
                score = log_odds(network, patient, target).sum()
                gradient = torch.autograd.grad(score, kept["map"])[0]
            weights = gradient.mean(dim=(2, 3, 4), keepdim=True)
            spoken = (weights * kept["map"].detach()).sum(dim=1).relu()
            shape = batch.images.shape[3:]
            maps[number, kept["mask"][0]] = on_voxels(spoken, encoder.map_centres(shape), shape)
    return maps
