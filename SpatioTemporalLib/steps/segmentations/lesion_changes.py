"""Lesions that are new or have vanished between two visits, in a segmentation and in its reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...data.geometry import Geometry
from ...numerics.spatial.lesion_match import matched_parts

EVERY_WAY = np.ones((3, 3, 3))


@dataclass(frozen=True, eq=False)
class Masks:
    """Of one visit by region: what was found and what was wanted, (K, J, I) bool each, on one grid."""

    geometry: Geometry
    regions: dict[str, tuple[np.ndarray, np.ndarray]]


def change_counts(before: Masks, now: Masks, least: float) -> dict[str, np.ndarray]:
    """(6,) hits, false alarms and misses of new lesions, then of vanished ones, by region.

    least : intersection over union above which a change that was found is one that was wanted
    """
    found = {}
    for name in dict.fromkeys([*before.regions, *now.regions]):
        nothing = np.zeros(now.geometry.shape, bool)
        first, second = (visit.regions.get(name, (nothing, nothing)) for visit in (before, now))
        new = [without_touch(later, earlier) for earlier, later in zip(first, second)]
        vanished = [without_touch(earlier, later) for earlier, later in zip(first, second)]
        found[name] = np.array([*_counts(*new, least), *_counts(*vanished, least)])
    return found


def without_touch(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(K, J, I) bool, the connected parts (26 neighbours) of a mask that share no voxel with another."""
    numbered, count = ndimage.label(mask, EVERY_WAY)
    touched = np.zeros(count + 1, bool)
    touched[np.unique(numbered[other])] = True
    touched[0] = True
    return ~touched[numbered]


def _counts(found: np.ndarray, wanted: np.ndarray, least: float) -> tuple[int, int, int]:
    parts = matched_parts(found, wanted, least)
    hits = len(parts.pairs)
    return hits, len(parts.sizes[0]) - hits, len(parts.sizes[1]) - hits
