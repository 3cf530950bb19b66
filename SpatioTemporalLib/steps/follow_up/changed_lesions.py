"""Lesions that a map of change tells of: one by one, with what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy import ndimage

from ...data.curve import Table
from ...data.geometry import Geometry
from ...numerics.statistics.growth import lesion_volume, longest_axis
from ..structures.drawn import Drawn
from ..structures.roles import TUMOUR

UNITS = {"volume": "mL", "longest diameter": "mm", "R": "mm", "A": "mm", "S": "mm"}
HEADINGS = ("lesion", "state", *UNITS)


def changed_lesions(found: np.ndarray, geometry: Geometry, states: Mapping[int, str]) -> Table:
    """One row a connected part, the largest first: state, volume, longest diameter in a slice, and centre.

    Parameters
    ----------
    found : (K, J, I) int      Numbers of `states`, 0 where nothing changed.
    """
    rows = []
    for kind, box, part in _parts(found):
        affine = geometry.affine.copy()
        affine[:3, 3] = geometry.ijk_to_ras([float(edge.start) for edge in box[::-1]])
        drawn = Drawn(states[kind], TUMOUR, part, Geometry(part.shape, affine))
        volume = lesion_volume(drawn.mask, drawn.geometry)
        diameter = longest_axis(drawn.mask, drawn.geometry).length
        rows.append((states[kind], *(float(x) for x in (volume, diameter, *drawn.centre))))
    rows.sort(key=lambda row: -row[1])
    columns = [list(range(1, len(rows) + 1)), *([row[n] for row in rows] for n in range(len(HEADINGS) - 1))]
    return Table(dict(zip(HEADINGS, columns)), UNITS, "lesions")


def without_small_ones(found: np.ndarray, geometry: Geometry, smallest: float) -> np.ndarray:
    """The same without connected parts of less than so many mL."""
    kept = np.zeros_like(found)
    for kind, box, part in _parts(found):
        if lesion_volume(part, geometry) >= smallest:
            kept[box][part] = kind
    return kept


def _parts(found: np.ndarray) -> Iterator[tuple[int, tuple[slice, ...], np.ndarray]]:
    """Number of its state, box and voxels in the box of each connected part."""
    for kind in np.unique(found[found > 0]):
        numbered, _ = ndimage.label(found == kind)
        for number, box in enumerate(ndimage.find_objects(numbered), start=1):
            yield int(kind), box, np.ascontiguousarray(numbered[box] == number)
