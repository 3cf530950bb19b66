"""Which connected parts of one mask are which of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True, eq=False)
class Matched:
    """Connected parts of two masks and their pairs.

    first, second : (K, J, I) numbers of the parts from 1 on, 0 elsewhere. sizes : voxels of the parts of each.
    pairs : (P, 2) numbers of parts that are the same. overlap : (P,) intersection over union of each pair.
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
    sizes = tuple(np.bincount(part.ravel(), minlength=count + 1)[1:] for part, count in ((a, count_a), (b, count_b)))
    both = (a > 0) & (b > 0)
    # Only parts that meet: a table of each with each takes gigabytes where noise gives thousands of them.
    together, common = np.unique(np.stack([a[both], b[both]], axis=-1), axis=0, return_counts=True)
    union = sizes[0][together[:, 0] - 1] + sizes[1][together[:, 1] - 1] - common
    overlap = common / union
    near = overlap > least
    together, overlap = together[near], overlap[near]
    chosen = _chosen(together, overlap, (count_a, count_b))
    return Matched(a, b, sizes, together[chosen], overlap[chosen])


def _chosen(pairs: np.ndarray, overlap: np.ndarray, counts: tuple[int, int]) -> np.ndarray:
    """Which of the pairs that are possible stay, sorted; parts that do not meet are assigned apart."""
    if not len(pairs):
        return np.empty(0, dtype=int)
    size = sum(counts) + 1
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], counts[0] + pairs[:, 1])), (size, size))
    group = sparse.csgraph.connected_components(links, directed=False)[1][pairs[:, 0]]
    order = np.argsort(group, kind="stable")
    chosen = []
    for own in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        (_, row), (_, column) = (np.unique(pairs[own, side], return_inverse=True) for side in (0, 1))
        table = np.zeros((row.max() + 1, column.max() + 1))
        table[row, column] = overlap[own]
        place = dict(zip(zip(row.tolist(), column.tolist()), own.tolist()))
        ends = zip(*(side.tolist() for side in linear_sum_assignment(table, maximize=True)))
        chosen += [place[pair] for pair in ends if pair in place]
    return np.array(sorted(chosen), dtype=int)
