"""Two compartments whose input comes later, or earlier, than it was measured, by a delay of each curve's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ...least_squares.bounded_gauss_newton import Descent
from ...least_squares.exponential_pairs.delay_search import Delays, best_free_delays
from ...least_squares.exponential_pairs.delayed_grid import DelayedGrid, DelayedPairs
from ...least_squares.exponential_pairs.descents_over_delays import descents_over_delays
from ...least_squares.many_starts import overtaking_descent
from ...signal.delayed_exponentials import DelayedExponentials, runs
from .descents import SCANNED_AT_ONCE, best_bounded_descent
from .family import Scan, Shapes, TwoCompartmentFamily, scanned_tissues, shapes_of
from .fit import TwoCompartmentSolution, solution_of, tissues_within_bounds
from .linearised import model_of

REMEMBERED = 64  # delays whose shapes are kept


class DelayedTissues:
    """What fitting the exchange model with delays to the curves of one series needs.

    upper : of flow, ps, ve and vp, as for `two_compartment_family`.
    """

    def __init__(self, tables: DelayedExponentials, upper: dict[str, float]) -> None:
        self.tables, self.pairs, self.upper = tables, DelayedPairs(tables), dict(upper)
        self.scan: Scan = scanned_tissues(tables.shared, upper)
        self.shapes = lru_cache(maxsize=REMEMBERED)(self._shapes)

    def _shapes(self, delay: float) -> Shapes:
        return shapes_of(self.scan.curves @ self.tables.at(delay).turn.T, self.scan, self.upper)

    def family(self, seconds: np.ndarray) -> DelayedFamily:
        """Of curves with these (n,) delays in s, of which equal ones should stand together."""
        return DelayedFamily(
            table=self.tables.shared,
            upper=self.upper,
            shapes=None,
            kin=self.scan.kin,
            axes=self.scan.axes,
            pairs=DelayedGrid(self.pairs, seconds),
            tissues=self,
            delays=seconds,
        )


@dataclass(frozen=True)
class DelayedFamily(TwoCompartmentFamily):
    """The family of curves each of which has its own delay in s."""

    tissues: DelayedTissues
    delays: np.ndarray

    def scans(self, count: int, size: int) -> list[tuple[slice, Shapes]]:
        return [
            (slice(begin, min(begin + size, some.stop)), self.tissues.shapes(delay))
            for some, delay in runs(self.delays[:count])
            for begin in range(some.start, some.stop, size)
        ]

    def leading(self, count: int) -> DelayedFamily:
        return replace(self, table=self.table.leading(count))

    def turned(self, vectors: np.ndarray, curves: np.ndarray) -> np.ndarray:
        return self.tissues.tables.turned(vectors, self.delays[curves])


def solve_with_delays(
    measured: np.ndarray, tissues: DelayedTissues, delays: Delays
) -> tuple[TwoCompartmentSolution, np.ndarray]:
    """Fit the exchange model to each of (T, n) finite curves at its best delay, and these (n,) delays in s.

    The delay is that of the best two exponentials; where these are no tissue
    within the bounds, that with which bounded descents end lowest.
    """
    measured = np.asarray(measured, dtype=np.float64)
    power = np.einsum("tn,tn->n", measured, measured)
    unit = best_free_delays(measured, tissues.pairs, delays)
    whole, known = _within_bounds(measured, power, tissues, delays.seconds(unit))
    hard = np.flatnonzero(~known)
    unit[hard], found = _bounded_delays(measured[:, hard], power[hard], tissues, delays, unit[hard])
    for values, new in zip(whole, found):
        values[..., hard] = new
    return _solution(measured, power, tissues, delays.seconds(unit), whole)


def _within_bounds(measured, power, tissues: DelayedTissues, seconds: np.ndarray) -> tuple[Descent, np.ndarray]:
    """The best two exponentials at (n,) delays in s, with whole sums of squares, and whether these are optima."""
    order = np.argsort(seconds, kind="stable")
    coordinates, outside = _projected(measured[:, order], power[order], tissues, seconds[order])
    descent, known = tissues_within_bounds(coordinates, tissues.family(seconds[order]))
    whole = Descent(*(np.empty_like(values) for values in descent))
    for values, new in zip(whole, descent._replace(sse=descent.sse + outside)):
        values[..., order] = new
    found = np.empty_like(known)
    found[order] = known
    return whole, found


def _solution(measured, power, tissues: DelayedTissues, seconds: np.ndarray, whole: Descent):
    """The solution at (n,) delays in s of descents with whole sums of squares, and these delays."""
    order = np.argsort(seconds, kind="stable")
    coordinates, outside = _projected(measured[:, order], power[order], tissues, seconds[order])
    descent = Descent(*(values[..., order] for values in whole))
    descent = descent._replace(sse=descent.sse - outside)
    found = solution_of(descent, coordinates, tissues.family(seconds[order]), outside)
    back = np.argsort(order, kind="stable")
    parameters, variances = ({n: v[back] for n, v in part.items()} for part in (found.parameters, found.variances))
    return TwoCompartmentSolution(parameters, variances, found.sse[back], found.converged[back]), seconds


def _projected(measured, power, tissues: DelayedTissues, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, R) coordinates of (T, n) curves, and (n,) sums of squares outside of the space of each."""
    coordinates = tissues.tables.coordinates(measured, seconds)
    return coordinates, tissues.tables.outside(measured, power, coordinates, seconds)


def _bounded_delays(measured, power, tissues: DelayedTissues, delays: Delays, likely: np.ndarray):
    """The (n,) delays, in finest steps, at which bounded descents end lowest, and these with whole sums of squares.

    They begin at the delay with the best of the shapes within the bounds; where another one is likely, they are tried
    there too.
    """

    def descended(curves, there, begun):
        seconds = delays.seconds(there)
        coordinates, outside = _projected(measured[:, curves], power[curves], tissues, seconds)
        family = tissues.family(seconds)
        if begun is None:
            found = best_bounded_descent(coordinates, family, power[curves])
        else:
            (starts, than), bounds = begun, family.logarithmic_bounds
            model = model_of(family, coordinates)
            found = overtaking_descent(model, starts, *bounds, power=power[curves], than=than - outside)
        return found._replace(sse=found.sse + outside)

    begin = _scanned(measured, tissues, delays)
    return descents_over_delays(descended, begin, likely, delays, power, len(tissues.upper))


def _scanned(measured: np.ndarray, tissues: DelayedTissues, delays: Delays) -> np.ndarray:
    """(n,) scanned delays, in finest steps, at which the best shape within the bounds explains most."""
    units = np.arange(0, delays.last + 1, delays.step)
    gains = np.empty((len(units), measured.shape[1]), np.float32)
    for number, delay in enumerate(delays.seconds(units).tolist()):
        shapes, coordinates = tissues.shapes(delay), (measured.T @ tissues.tables.at(delay).basis).astype(np.float32)
        for begin in range(0, len(coordinates), SCANNED_AT_ONCE):
            some = slice(begin, begin + SCANNED_AT_ONCE)
            projection = coordinates[some] @ shapes.unit
            scale = np.clip(projection, 0.0, shapes.reach)
            gains[number, some] = (scale * (2 * projection - scale)).max(axis=1)
    return units[gains.argmax(axis=0)]
