"""Lesions of a segment and of its reference: which were found, missed and added."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ...data.geometry import Geometry
from ...numerics.spatial.lesion_match import matched_parts

STATE, FOUND, MISSED, ADDED = "state", "found", "missed", "added"


def lesion_rows(found: np.ndarray, wanted: np.ndarray, geometry: Geometry, least: float) -> list[dict[str, object]]:
    """A row for each lesion of the reference, then for each that only the segmentation has; the largest first."""
    parts = matched_parts(wanted, found, least)
    partner = dict(parts.pairs.tolist())
    taken = set(partner.values())
    rows = []
    for number in np.argsort(-parts.sizes[0], kind="stable") + 1:
        other = partner.get(int(number))
        size = 0 if other is None else int(parts.sizes[1][other - 1])
        overlap = 0.0 if other is None else float(parts.overlap[number - 1, other - 1])
        state = MISSED if other is None else FOUND
        rows.append(_row(state, parts.first == number, int(parts.sizes[0][number - 1]), size, overlap, geometry))
    for number in np.argsort(-parts.sizes[1], kind="stable") + 1:
        if int(number) not in taken:
            size = int(parts.sizes[1][number - 1])
            rows.append(_row(ADDED, parts.second == number, 0, size, 0.0, geometry))
    return rows


def lesion_summary(rows: list[dict[str, object]]) -> dict[str, float]:
    """Lesions of the reference, and recall, precision and F1 of finding them."""
    counts = {state: sum(row[STATE] == state for row in rows) for state in (FOUND, MISSED, ADDED)}
    there, drawn = counts[FOUND] + counts[MISSED], counts[FOUND] + counts[ADDED]
    nan = float("nan")
    return {
        "lesions of the reference": float(there),
        "lesions missed": float(counts[MISSED]),
        "lesions added": float(counts[ADDED]),
        "lesion recall": counts[FOUND] / there if there else nan,
        "lesion precision": counts[FOUND] / drawn if drawn else nan if not there else 0.0,
        "lesion F1": 2 * counts[FOUND] / (there + drawn) if there + drawn else nan,
    }


def _row(state: str, where: np.ndarray, wanted: int, found: int, overlap: float, geometry: Geometry) -> dict:
    ml = geometry.voxel_volume_ml
    k, j, i = ndimage.center_of_mass(where)
    place = geometry.ijk_to_ras((i, j, k))
    return {
        STATE: state, "volume": wanted * ml, "volume found": found * ml, "IoU": overlap,
        "Dice": 2 * overlap / (1 + overlap), **dict(zip("RAS", map(float, place))),
    }  # fmt: skip
