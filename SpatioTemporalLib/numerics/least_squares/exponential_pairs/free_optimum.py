"""The best of one or two exponentials for each of very many curves, whatever bounds their physical meaning has.

All pairs of rates on a grid are compared first, each at its best amplitudes,
which have a closed form; Newton's steps then lead from the highest places to the
optima. Where an optimum lies within bounds that come on top, no bounded fit has
a smaller sum of squares: it is the optimum of the bounded problem too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..many_starts import lower
from .pair_grid import PairGrid, promising_pairs
from .pair_search import Pairs, other_partners, searched_pairs
from .single_search import Singles, best_single, what_adds
from .table_slopes import dot

# One exponential whose sum of squares is less than so many times that of a pair is nearly enough.
NEARLY_ENOUGH = 1.3


class FreeOptimum(NamedTuple):
    """Of n curves: (2, n) rates in 1/s, the fast one first, and amplitudes of the convolved exponentials, the first
    zero where there is only one; (n,) sums of squares in the space of the table; whether it is an optimum and none is
    smaller."""

    rates: np.ndarray
    amplitudes: np.ndarray
    sse: np.ndarray
    sure: np.ndarray


def free_optima(coordinates: np.ndarray, grid: PairGrid) -> FreeOptimum:
    """The best pair of each of (n, R) curves, or the best single exponential where no pair is better."""
    return free_optima_and_others(coordinates, grid)[0]


def free_optima_and_others(coordinates: np.ndarray, grid: PairGrid) -> tuple[FreeOptimum, Pairs]:
    """The same, and all pairs that searches ended at."""
    power = dot(coordinates, coordinates)
    single = best_single(coordinates, grid)
    pairs = searched_pairs(coordinates, *promising_pairs(coordinates, grid), grid)
    best = _best(pairs, single.sse, power)
    # Beside one exponential that is all but enough, what a second adds is hidden between the places of the grid.
    alone = np.flatnonzero(best < 0)
    adds = alone[what_adds(coordinates[alone], Singles(*(values[alone] for values in single)), grid.of(alone))]
    found = np.where(best >= 0, pairs.sse[best] if len(pairs.sse) else np.inf, single.sse)
    nearly = np.flatnonzero((single.sse < NEARLY_ENOUGH * found) & (best >= 0))
    nearly = np.concatenate([adds, nearly])
    several = np.flatnonzero(best >= 0)
    anchors = [(nearly, single.u[nearly], np.full(len(nearly), np.inf))]
    anchors += [(several, pairs.u[k, best[several]], pairs.u[1 - k, best[several]]) for k in (0, 1)]
    starts = []
    for curves, anchor, partner in anchors:
        number, start = other_partners(coordinates[curves], anchor, partner, found[curves], grid.of(curves))
        starts.append((curves[number], start))
    curve, start = (np.concatenate(values, axis=-1) for values in zip(*starts))
    pairs = _joined(pairs, searched_pairs(coordinates, curve, start, grid))
    best = _best(pairs, single.sse, power)
    sure = best >= 0
    sure[np.setdiff1d(alone, adds)] = True
    # A search that was left on its way, or came to an end of the table, may be below the best, and go lower still.
    sse = np.where(best >= 0, pairs.sse[best] if len(pairs.sse) else np.inf, single.sse)
    lowest = _best(pairs._replace(settled=~pairs.settled), sse, power)
    sure &= lowest < 0
    return _chosen(pairs, single, np.where(lowest >= 0, lowest, best), sure, grid), pairs


def _joined(first: Pairs, second: Pairs) -> Pairs:
    """Both, sorted by curve."""
    both = Pairs(*(np.concatenate(values, axis=-1) for values in zip(first, second)))
    order = np.argsort(both.curve, kind="stable")
    return Pairs(*(values[..., order] for values in both))


def _best(pairs: Pairs, single_sse: np.ndarray, power: np.ndarray) -> np.ndarray:
    """(n,) number of the best pair of each curve, -1 where none is better than one exponential."""
    lowest = np.full(len(power), np.inf)
    np.minimum.at(lowest, pairs.curve[pairs.settled], pairs.sse[pairs.settled])
    useful = lower(lowest, single_sse, power)[pairs.curve] & pairs.settled
    # Of equals the one with the slower fast rate, so that rounding does not choose.
    equal = np.flatnonzero(useful & ~lower(lowest[pairs.curve], pairs.sse, 0.0 * pairs.sse))
    equal = equal[np.lexsort((pairs.u[:, equal].max(axis=0), pairs.curve[equal]))]
    equal = equal[np.flatnonzero(np.diff(pairs.curve[equal], prepend=-1))]
    best = np.full(len(power), -1)
    best[pairs.curve[equal]] = equal
    return best


def _chosen(pairs: Pairs, single: Singles, best: np.ndarray, sure: np.ndarray, grid: PairGrid) -> FreeOptimum:
    u, amplitude = np.stack([single.u, single.u]), np.stack([np.zeros_like(single.u), single.amplitude])
    sse, curve = single.sse.copy(), np.flatnonzero(best >= 0)
    number = best[curve]
    swapped = pairs.u[0, number] < pairs.u[1, number]
    for whole, part in ((u, pairs.u[:, number]), (amplitude, pairs.amplitude[:, number])):
        whole[:, curve] = np.where(swapped, part[::-1], part)
    sse[curve] = pairs.sse[number]
    rates = grid.table.corner * np.expm1(u)
    return FreeOptimum(rates, amplitude * (rates + grid.table.corner), sse, sure)
