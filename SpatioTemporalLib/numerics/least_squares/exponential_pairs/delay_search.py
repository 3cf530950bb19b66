"""The delay of the input with which the best one or two exponentials fit each of very many curves best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..many_starts import lower
from .delayed_grid import DelayedGrid, DelayedPairs
from .free_optimum import free_optima
from .pair_grid import pair_gains
from .pair_search import searched_pairs
from .single_search import nearest_single
from .table_slopes import with_slopes

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
    (m,) sums of squares, and (2, m) amplitudes there."""

    curve: np.ndarray
    unit: np.ndarray
    u: np.ndarray
    double: np.ndarray
    sse: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True)
class DelayProblem:
    """Very many curves, their inputs at any delay, and the delays that are tried.

    measured : (T, n) curves. power : (n,) their sums of squares. pairs : exponentials, where another curve is fitted
    besides with what they have in common with it taken out. alone : then as they are, for fits in which the amount of
    the other curve would be negative; None where there is no other.
    """

    measured: np.ndarray
    power: np.ndarray
    pairs: DelayedPairs
    delays: Delays
    alone: DelayedPairs | None = None

    def projected(self, pairs: DelayedPairs, curve: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(m, R) coordinates of curves at their delays, and (m,) what lies outside of them."""
        some, power = self.measured[:, curve], self.power[curve]
        coordinates = pairs.tables.coordinates(some, seconds)
        return coordinates, pairs.tables.outside(some, power, coordinates, seconds)


def best_free_delays(measured, pairs: DelayedPairs, delays: Delays, alone: DelayedPairs | None = None) -> np.ndarray:
    """(n,) delays, in finest steps, of (T, n) curves whose best exponentials have the smallest sums of squares.

    All scanned delays are compared with rates on a grid; around the best one or
    two of each curve the step is halved again and again, each time from the
    rates that were best before. For alone see `DelayProblem`.
    """
    problem = DelayProblem(measured, np.einsum("tn,tn->n", measured, measured), pairs, delays, alone)
    curve, unit = _likely(_scanned(problem), problem)
    order = np.lexsort((curve, unit))
    at = _begun(problem, curve[order], unit[order])
    # The grid of rates is too coarse to tell the best scanned delay from its neighbours.
    for level in range(REFINEMENTS, -1, -1):
        for shift in (-(2**level), 2**level):
            at = _shifted(problem, at, shift)
    order = np.lexsort((at.unit, at.sse, at.curve))
    return at.unit[order[np.flatnonzero(np.diff(at.curve[order], prepend=-1))]]


def _scanned(problem: DelayProblem) -> np.ndarray:
    """(D, n) sums of squares of the best pair on the grid at each scanned delay."""
    units = np.arange(0, problem.delays.last + 1, problem.delays.step)
    return np.stack([_scanned_at(problem, delay) for delay in problem.delays.seconds(units).tolist()])


def _scanned_at(problem: DelayProblem, delay: float) -> np.ndarray:
    measured, power, tables = problem.measured, problem.power, problem.pairs.tables
    gain, shared = _best_on_grid(measured, problem.pairs, delay)
    found = tables.left(measured, power, delay) - gain
    if problem.alone is None:
        return found
    less = np.flatnonzero(tables.amount(measured, shared, np.full(len(power), delay)) < 0)
    found[less] = power[less] - _best_on_grid(measured[:, less], problem.alone, delay)[0]
    return found


def _best_on_grid(measured: np.ndarray, pairs: DelayedPairs, delay: float) -> tuple[np.ndarray, np.ndarray]:
    """(n,) by how much the best pair, or one exponential, lowers the sum of squares, and (n, R) shared coordinates."""
    grid, unit = pairs.at(delay), pairs.at(delay).unit.astype(np.float32)
    coordinates = (measured.T @ pairs.tables.at(delay).basis).astype(np.float32)
    gain, shared = np.empty(len(coordinates)), np.empty((len(coordinates), pairs.curves.shape[1]))
    for begin in range(0, len(coordinates), AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        along = coordinates[some] @ unit
        pair = pair_gains(along, grid).reshape(len(along), -1)
        place, everyone = pair.argmax(axis=1), np.arange(len(along))
        slow, fast = np.divmod(place, len(grid.u))
        one = along.argmax(axis=1)
        single = np.maximum(along[everyone, one], 0.0)
        second = (along[everyone, fast] - grid.overlap[slow, fast] * along[everyone, slow]) * grid.apart[
            slow, fast
        ] ** 2
        first = along[everyone, slow] - grid.overlap[slow, fast] * second
        double = pair[everyone, place] > single**2
        slow, first, second = (
            np.where(double, slow, one),
            np.where(double, first, single),
            np.where(double, second, 0.0),
        )
        gain[some] = np.where(double, pair[everyone, place], single**2)
        scaled = pairs.scaled(delay)
        shared[some] = first[:, None] * scaled[slow] + second[:, None] * scaled[fast]
    return gain, shared


def _likely(sums: np.ndarray, problem: DelayProblem) -> tuple[np.ndarray, np.ndarray]:
    """(m,) curves, and scanned delays of each that are lower than their neighbours, the best or nearly so."""
    valley = np.ones(sums.shape, bool)
    valley[1:] &= sums[1:] <= sums[:-1]
    valley[:-1] &= sums[:-1] <= sums[1:]
    best = sums.argmin(axis=0)
    everyone = np.arange(sums.shape[1])
    others = np.where(valley, sums, np.inf)
    others[best, everyone] = np.inf
    second = others.argmin(axis=0)
    near = others[second, everyone] <= AS_GOOD * sums[best, everyone] + OF_POWER * problem.power
    curve = np.concatenate([everyone, everyone[near]])
    return curve, np.concatenate([best, second[near]]) * problem.delays.step


def _begun(problem: DelayProblem, curve: np.ndarray, unit: np.ndarray) -> _Followed:
    seconds = problem.delays.seconds(unit)

    def searched(pairs: DelayedPairs, chosen: np.ndarray) -> _Followed:
        coordinates, outside = problem.projected(pairs, curve[chosen], seconds[chosen])
        found = free_optima(coordinates, DelayedGrid(pairs, seconds[chosen]))
        u = np.log1p(found.rates / pairs.tables.shared.corner)
        amplitude = found.amplitudes / (found.rates + pairs.tables.shared.corner)
        double = found.amplitudes[0] > 0
        return _Followed(curve[chosen], unit[chosen], u, double, outside + found.sse, amplitude)

    return _with_other(problem, searched, len(curve))


def _with_other(problem: DelayProblem, searched: Callable, count: int) -> _Followed:
    """What a search finds, and where the amount of the other curve would be negative, what it finds without."""
    found = searched(problem.pairs, np.arange(count))
    if problem.alone is None:
        return found
    shared, seconds = problem.pairs.tables.shared, problem.delays.seconds(found.unit)
    vectors = sum(a[:, None] * with_slopes(shared, u)[0] for a, u in zip(found.amplitude, found.u))
    amount = problem.pairs.tables.amount(problem.measured[:, found.curve], vectors, seconds)
    less = np.flatnonzero(amount < 0)
    if less.size:
        for values, new in zip(found, searched(problem.alone, less)):
            values[..., less] = new
    return found


def _shifted(problem: DelayProblem, at: _Followed, shift: int) -> _Followed:
    """The searches at delays so much later, or earlier, where that is better."""
    moved = np.flatnonzero((at.unit + shift >= 0) & (at.unit + shift <= problem.delays.last))
    moved = moved[np.argsort(at.unit[moved], kind="stable")]
    there = _Followed(*(values[..., moved] for values in at))
    there = there._replace(unit=there.unit + shift)
    found = _with_other(problem, lambda pairs, chosen: _near(problem, pairs, there, chosen), len(moved))
    better = lower(found.sse, at.sse[moved], problem.power[found.curve])
    for values, new in zip(at, found):
        values[..., moved[better]] = new[..., better]
    return at


def _near(problem: DelayProblem, pairs: DelayedPairs, there: _Followed, chosen: np.ndarray) -> _Followed:
    """Searches at their delays from the places that were best at others."""
    at = _Followed(*(values[..., chosen].copy() for values in there))
    seconds = problem.delays.seconds(at.unit)
    coordinates, outside = problem.projected(pairs, at.curve, seconds)
    grid = DelayedGrid(pairs, seconds)
    two, one = np.flatnonzero(at.double), np.flatnonzero(~at.double)
    found = searched_pairs(coordinates, two, at.u[:, two], grid)
    at.u[:, two], at.sse[two], at.amplitude[:, two] = found.u, found.sse, found.amplitude
    alone = nearest_single(coordinates[one], one, at.u[1, one], grid)
    at.u[:, one], at.sse[one], at.amplitude[:, one] = alone.u, alone.sse, np.stack([0 * alone.u, alone.amplitude])
    return at._replace(sse=at.sse + outside)
