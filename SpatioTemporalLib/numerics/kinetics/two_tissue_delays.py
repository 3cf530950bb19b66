"""Two tissue compartments whose blood comes later, or earlier, than it was sampled, by a delay of each curve's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..least_squares.bounded_gauss_newton import Descent, Linearised
from ..least_squares.exponential_pairs.delay_search import Delays, best_free_delays
from ..least_squares.exponential_pairs.delayed_grid import DelayedGrid, DelayedPairs
from ..least_squares.exponential_pairs.descents_over_delays import descents_over_delays
from ..least_squares.many_starts import best_descent, overtaking_descent
from ..least_squares.scanned_descent import (
    KnownOptima,
    ScannedModel,
    ScannedShapes,
    ScannedSolution,
    physical,
    scan_shapes,
    scanned_gain,
    scanned_solution,
    scanned_starts,
)
from ..signal.delayed_exponentials import DelayedBeside, DelayedExponentials, runs
from .tracer_models import two_tissue_curves, two_tissue_slopes
from .two_tissue_optimum import known_two_tissue

REMEMBERED = 128  # delays whose shapes are kept


class DelayedTwoTissues:
    """What fitting two tissues with delays to the curves of one series needs.

    tables : of the plasma. blood : gives the (T,) frames of blood at a delay in s. model : its bounds and what is
    scanned; its curves do not matter. What is bound is released: k4 is fitted.
    """

    def __init__(self, tables: DelayedExponentials, blood: Callable[[float], np.ndarray], model: ScannedModel) -> None:
        self.tables, self.blood, self.model = tables, lru_cache(maxsize=1024)(blood), model
        # The sum of both rates of any tissue is k2 + k3 + k4.
        fastest = float(model.high[1:4].sum())
        self.beside = DelayedPairs(DelayedBeside(tables, self.blood), fastest)
        self.alone = DelayedPairs(tables, fastest)
        self.scan = lru_cache(maxsize=REMEMBERED)(self._scan)

    def _scan(self, delay: float) -> ScannedShapes:
        table, blood = self.tables.table(delay), self.blood(delay)
        return scan_shapes(replace(self.model, curves=lambda values: two_tissue_curves(table, blood, values)))

    def bloods(self, seconds: np.ndarray) -> np.ndarray:
        """(n, T) frames of blood at (n,) delays in s."""
        found = [np.broadcast_to(self.blood(d), (s.stop - s.start, len(self.blood(d)))) for s, d in runs(seconds)]
        return np.concatenate(found) if found else np.zeros((0, len(self.blood(0.0))))


@dataclass(frozen=True)
class _Frames:
    """As a table of exponentials, for curves with their own (n,) delays in s."""

    tables: DelayedExponentials
    seconds: np.ndarray

    def at(self, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.tables.shared.at(rates)

    def frames(self, coordinates: np.ndarray) -> np.ndarray:
        found = np.empty((len(coordinates), len(self.tables.at(0.0).basis)))
        for some, delay in runs(self.seconds):
            at = self.tables.at(delay)
            found[some] = coordinates[some] @ (at.basis @ at.turn).T
        return found


@dataclass(frozen=True)
class _Search:
    """As `TwoTissueSearch`, for curves with their own (n,) delays in s, of which equal ones should stand together."""

    tissues: DelayedTwoTissues
    seconds: np.ndarray

    @property
    def beside(self) -> DelayedGrid:
        return DelayedGrid(self.tissues.beside, self.seconds)

    @property
    def alone(self) -> DelayedGrid:
        return DelayedGrid(self.tissues.alone, self.seconds)

    @property
    def blood(self) -> np.ndarray:
        return self.tissues.bloods(self.seconds)

    @property
    def high(self) -> np.ndarray:
        return self.tissues.model.high

    def coordinates(self, data: np.ndarray, beside: bool) -> np.ndarray:
        tables = (self.tissues.beside if beside else self.tissues.alone).tables
        return tables.coordinates(data.T, self.seconds)

    def frames(self, rates: np.ndarray) -> np.ndarray:
        frames = _Frames(self.tissues.tables, self.seconds)
        return frames.frames(frames.at(rates)[0])

    def of(self, curves: np.ndarray) -> _Search:
        return replace(self, seconds=self.seconds[curves])


def solve_two_tissue_with_delays(
    measured: np.ndarray, tissues: DelayedTwoTissues, delays: Delays
) -> tuple[ScannedSolution, np.ndarray]:
    """Fit two tissues to each of (T, n) finite curves at its best delay, and these (n,) delays in s.

    The delay is that of the best two exponentials and blood; where these are no
    tissue within the bounds, that with which bounded descents end lowest.
    """
    data = np.ascontiguousarray(np.asarray(measured, dtype=np.float64).T)
    power = np.einsum("nt,nt->n", data, data)
    unit, known = _known(data, tissues, delays)
    low, high = (bound[:, None] for bound in tissues.model.logarithmic_bounds)
    logarithms = np.clip(np.log(known.parameters + tissues.model.soft[:, None]), low, high)
    whole = Descent(logarithms, known.sse, np.zeros_like(power), known.known.copy())
    rest = np.flatnonzero(~known.known)
    unit[rest], found = _descended(data[rest], power[rest], tissues, delays, unit[rest])
    for values, new in zip(whole, found):
        values[..., rest] = new
    # Equal delays together.
    order = np.argsort(unit, kind="stable")
    seconds = delays.seconds(unit)
    ordered = Descent(*(values[..., order] for values in whole))
    solution = scanned_solution(ordered, _linearised(data[order], tissues, seconds[order]), tissues.model)
    back = np.argsort(order, kind="stable")
    parts = (solution.parameters, solution.covariance, solution.sse, solution.converged)
    return ScannedSolution(*(values[..., back] for values in parts)), seconds


def _known(data: np.ndarray, tissues: DelayedTwoTissues, delays: Delays) -> tuple[np.ndarray, KnownOptima]:
    """(n,) delays, in finest steps, and the optima there that are known without descents."""
    count = len(data)
    found = KnownOptima(np.zeros((5, count)), np.zeros(count), np.zeros(count, bool))
    unit = best_free_delays(data.T, tissues.beside, delays, tissues.alone)
    order = np.argsort(unit, kind="stable")
    part = known_two_tissue(data[order], _Search(tissues, delays.seconds(unit[order])))
    for values, new in zip(found, part):
        values[..., order] = new
    return unit, found


def _descended(data: np.ndarray, power: np.ndarray, tissues: DelayedTwoTissues, delays: Delays, likely: np.ndarray):
    bounds = tissues.model.logarithmic_bounds

    def descended(curves, there, begun):
        seconds, some = delays.seconds(there), data[curves]
        linearised = _linearised(some, tissues, seconds)
        if begun is not None:
            starts, than = begun
            return overtaking_descent(linearised, starts, *bounds, power=power[curves], than=than)
        parts = runs(seconds)
        each = [scanned_starts(some[part], tissues.model, tissues.scan(delay)) for part, delay in parts]
        starts = np.concatenate([found for found, _ in each], axis=1)
        problem = np.concatenate([part.start + own for (part, _), (_, own) in zip(parts, each)])
        return best_descent(linearised, starts, problem, *bounds, power=power[curves])

    units = np.arange(0, delays.last + 1, delays.step)
    gains = np.stack([scanned_gain(data, tissues.scan(delay)) for delay in delays.seconds(units).tolist()])
    begin = units[gains.argmax(axis=0)]
    return descents_over_delays(descended, begin, likely, delays, power, len(tissues.model.low))


def _linearised(data: np.ndarray, tissues: DelayedTwoTissues, seconds: np.ndarray):
    """Residuals of (n, T) curves at their delays, and their slopes by the logarithms of the parameters."""
    model, blood = tissues.model, tissues.bloods(seconds)

    def at(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        values = physical(model, logarithms)
        frames = _Frames(tissues.tables, seconds[problems])
        curves, slopes = two_tissue_slopes(frames, blood[problems], values)
        slopes *= (values + model.soft[:, None])[..., None]
        return Linearised(curves - data[problems], slopes)

    return at
