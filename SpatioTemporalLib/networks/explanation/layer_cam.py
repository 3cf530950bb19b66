"""LayerCAM of a fine map: where in each visit what is new speaks for a class."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..blocks.map_centres import on_voxels
from ..cases.batch import Batch
from .kept_map import encoder_of_visits, kept_map
from .undisturbed import Report, each_patient, log_odds, undisturbed


def layer_cam(
    network: nn.Module, batch: Batch, target: int = 1, *, changes: bool = True, report: Report = None
) -> Tensor:
    """Maps (B, T, K, J, I), not negative; zero for visits that were not observed or not looked at.

    Parameters
    ----------
    network : module
        As for `grad_cam`; its encoder's ``fine_map`` is looked at, where it has
        one, see `map_centres`.
    batch : Batch
    target : int
        Class whose `log_odds` are explained.
    changes : bool
        Whether a later visit's features count by how far they rise above those of
        the earliest, which is then zero itself. Without, and where a network looks
        at one visit only, they count as they are.
    report : callable, optional
        Told the share done.

    Raises
    ------
    ParameterError
        ``E-EXPLAIN``, when the network has no such encoder.

    Notes
    -----
    Jiang et al., LayerCAM, IEEE Trans Image Process 30:5875 (2021), eq. 5-7:
    each position of a map is weighted by its own gradient, where that is
    positive. Grad-CAM's weights are means over all positions, and its map, the
    last one, is too coarse to tell a nodule from what lies beside it. What both
    visits show speaks for the class in one and against it in the other where a
    network compares them: only its change says something of the answer.
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
            features, seen = kept["map"].detach(), kept["mask"][0]
            if changes and len(features) > 1:
                features = features - features[patient.times[0, seen].argmin()]
            spoken = (gradient.relu() * features).sum(dim=1).relu()
            maps[number, seen] = on_voxels(spoken, centres, shape)
    return maps
