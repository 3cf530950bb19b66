"""Bounded least squares of any model that gives many curves at once.

A grid of shapes is scanned first, each at its best size within the bounds; the
best shape of each of several families then starts a bounded descent in the
logarithms of the parameters. Slopes are taken by differences unless the model
brings them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .bounded_gauss_newton import Descent, Linearised, Model, minimise, normal_equations, on_bounds
from .many_starts import best_descent

DIFFERENCE = 1e-6  # step in the logarithm: truncation and rounding of the slopes both stay near 1e-6
SCANNED_AT_ONCE = 256  # curves
LAST_STEPS = 100  # at the bottom of a valley with kinks
MOST_STARTS = 8  # families from which descents start, those whose best shape fits best
# Rounding leaves eigenvalues of the curvature of this size where data determine nothing.
UNDETERMINED, UNCERTAIN = 1e-11, 1e-3


@dataclass(frozen=True)
class ScannedModel:
    """A model, its bounds and where to look for its optimum.

    curves : from (P, n) parameters to (n, T) curves.
    low, high : (P,) bounds, none negative.
    soft : (P,) added before the logarithm, so that zero can be reached; small
    beside what can be measured.
    grid : (P, S) parameters of the shapes that are scanned.
    kin : (S,) the family of each shape; a descent starts from each promising one.
    scaled : (P,) bool, the parameters that grow with the size of a curve of
    given shape; without any, the shapes are compared as they are.
    rough : cheaper curves, good enough to tell which descent will win, or None.
    slopes : from (P, n) parameters to the curves and their (P, n, T)
    derivatives; differences are taken where it is None.
    widths : (P,) logarithms to either side over which differences are taken of a
    model with kinks, at which a descent that sees but one side of them stalls.
    """

    curves: Callable[[np.ndarray], np.ndarray]
    low: np.ndarray
    high: np.ndarray
    soft: np.ndarray
    grid: np.ndarray
    kin: np.ndarray
    scaled: np.ndarray
    rough: Callable[[np.ndarray], np.ndarray] | None = None
    slopes: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    widths: np.ndarray | None = None


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
    """Shapes of one model on the frames of one series.

    unit : (S, T) curves of unit length. per_length : (P, S) parameters at unit
    length. shortest, longest : (S,) lengths within the bounds.
    """

    unit: np.ndarray
    per_length: np.ndarray
    shortest: np.ndarray
    longest: np.ndarray


def scan_shapes(model: ScannedModel) -> ScannedShapes:
    """Evaluate the shapes of a model once for all curves."""
    curves = model.curves(model.grid)
    length = np.maximum(np.linalg.norm(curves, axis=1), 1e-300)
    unit = curves / length[:, None]
    if not model.scaled.any():
        return ScannedShapes(unit, model.grid, length, length)
    scaled = model.scaled[:, None]
    per_length = np.where(scaled, model.grid / length, model.grid)
    reach = np.where(scaled, model.high[:, None] / np.maximum(per_length, 1e-300), np.inf).min(axis=0)
    return ScannedShapes(unit, per_length, np.zeros_like(reach), reach)


def solve_scanned(
    measured: np.ndarray, model: ScannedModel, shapes: ScannedShapes, *, near: np.ndarray | None = None
) -> ScannedSolution:
    """Fit the model to each of (T, n) finite curves, from (P, n) parameters `near` the optimum too if given."""
    data = np.ascontiguousarray(np.asarray(measured, dtype=np.float64).T)
    soft = model.soft[:, None]
    low, high = np.log(model.low + model.soft), np.log(model.high + model.soft)
    starts = _starts(data, model, shapes)
    starts = starts if near is None else np.concatenate([starts, near[None]])
    starts = np.clip(np.log(np.maximum(starts, 0.0) + soft), low[:, None], high[:, None])
    linearised = _linearised(replace(model, widths=None), data)
    descent = _descent(linearised, model, data, starts, (low, high))
    at_low, at_high = on_bounds(descent.parameters, low[:, None], high[:, None])
    # Exactly: rounding of the logarithm would hide that a bound was reached.
    parameters = np.where(at_low, model.low[:, None], _physical(model, descent.parameters))
    parameters = np.where(at_high, model.high[:, None], parameters)
    covariance = _covariance(linearised, descent, at_low | at_high)
    return ScannedSolution(parameters, covariance, descent.sse, descent.converged)


def _starts(data: np.ndarray, model: ScannedModel, shapes: ScannedShapes) -> np.ndarray:
    """(F, P, n) parameters of the best shapes of the most promising families."""
    families = [np.flatnonzero(model.kin == kin) for kin in np.unique(model.kin)]
    count = min(MOST_STARTS, len(families))
    starts = np.empty((count, len(model.low), len(data)))
    for first in range(0, len(data), SCANNED_AT_ONCE):
        some = slice(first, first + SCANNED_AT_ONCE)
        projection = shapes.unit @ data[some].T
        length = np.clip(projection, shapes.shortest[:, None], shapes.longest[:, None])
        gain = length * (2 * projection - length)
        best = np.stack([family[gain[family].argmax(axis=0)] for family in families])
        order = np.argsort(-np.take_along_axis(gain, best, axis=0), axis=0)[:count]
        for n, chosen in enumerate(np.take_along_axis(best, order, axis=0)):
            size = np.where(model.scaled[:, None], length[chosen, np.arange(length.shape[1])], 1.0)
            starts[n, :, some] = shapes.per_length[:, chosen] * size
    return starts


def _descent(linearised: Model, model: ScannedModel, data: np.ndarray, starts: np.ndarray, bounds) -> Descent:
    power = np.einsum("nt,nt->n", data, data)
    if model.widths is None:
        rough = None if model.rough is None else _linearised(replace(model, curves=model.rough, slopes=None), data)
        return best_descent(linearised, starts, *bounds, power=power, rough=rough)
    # Slopes over the kinks lead to the optimum's neighbourhood, those at the very place to its bottom.
    near = best_descent(_linearised(model, data), starts, *bounds, power=power)
    found = minimise(linearised, near.parameters, *bounds, power=power, steps=LAST_STEPS)
    return found._replace(converged=near.converged | found.converged)


def _physical(model: ScannedModel, logarithms: np.ndarray) -> np.ndarray:
    return np.maximum(np.exp(logarithms) - model.soft[:, None], model.low[:, None])


def _linearised(model: ScannedModel, data: np.ndarray) -> Model:
    """Residuals and their slopes by the logarithms of the parameters."""
    count = len(model.low)

    def at_once(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        parameters = _physical(model, logarithms)
        curves, slopes = model.slopes(parameters)
        slopes *= (parameters + model.soft[:, None])[..., None]
        return Linearised(curves - data[problems], slopes)

    def by_differences(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        moved = np.repeat(logarithms[:, None], count + 1, axis=1)
        for n in range(count):
            moved[n, n + 1] += DIFFERENCE
        curves = model.curves(_physical(model, moved.reshape(count, -1)))
        curves = curves.reshape(count + 1, len(problems), -1)
        return Linearised(curves[0] - data[problems], (curves[1:] - curves[0]) / DIFFERENCE)

    def over_kinks(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        moved = np.repeat(logarithms[:, None], 2 * count + 1, axis=1)
        for n, width in enumerate(model.widths):
            moved[n, 2 * n + 1] += width
            moved[n, 2 * n + 2] -= width
        curves = model.curves(_physical(model, moved.reshape(count, -1))).reshape(2 * count + 1, len(problems), -1)
        slopes = (curves[1::2] - curves[2::2]) / (2 * model.widths[:, None, None])
        return Linearised(curves[0] - data[problems], slopes)

    if model.widths is not None:
        return over_kinks
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
