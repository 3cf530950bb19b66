"""How well one mask covers another, by voxels and by structures."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def dice(found: np.ndarray, wanted: np.ndarray) -> float:
    """Twice the common voxels over those of both masks; 1 where both are empty.

    Notes
    -----
    Dice, Ecology 26:297 (1945).
    """
    both = np.count_nonzero(found) + np.count_nonzero(wanted)
    return 2.0 * np.count_nonzero(found & wanted) / both if both else 1.0


def structures_found(found: np.ndarray, structures: np.ndarray, part: float = 0.5) -> tuple[int, int]:
    """How many connected structures there are, and of how many at least a part of the voxels was found."""
    numbered, count = ndimage.label(structures)
    if not count:
        return 0, 0
    shares = ndimage.mean(found.astype(float), numbered, range(1, count + 1))
    return count, int(np.count_nonzero(np.asarray(shares) >= part))
