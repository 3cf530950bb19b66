"""Which connected parts of one mask are which of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True, eq=False)
class Matched:
    """Connected parts of two masks and their pairs.

    first, second : (K, J, I) numbers of the parts from 1 on, 0 elsewhere. sizes : voxels of the parts of each.
    pairs : (P, 2) numbers of parts that are the same. overlap : (N, M) intersection over union.
    """

    first: np.ndarray
    second: np.ndarray
    sizes: tuple[np.ndarray, np.ndarray]
    pairs: np.ndarray
    overlap: np.ndarray


def matched_parts(first: np.ndarray, second: np.ndarray, least: float) -> Matched:
    """Pair the connected parts (26 neighbours) of two masks so that the overlap of all pairs is as large as can be.

    Parameters
    ----------
    first, second : (K, J, I) bool
    least : intersection over union above which two parts can be a pair

    Notes
    -----
    Assignment by Kuhn 1955; each part has one partner at most.
    """
    neighbours = np.ones((3,) * first.ndim)
    (a, count_a), (b, count_b) = (ndimage.label(mask, neighbours) for mask in (first, second))
    together = np.bincount(a.ravel() * (count_b + 1) + b.ravel(), minlength=(count_a + 1) * (count_b + 1)).reshape(
        count_a + 1, count_b + 1
    )
    sizes = together.sum(axis=1)[1:], together.sum(axis=0)[1:]
    common = together[1:, 1:]
    union = sizes[0][:, None] + sizes[1][None, :] - common
    overlap = np.divide(common, union, out=np.zeros(common.shape), where=union > 0)
    rows, columns = linear_sum_assignment(np.where(overlap > least, overlap, 0.0), maximize=True)
    pairs = np.array([(r + 1, c + 1) for r, c in zip(rows, columns) if overlap[r, c] > least], dtype=int)
    return Matched(a, b, sizes, pairs.reshape(-1, 2), overlap)
