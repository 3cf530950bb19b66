"""Which regions touch one another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph


@dataclass(frozen=True, eq=False)
class RegionGraph:
    """Regions 0..count-1, and (E, 2) pairs of neighbours, each once, the lower first."""

    count: int
    pairs: np.ndarray

    @cached_property
    def laplacian(self) -> sparse.csc_array:
        """(count, count) number of neighbours on the diagonal, -1 for each pair."""
        first, second = self.pairs.T
        ones = np.ones(len(first))
        joined = sparse.coo_array((ones, (first, second)), shape=(self.count, self.count))
        joined = joined + joined.T
        return (sparse.diags_array(np.asarray(joined.sum(axis=1)).ravel()) - joined).tocsc()

    @cached_property
    def components(self) -> np.ndarray:
        """(count,) number of the connected part of each region, -1 for regions without a neighbour."""
        _, part = csgraph.connected_components(self.laplacian, directed=False)
        lonely = np.bincount(part)[part] == 1
        numbers = np.full(self.count, -1)
        if not lonely.all():
            numbers[~lonely] = np.unique(part[~lonely], return_inverse=True)[1]
        return numbers


def graph_of(count: int, pairs: np.ndarray) -> RegionGraph:
    """The graph of (E, 2) pairs, in any order and as often as they come; a region is no neighbour of its own."""
    pairs = np.sort(np.asarray(pairs, dtype=int).reshape(-1, 2), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return RegionGraph(count, np.unique(pairs, axis=0))


def touching(labels: np.ndarray, values: list[int]) -> RegionGraph:
    """The graph of the regions of a (K, J, I) label image, numbered as in `values`; voxels touch by their faces."""
    number = np.full(int(max(labels.max(initial=0), *values)) + 1, -1)
    number[values] = np.arange(len(values))
    regions = np.where(labels > 0, number[np.maximum(labels, 0)], -1)
    found = []
    for axis in range(labels.ndim):
        one, other = (np.moveaxis(regions, axis, 0)[part].ravel() for part in (slice(None, -1), slice(1, None)))
        meet = (one >= 0) & (other >= 0) & (one != other)
        found.append(np.unique(np.column_stack([one[meet], other[meet]]), axis=0))
    return graph_of(len(values), np.concatenate(found))
