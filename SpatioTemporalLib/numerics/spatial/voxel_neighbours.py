"""Which voxels of a region hang together with others of it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

AROUND = ndimage.generate_binary_structure(3, 3)


def with_neighbours(region: np.ndarray, fewest: int) -> np.ndarray:
    """(K, J, I) bool: the voxels of a region with at least so many of their 26 neighbours in it."""
    if fewest <= 0:
        return region
    count = ndimage.convolve(region.astype(np.uint8), AROUND.astype(np.uint8), mode="constant")
    return region & (count > fewest)


def has_cluster(region: np.ndarray, voxels: int) -> bool:
    """Whether so many voxels of a region are connected by faces, edges or corners."""
    parts, count = ndimage.label(region, AROUND)
    return bool(count) and int(np.bincount(parts.reshape(-1))[1:].max()) >= voxels
