"""Pairs of visits for training: patches of both, some in reverse."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..task import Step
from .batch import Batch
from .pairs import NEW, VANISHED, PairCases, batch_of
from .patches import cut, patch_corner


def pairs_of(cases: PairCases, step: Step, around: float, reverse: float) -> tuple[Batch, Tensor]:
    """Patches of this process's patients, and (b, K, J, I) what became of each voxel.

    Parameters
    ----------
    around : 0..1 of the patches that are laid around a voxel that changed
    reverse : 0..1 of the pairs that are shown with the later visit first: what is new seen one way has vanished seen
        the other
    """
    # Drawn for the whole batch, so that the number of processes changes nothing.
    drawn = torch.rand(len(step.rows), 5, generator=step.generator).numpy()
    images, days, classes = [], [], []
    for place in step.own:
        pair, kinds = cases.volumes(int(step.rows[place]))
        chance = drawn[place]
        corner = patch_corner(kinds, cases.shape, chance[1] < around, chance[2:])
        pair, kinds = np.stack([cut(image, corner, cases.shape) for image in pair]), cut(kinds, corner, cases.shape)
        if chance[0] < reverse:
            pair, kinds = pair[::-1], np.where(kinds > 0, NEW + VANISHED - kinds, kinds)
        images.append(pair)
        days.append(float(cases.times[step.rows[place], 1]))
        classes.append(np.maximum(kinds, 0))
    return batch_of(images, days), torch.from_numpy(np.stack(classes).astype(np.int64))
