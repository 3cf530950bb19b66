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
    partner = {int(a): (int(b), float(overlap)) for (a, b), overlap in zip(parts.pairs, parts.overlap)}
    taken = {other for other, _ in partner.values()}
    wanted_at, found_at = (_centres(*part) for part in ((parts.first, parts.sizes[0]), (parts.second, parts.sizes[1])))
    rows = []
    for number in np.argsort(-parts.sizes[0], kind="stable") + 1:
        other, overlap = partner.get(int(number), (0, 0.0))
        size = int(parts.sizes[1][other - 1]) if other else 0
        state = FOUND if other else MISSED
        rows.append(_row(state, wanted_at[number - 1], int(parts.sizes[0][number - 1]), size, overlap, geometry))
    for number in np.argsort(-parts.sizes[1], kind="stable") + 1:
        if int(number) not in taken:
            size = int(parts.sizes[1][number - 1])
            rows.append(_row(ADDED, found_at[number - 1], 0, size, 0.0, geometry))
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


def _centres(numbered: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(N, 3) K, J and I of the centre of each part, all at once."""
    return np.array(ndimage.center_of_mass(numbered > 0, numbered, np.arange(1, len(sizes) + 1))).reshape(-1, 3)


def _row(state: str, centre: np.ndarray, wanted: int, found: int, overlap: float, geometry: Geometry) -> dict:
    ml = geometry.voxel_volume_ml
    k, j, i = centre
    place = geometry.ijk_to_ras((i, j, k))
    return {
        STATE: state, "volume": wanted * ml, "volume found": found * ml, "IoU": overlap,
        "Dice": 2 * overlap / (1 + overlap), **dict(zip("RAS", map(float, place))),
    }  # fmt: skip
