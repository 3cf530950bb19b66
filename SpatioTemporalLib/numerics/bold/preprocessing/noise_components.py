"""Courses that tissues without nerve cells, or the noisiest voxels, share."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .projection import Projection, projected

FEWEST_VOXELS = 20


def principal_courses(matrix: np.ndarray, count: int, drift: Projection) -> tuple[np.ndarray, np.ndarray]:
    """(T, count) principal courses of series (T, V) without drift, and the part of the variance each explains.

    Each voxel counts alike, whatever its variance (Behzadi et al., NeuroImage 37:90, 2007). Signs: the largest value
    of each is positive.
    """
    series = projected(matrix, drift).astype(np.float64)
    spread = series.std(axis=0)
    series = series[:, spread > 0] / spread[spread > 0]
    values, vectors = np.linalg.eigh(series @ series.T)
    order = np.argsort(values)[::-1][:count]
    courses = vectors[:, order]
    largest = courses[np.abs(courses).argmax(axis=0), np.arange(courses.shape[1])]
    return courses * np.sign(largest), values[order] / max(values.sum(), 1e-300)


def noisiest(matrix: np.ndarray, drift: Projection, part: float) -> np.ndarray:
    """(V,) bool: the voxels of series (T, V) that vary most beside drift; `part` of them, 0..1."""
    spread = projected(matrix, drift).std(axis=0)
    count = min(max(int(round(part * len(spread))), FEWEST_VOXELS), len(spread))
    return spread >= np.partition(spread, -count)[-count]


def eroded(mask: np.ndarray, steps: int) -> np.ndarray:
    """(K, J, I) bool: a mask without so many layers of its outermost voxels, or fewer where few would be left."""
    structure = ndimage.generate_binary_structure(3, 1)
    if mask.shape[0] == 1:
        structure[[0, 2]] = False
    for _ in range(steps):
        smaller = ndimage.binary_erosion(mask, structure)
        if smaller.sum() < FEWEST_VOXELS:
            return mask
        mask = smaller
    return mask
