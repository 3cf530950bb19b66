"""Bounded least squares of any model that gives many curves at once.

A grid of shapes is scanned first, each at its best size within the bounds; the
shapes that explain more than their neighbours then start bounded descents in the
logarithms of the parameters. Slopes are taken by differences unless the model
brings them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .bounded_gauss_newton import Descent, Linearised, Model, normal_equations, on_bounds
from .grid_peaks import promising_peaks
from .many_starts import best_descent

DIFFERENCE = 1e-6  # step in the logarithm: truncation and rounding of the slopes both stay near 1e-6
SCANNED_AT_ONCE = 64  # curves
SCANNED_TO = 1e-4  # singular values of the shapes below this part of the largest are left out
MOST_STARTS = 8  # places of the grid from which descents start
# Rounding leaves eigenvalues of the curvature of this size where data determine nothing.
UNDETERMINED, UNCERTAIN = 1e-11, 1e-3


@dataclass(frozen=True)
class ScannedModel:
    """A model, its bounds and where to look for its optimum.

    curves : from (P, n) parameters to (n, T) curves.
    low, high : (P,) bounds, none negative.
    soft : (P,) added before the logarithm, so that zero can be reached; small
    beside what can be measured.
    grid : (P, A, B, ...) parameters of the shapes that are scanned, neighbours beside each other.
    kin : (A, B, ...) numbers of families: of each the best shape starts a descent too.
    scaled : (P,) bool, the parameters that grow with the size of a curve of
    given shape; without any, the shapes are compared as they are.
    slopes : from (P, n) parameters to the curves and their (P, n, T)
    derivatives; differences are taken where it is None.
    rough : the same from a cheaper model, good enough to tell which descent will win, or None.
    known : what gives the optima of (n, T) curves that are found without any descent, or None.
    """

    curves: Callable[[np.ndarray], np.ndarray]
    low: np.ndarray
    high: np.ndarray
    soft: np.ndarray
    grid: np.ndarray
    kin: np.ndarray
    scaled: np.ndarray
    slopes: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    rough: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    known: Callable[[np.ndarray], KnownOptima] | None = None

    @property
    def logarithmic_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.log(self.low + self.soft), np.log(self.high + self.soft)


class KnownOptima(NamedTuple):
    """Of n curves: (P, n) parameters, (n,) sums of squares, and whether these are an optimum."""

    parameters: np.ndarray
    sse: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class ScannedSolution:
    """Optimum of each of n curves.

    parameters : (P, n), exactly the lower or upper bound where they rest there.
    covariance : (P, P, n) for unit noise variance; zero for those on a bound,
    infinite variance for those that the data do not determine.
    sse, converged : (n,)
    """

    parameters: np.ndarray
    covariance: np.ndarray
    sse: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True)
class ScannedShapes:
    """Shapes of one model on the frames of one series, in the few coordinates that tell them apart.

    basis : (T, R) orthonormal. unit : (R, S) float32 coordinates of curves of unit length. per_length : (P, S)
    parameters at unit length. shortest, longest : (S,) float32 lengths within the bounds. axes : of
    the grid. families : places along the flattened grid.
    """

    basis: np.ndarray
    unit: np.ndarray
    per_length: np.ndarray
    shortest: np.ndarray
    longest: np.ndarray
    axes: tuple[int, ...]
    families: list[np.ndarray]


def scan_shapes(model: ScannedModel) -> ScannedShapes:
    """Evaluate the shapes of a model once for all curves."""
    grid = model.grid.reshape(len(model.grid), -1)
    curves = model.curves(grid)
    length = np.maximum(np.linalg.norm(curves, axis=1), 1e-300)
    unit = curves / length[:, None]
    sizes, vectors = np.linalg.eigh(unit.T @ unit)
    basis = np.ascontiguousarray(vectors[:, sizes > SCANNED_TO**2 * sizes[-1]])
    per_length, shortest, longest = grid, length, length
    if model.scaled.any():
        scaled = model.scaled[:, None]
        per_length = np.where(scaled, grid / length, grid)
        longest = np.where(scaled, model.high[:, None] / np.maximum(per_length, 1e-300), np.inf).min(axis=0)
        shortest = np.zeros_like(longest)
    seen = np.ascontiguousarray((unit @ basis).T, dtype=np.float32)
    limits = (np.minimum(limit, 1e30).astype(np.float32) for limit in (shortest, longest))
    kin = model.kin.reshape(-1)
    families = [np.flatnonzero(kin == number) for number in np.unique(kin)]
    return ScannedShapes(basis, seen, per_length, *limits, model.grid.shape[1:], families)


def solve_scanned(measured: np.ndarray, model: ScannedModel, shapes: ScannedShapes) -> ScannedSolution:
    """Fit the model to each of (T, n) finite curves."""
    data = np.ascontiguousarray(np.asarray(measured, dtype=np.float64).T)
    soft = model.soft[:, None]
    low, high = model.logarithmic_bounds
    linearised = _linearised(model, data)
    if model.known is None:
        descent = _descent(data, model, shapes, (low, high))
    else:
        values, sse, known = model.known(data)
        values = np.clip(np.log(values + soft), low[:, None], high[:, None])
        descent, rest = Descent(values, sse, np.zeros_like(sse), known.copy()), np.flatnonzero(~known)
        if rest.size:
            for whole, part in zip(descent, _descent(data[rest], model, shapes, (low, high))):
                whole[..., rest] = part
    return scanned_solution(descent, linearised, model)


def scanned_solution(descent: Descent, linearised: Model, model: ScannedModel) -> ScannedSolution:
    """Parameters and covariances where descents ended; linearised : by the logarithms of the parameters."""
    low, high = model.logarithmic_bounds
    at_low, at_high = on_bounds(descent.parameters, low[:, None], high[:, None])
    # Exactly: rounding of the logarithm would hide that a bound was reached.
    parameters = np.where(at_low, model.low[:, None], physical(model, descent.parameters))
    parameters = np.where(at_high, model.high[:, None], parameters)
    covariance = _covariance(linearised, descent, at_low | at_high)
    return ScannedSolution(parameters, covariance, descent.sse, descent.converged)


def scanned_starts(data: np.ndarray, model: ScannedModel, shapes: ScannedShapes) -> tuple[np.ndarray, np.ndarray]:
    """(P, m) logarithms of the parameters of the most promising shapes of (n, T) curves, and the (m,) curves."""
    starts, problems, power = [], [], np.einsum("nt,nt->n", data, data)
    for first in range(0, len(data), SCANNED_AT_ONCE):
        some = slice(first, first + SCANNED_AT_ONCE)
        seen = (data[some] @ shapes.basis).astype(np.float32)
        projection = seen @ shapes.unit
        length = np.clip(projection, shapes.shortest, shapes.longest)
        projection *= 2
        projection -= length
        projection *= length
        curve, place = promising_peaks(
            projection.reshape(-1, *shapes.axes), power[some], most=MOST_STARTS, families=shapes.families
        )
        size = np.where(model.scaled[:, None], length[curve, place], 1.0)
        starts.append(shapes.per_length[:, place] * size)
        problems.append(first + curve)
    low, high = model.logarithmic_bounds
    found = np.log(np.maximum(np.concatenate(starts, axis=1), 0.0) + model.soft[:, None])
    return np.clip(found, low[:, None], high[:, None]), np.concatenate(problems)


def scanned_gain(data: np.ndarray, shapes: ScannedShapes) -> np.ndarray:
    """(n,) by how much the best shape lowers the sum of squares of (n, T) curves."""
    gain = np.empty(len(data), np.float32)
    for first in range(0, len(data), SCANNED_AT_ONCE):
        some = slice(first, first + SCANNED_AT_ONCE)
        projection = (data[some] @ shapes.basis).astype(np.float32) @ shapes.unit
        length = np.clip(projection, shapes.shortest, shapes.longest)
        gain[some] = (length * (2 * projection - length)).max(axis=1)
    return gain


def _descent(data: np.ndarray, model: ScannedModel, shapes: ScannedShapes, bounds) -> Descent:
    """The best of the descents of each of (n, T) curves within (P,) bounds of the logarithms."""
    low, high = bounds
    starts, problem = scanned_starts(data, model, shapes)
    power = np.einsum("nt,nt->n", data, data)
    rough = None if model.rough is None else _linearised(replace(model, slopes=model.rough), data)
    return best_descent(_linearised(model, data), starts, problem, low, high, power=power, rough=rough)


def physical(model: ScannedModel, logarithms: np.ndarray) -> np.ndarray:
    return np.maximum(np.exp(logarithms) - model.soft[:, None], model.low[:, None])


def _linearised(model: ScannedModel, data: np.ndarray) -> Model:
    """Residuals and their slopes by the logarithms of the parameters."""
    count = len(model.low)

    def at_once(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        parameters = physical(model, logarithms)
        curves, slopes = model.slopes(parameters)
        slopes *= (parameters + model.soft[:, None])[..., None]
        return Linearised(curves - data[problems], slopes)

    def by_differences(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        moved = np.repeat(logarithms[:, None], count + 1, axis=1)
        for n in range(count):
            moved[n, n + 1] += DIFFERENCE
        curves = model.curves(physical(model, moved.reshape(count, -1)))
        curves = curves.reshape(count + 1, len(problems), -1)
        return Linearised(curves[0] - data[problems], (curves[1:] - curves[0]) / DIFFERENCE)

    return by_differences if model.slopes is None else at_once


def _covariance(linearised: Model, descent: Descent, held: np.ndarray) -> np.ndarray:
    """(P, P, n) covariance of the parameters for unit noise; see `ScannedSolution`."""
    at = linearised(descent.parameters, np.arange(descent.sse.size))
    _, curvature, _ = normal_equations(at)
    size = np.sqrt(np.einsum("iin->in", curvature))
    free = ~held & (size > 0)
    size = np.where(free, size, 1.0)
    matrix = np.where(free[:, None] & free[None], curvature / (size[:, None] * size[None]), 0.0)
    for n in range(len(matrix)):
        matrix[n, n] = 1.0
    values, vectors = np.linalg.eigh(np.moveaxis(matrix, -1, 0))
    inverse = np.einsum("nik,njk,nk->ijn", vectors, vectors, 1 / np.maximum(values, UNDETERMINED))
    undetermined = (np.einsum("iin->in", inverse) > UNCERTAIN / UNDETERMINED) | (~held & ~free)
    scale = np.exp(descent.parameters) / size
    covariance = np.where(held[:, None] | held[None], 0.0, inverse * scale[:, None] * scale[None])
    for n in range(len(matrix)):
        covariance[n, n] = np.where(undetermined[n] & ~held[n], np.inf, covariance[n, n])
    return covariance
