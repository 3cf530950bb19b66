"""The delay of the input with which the best one or two exponentials fit each of very many curves best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..many_starts import lower
from .delayed_grid import DelayedGrid, DelayedPairs
from .free_optimum import free_optima
from .pair_grid import PairGrid, pair_gains
from .pair_search import searched_pairs
from .single_search import nearest_single
from .table_slopes import dot

REFINEMENTS = 4
AT_ONCE = 64  # curves whose scans stay in the processor's cache
# Two delays of a curve are followed where the sum of squares of the second on the grid is no more than so many times
# that of the best, and so much of the power above it.
AS_GOOD, OF_POWER = 1.3, 2e-3


class Delays(NamedTuple):
    """The delays that are scanned: the first, the finest step between those that a search may end at, s, and the number
    of finest steps from each scanned one to the next, and to the last."""

    low: float
    finest: float
    step: int
    last: int

    @classmethod
    def between(cls, low: float, high: float, step: float) -> Delays:
        """Scanned in steps of about so much."""
        count = max(1, int(round((high - low) / step)))
        parts = 2**REFINEMENTS
        return cls(low, (high - low) / count / parts, parts, count * parts)

    def seconds(self, units) -> np.ndarray:
        """Delays in s of whole numbers of finest steps: equal numbers are equal delays."""
        return self.low + np.asarray(units) * self.finest


class _Followed(NamedTuple):
    """Searches: (m,) the curves they are for, delays in finest steps, (2, m) places in the table, whether they are two,
    and (m,) sums of squares."""

    curve: np.ndarray
    unit: np.ndarray
    u: np.ndarray
    double: np.ndarray
    sse: np.ndarray


def best_free_delays(measured: np.ndarray, pairs: DelayedPairs, delays: Delays) -> np.ndarray:
    """(n,) delays, in finest steps, of (T, n) curves whose best exponentials have the smallest sums of squares.

    All scanned delays are compared with rates on a grid; around the best one or
    two of each curve the step is halved again and again, each time from the
    rates that were best before.
    """
    power = np.einsum("tn,tn->n", measured, measured)
    curve, unit = _likely(_scanned(measured, power, pairs, delays), power, delays)
    order = np.lexsort((curve, unit))
    at = _begun(measured, power, pairs, delays, curve[order], unit[order])
    for level in range(REFINEMENTS - 1, -1, -1):
        for shift in (-(2**level), 2**level):
            at = _shifted(measured, power, pairs, delays, at, shift)
    order = np.lexsort((at.unit, at.sse, at.curve))
    return at.unit[order[np.flatnonzero(np.diff(at.curve[order], prepend=-1))]]


def _scanned(measured: np.ndarray, power: np.ndarray, pairs: DelayedPairs, delays: Delays) -> np.ndarray:
    """(D, n) sums of squares of the best pair on the grid at each scanned delay."""
    units = np.arange(0, delays.last + 1, delays.step)
    found = np.empty((len(units), measured.shape[1]))
    for number, delay in enumerate(delays.seconds(units).tolist()):
        grid = pairs.at(delay)
        coordinates = (measured.T @ pairs.tables.at(delay).basis).astype(np.float32)
        for begin in range(0, len(coordinates), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            found[number, some] = power[some] - _gain(coordinates[some], grid)
    return found


def _gain(coordinates: np.ndarray, grid: PairGrid) -> np.ndarray:
    along = coordinates @ grid.unit.astype(np.float32)
    pair = pair_gains(along, grid).reshape(len(along), -1).max(axis=1)
    return np.maximum(pair, np.maximum(along, 0.0).max(axis=1) ** 2)


def _likely(sums: np.ndarray, power: np.ndarray, delays: Delays) -> tuple[np.ndarray, np.ndarray]:
    """(m,) curves, and scanned delays of each that are lower than their neighbours, the best or nearly so."""
    valley = np.ones(sums.shape, bool)
    valley[1:] &= sums[1:] <= sums[:-1]
    valley[:-1] &= sums[:-1] <= sums[1:]
    best = sums.argmin(axis=0)
    everyone = np.arange(sums.shape[1])
    others = np.where(valley, sums, np.inf)
    others[best, everyone] = np.inf
    second = others.argmin(axis=0)
    near = others[second, everyone] <= AS_GOOD * sums[best, everyone] + OF_POWER * power
    curve = np.concatenate([everyone, everyone[near]])
    return curve, np.concatenate([best, second[near]]) * delays.step


def _begun(measured, power, pairs: DelayedPairs, delays: Delays, curve: np.ndarray, unit: np.ndarray) -> _Followed:
    seconds = delays.seconds(unit)
    coordinates = pairs.tables.coordinates(measured[:, curve], seconds)
    found = free_optima(coordinates, DelayedGrid(pairs, seconds))
    sse = np.maximum(power[curve] - dot(coordinates, coordinates), 0.0) + found.sse
    return _Followed(curve, unit, np.log1p(found.rates / pairs.tables.shared.corner), found.amplitudes[0] > 0, sse)


def _shifted(measured, power, pairs: DelayedPairs, delays: Delays, at: _Followed, shift: int) -> _Followed:
    """The searches at delays so much later, or earlier, where that is better."""
    inside = (at.unit + shift >= 0) & (at.unit + shift <= delays.last)
    moved = np.flatnonzero(inside)
    moved = moved[np.argsort(at.unit[moved], kind="stable")]
    unit, curve = at.unit[moved] + shift, at.curve[moved]
    found = _near(measured, power, pairs, delays, _Followed(curve, unit, *(v[..., moved] for v in at[2:])))
    better = lower(found.sse, at.sse[moved], power[curve])
    for values, new in zip(at, found):
        values[..., moved[better]] = new[..., better]
    return at


def _near(measured, power, pairs: DelayedPairs, delays: Delays, at: _Followed) -> _Followed:
    """Searches at their delays from the places that were best at others."""
    seconds = delays.seconds(at.unit)
    coordinates = pairs.tables.coordinates(measured[:, at.curve], seconds)
    grid = DelayedGrid(pairs, seconds)
    u, sse = at.u.copy(), np.empty_like(at.sse)
    two, one = np.flatnonzero(at.double), np.flatnonzero(~at.double)
    found = searched_pairs(coordinates, two, u[:, two], grid)
    u[:, two], sse[two] = found.u, found.sse
    alone = nearest_single(coordinates[one], one, u[1, one], grid)
    u[:, one], sse[one] = alone.u, alone.sse
    sse += np.maximum(power[at.curve] - dot(coordinates, coordinates), 0.0)
    return _Followed(at.curve, at.unit, u, at.double, sse)
