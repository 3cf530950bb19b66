"""Whether two images that lie on one grid show the same structure, or only as much as any two images do."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import ndimage

# Images are looked at on grids no larger than this along an axis, in at most so many blocks of so many voxels or more.
MOST_VOXELS, MOST_BLOCKS, FEWEST_VOXELS = 72, 6, 4
# Fewer blocks that are seen in both images, or fewer ways to exchange them, tell nothing.
FEWEST_BLOCKS = 8
# A search for the best position lifts unrelated images by 3 standard deviations, images of a few large shapes by 5.
DEVIATIONS = 6.0
# Images of a few large shapes are alike by chance; what agrees this far is taken to be the same all the same.
ENOUGH = 0.9
SMOOTHING_VOXELS = 1.0


class SharedStructure(NamedTuple):
    """Structure that two images share, 0..1, and the most that they would by chance; NaN where nothing can be told."""

    value: float
    by_chance: float

    @property
    def is_beyond_chance(self) -> bool:
        """False too where nothing can be told."""
        return self.value > self.by_chance


def shared_structure(fixed: np.ndarray, moved: np.ndarray, seen: np.ndarray) -> SharedStructure:
    """Squared correlation within blocks of two images, and how far it may go between images that share nothing.

    Parameters
    ----------
    fixed, moved : (K, J, I) array    On one grid; any contrast, one may be the other inverted.
    seen : (K, J, I) bool             Where both show something.

    Returns
    -------
    SharedStructure

    Notes
    -----
    The value is sum(cov²) / sum(var var) over blocks, so that each block may have
    a contrast of its own and empty ones do not count. Chance is the same sum with
    the blocks of one image put in the place of others, by every shift of the
    whole arrangement: it keeps how smooth both images are, which decides how
    alike unrelated images get. The limit lies `DEVIATIONS` above its mean.
    """
    fixed, moved, seen = (_blocks(part) for part in _reduced(fixed, moved, seen))
    arrangement, size = fixed.shape[:3], fixed.shape[3]
    counts, covariance, variances = _moments(*(part.reshape(-1, size) for part in (fixed, moved, seen)))
    enough = counts >= size / 2
    here = np.arange(len(counts))
    in_place = enough[here, here].sum()
    if in_place < FEWEST_BLOCKS:
        return SharedStructure(np.nan, np.nan)
    order = here.reshape(arrangement)
    exchanged = (np.roll(order, by, axis=(0, 1, 2)).ravel() for by in product(*map(range, arrangement)) if any(by))
    chance = [
        _share(covariance[here, there], variances[here, there], enough[here, there])
        for there in exchanged
        if enough[here, there].sum() >= max(in_place / 3, FEWEST_BLOCKS)
    ]
    if len(chance) < FEWEST_BLOCKS - 1:
        return SharedStructure(np.nan, np.nan)
    value = _share(covariance[here, here], variances[here, here], enough[here, here])
    limit = min(np.mean(chance) + DEVIATIONS * np.std(chance), ENOUGH)
    return SharedStructure(float(value), float(limit))


def _share(covariance: np.ndarray, variances: np.ndarray, counted: np.ndarray) -> float:
    total = variances[counted].sum()
    # Values are standardised: what is left of a constant image is rounding.
    return float((covariance[counted] ** 2).sum() / total) if total > 1e-12 else 0.0


def _moments(fixed: np.ndarray, moved: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(B, B) voxels, covariance and product of variances of each block of one image with each of the other."""
    counts = seen @ seen.T
    safe = np.maximum(counts, 1.0)
    mean_fixed, mean_moved = (fixed * seen) @ seen.T / safe, seen @ (moved * seen).T / safe
    covariance = (fixed * seen) @ (moved * seen).T / safe - mean_fixed * mean_moved
    variance_fixed = (fixed**2 * seen) @ seen.T / safe - mean_fixed**2
    variance_moved = seen @ (moved**2 * seen).T / safe - mean_moved**2
    return counts, covariance, np.maximum(variance_fixed, 0) * np.maximum(variance_moved, 0)


def _reduced(fixed: np.ndarray, moved: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both images standardised where both are seen, smoothed, and on a grid that is not too large."""
    factors = [-(-n // MOST_VOXELS) for n in seen.shape]
    weights = _averaged(seen.astype(np.float32), factors).astype(np.float64)
    smooth = ndimage.gaussian_filter(weights, SMOOTHING_VOXELS, mode="nearest")
    images = []
    for image in (fixed, moved):
        mean, spread = _mean_and_spread(image, seen)
        values = np.where(seen, image - np.float32(mean), np.float32(0.0))
        coarse = _averaged(values, factors).astype(np.float64) / (spread or 1.0)
        # Outside nothing is known: it must not be smoothed in.
        total = ndimage.gaussian_filter(coarse, SMOOTHING_VOXELS, mode="nearest")
        images.append(np.divide(total, smooth, out=np.zeros_like(total), where=smooth > 1e-6))
    return *images, (weights > 0.5).astype(np.float64)


def _mean_and_spread(image: np.ndarray, seen: np.ndarray) -> tuple[float, float]:
    """Of the voxels that are seen, slice by slice: images may be large."""
    count = max(int(np.count_nonzero(seen)), 1)
    mean = sum(float(part[own].sum(dtype=np.float64)) for part, own in zip(image, seen)) / count
    squares = sum(float(((part[own].astype(np.float64) - mean) ** 2).sum()) for part, own in zip(image, seen))
    return mean, float(np.sqrt(squares / count))


def _averaged(values: np.ndarray, factors: list[int]) -> np.ndarray:
    """Means of whole groups of voxels; what is left at the ends is not seen."""
    for axis, factor in enumerate(factors):
        whole = values.shape[axis] // factor
        values = np.moveaxis(values, axis, -1)[..., : whole * factor]
        values = np.moveaxis(values.reshape(*values.shape[:-1], whole, factor).mean(axis=-1), -1, axis)
    return values


def _blocks(values: np.ndarray) -> np.ndarray:
    """(A, B, C, voxels) blocks of equal size; an axis that is too short is not divided."""
    counts = [max(1, min(MOST_BLOCKS, n // FEWEST_VOXELS)) for n in values.shape]
    edges = [n // count for n, count in zip(values.shape, counts)]
    values = values[tuple(slice(count * edge) for count, edge in zip(counts, edges))]
    split = values.reshape([part for pair in zip(counts, edges) for part in pair])
    return split.transpose(0, 2, 4, 1, 3, 5).reshape(*counts, -1)
