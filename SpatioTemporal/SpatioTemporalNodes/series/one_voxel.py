"""The inputs of an analysis at one voxel, to fit its curve alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from SpatioTemporalLib.data import Geometry, ImageStack, LabelMap, Map, Series
from SpatioTemporalLib.declare import Analysis
from SpatioTemporalLib.errors import InputError

MASK = "mask"


@dataclass(frozen=True)
class Voxel:
    """The one voxel a run is about."""

    k: int
    j: int
    i: int


def at_voxel(analysis: Analysis, values: dict[str, object], voxel: Voxel) -> dict[str, object]:
    """Inputs cut to one voxel; the mask is left out, the user chose the voxel.

    Raises
    ------
    InputError
        ``E-VOXEL`` when the analysis measures something in a region elsewhere.
    """
    cut = {}
    for name, value in values.items():
        if name == MASK or value is None:
            continue
        if isinstance(value, LabelMap):
            raise InputError(
                "E-VOXEL",
                f"{analysis.title} measures in {name}, which one voxel does not have",
                where=name,
                fix="Choose a curve instead, or run it on the images.",
            )
        cut[name] = _cut(value, voxel) if isinstance(value, (Series, ImageStack, Map)) else value
    return cut


def _cut(value, voxel: Voxel):
    k, j, i = voxel.k, voxel.j, voxel.i
    step = np.eye(4)
    step[:3, 3] = i, j, k
    geometry = Geometry((1, 1, 1), value.geometry.affine @ step)
    return replace(value, values=np.array(value.values[..., k : k + 1, j : j + 1, i : i + 1]), geometry=geometry)
