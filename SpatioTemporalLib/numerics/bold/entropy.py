"""How irregular signals are: sample entropy of many voxels at once, at one or several scales."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# A block of voxels stays in the processor's cache while each lag passes over it.
VOXELS_AT_A_TIME = 512


class MatchCounts(NamedTuple):
    """(V,) pairs of templates that match over m points, and of those over m + 1."""

    shorter: np.ndarray
    longer: np.ndarray


def sample_entropy(series: np.ndarray, order: int, tolerance, report: Callable[[float], None] = lambda done: None):
    """(V,) entropy, and the counts it is made of; NaN where no pair matches over m + 1 points.

    Parameters
    ----------
    series : (T, V)
    order : m, points of a template
    tolerance : (V,) or number, in the unit of the series; two points match that differ by no more

    Notes
    -----
    Richman and Moorman, Am J Physiol Heart Circ Physiol 278:H2039 (2000): the
    same T - m templates for both lengths, no template matches itself.
    """
    counts = match_counts(series, order, tolerance, report)
    ratio = np.divide(counts.longer, counts.shorter, out=np.zeros(len(counts.shorter)), where=counts.shorter > 0)
    entropy = np.full(len(ratio), np.nan)
    known = counts.longer > 0
    entropy[known] = -np.log(ratio[known])
    return entropy, counts


def match_counts(
    series: np.ndarray, order: int, tolerance, report: Callable[[float], None] = lambda done: None
) -> MatchCounts:
    """Matches of every voxel, exact."""
    series = np.asarray(series)
    frames, voxels = series.shape
    tolerance = np.broadcast_to(np.asarray(tolerance, dtype=series.dtype), (voxels,))
    shorter, longer = np.zeros(voxels, dtype=np.int64), np.zeros(voxels, dtype=np.int64)
    for start in range(0, voxels, VOXELS_AT_A_TIME):
        if start % (64 * VOXELS_AT_A_TIME) == 0:
            report(start / voxels)
        part = slice(start, start + VOXELS_AT_A_TIME)
        block, limit = np.ascontiguousarray(series[:, part]), tolerance[part]
        difference = np.empty_like(block)
        near = np.empty(block.shape, dtype=bool)
        for lag in range(1, frames - order):
            count = frames - lag
            np.subtract(block[lag:], block[:-lag], out=difference[:count])
            np.abs(difference[:count], out=difference[:count])
            np.less_equal(difference[:count], limit, out=near[:count])
            # Template i matches i + lag over m points where m neighbours are near; of the last one m + 1 do not fit.
            matched = near[: count - order].copy()
            for point in range(1, order):
                matched &= near[point : count - order + point]
            shorter[part] += _count(matched)
            matched &= near[order:count]
            longer[part] += _count(matched)
    return MatchCounts(shorter, longer)


def coarse_grained(series: np.ndarray, scale: int) -> np.ndarray:
    """(T // scale, V) means of so many frames after one another (Costa et al., Phys Rev Lett 89:068102, 2002)."""
    count = len(series) // scale
    return series[: count * scale].reshape(count, scale, -1).mean(axis=1)


def _count(matched: np.ndarray) -> np.ndarray:
    # Sums of bytes are several times as fast as of booleans, in parts that do not overflow them.
    bytes_ = matched.view(np.uint8)
    total = np.zeros(matched.shape[1], dtype=np.int64)
    for start in range(0, len(bytes_), 255):
        total += np.add.reduce(bytes_[start : start + 255], axis=0, dtype=np.uint8)
    return total
