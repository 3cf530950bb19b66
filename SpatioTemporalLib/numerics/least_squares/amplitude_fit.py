"""Least squares of an amplitude times a curve with a few non-linear parameters, for very many problems at once.

The amplitude is eliminated (variable projection: Golub & Pereyra, SIAM J Numer
Anal 10:413, 1973), so that only the non-linear parameters are searched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .bounded_gauss_newton import Linearised, Model, normal_equations
from .many_starts import best_descent, each_problem

# Of a difference quotient; parameters are given so that a step of one is large.
STEP = 1e-7
NEAR_BOUND = 1e-6
SMALLEST_NORM = 1e-150

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From (P, m) parameters and the (m,) indices of the problems they belong to, the (m, T) curves of unit amplitude."""


class AmplitudeFit(NamedTuple):
    """Optimum of each of n problems.

    parameters : (P, n). amplitude, sse : (n,). converged : (n,) bool
    covariance : (P, P, n) of the parameters for unit noise variance, NaN where
    the data do not determine them. at_bound : (P, n) bool
    """

    parameters: np.ndarray
    amplitude: np.ndarray
    sse: np.ndarray
    converged: np.ndarray
    covariance: np.ndarray
    at_bound: np.ndarray


def fit_amplitude(data, shape: Shape, candidates, bounds, *, shared: bool = True, starts: int = 0) -> AmplitudeFit:
    """Fit ``amplitude * shape(parameters)``, the amplitude not negative, to (n, T) data.

    Parameters
    ----------
    data : (n, T) array
    shape : callable
        See `Shape`.
    candidates : (P, G, C) array
        Places to look at first. The best of the C in each of G groups is a start;
        groups follow each other along some parameter.
    bounds : (low, high), (P,) arrays
    shared : bool
        Whether the curves are the same for all problems, which makes the first look quick.
    starts : int
        So many of the groups' starts are followed, first those that explain more than their neighbours do.
    """
    data = np.asarray(data, dtype=float)
    low, high = (np.asarray(bound, dtype=float) for bound in bounds)
    power = np.einsum("nt,nt->n", data, data)
    model = _projected(data, shape, high)
    followed = _starts(data, shape, np.asarray(candidates, float), shared)[: starts or None]
    found = best_descent(model, *each_problem(followed), low, high, power=power)
    index = np.arange(len(data))
    curves = shape(found.parameters, index)
    amplitude = np.maximum(_along(data, curves), 0.0)
    _, curvature, _ = normal_equations(model(found.parameters, index))
    margin = NEAR_BOUND * (high - low)[:, None]
    at_bound = (found.parameters <= low[:, None] + margin) | (found.parameters >= high[:, None] - margin)
    return AmplitudeFit(
        found.parameters, amplitude, found.sse, found.converged, _covariance(curvature, at_bound), at_bound
    )


def _starts(data, shape: Shape, candidates, shared: bool) -> np.ndarray:
    """(G, P, n): of each group the candidate that explains most of a problem's power, the best groups first."""
    count, groups, size = candidates.shape
    everyone = np.arange(len(data))
    starts, gains = np.empty((groups, count, len(data))), np.empty((groups, len(data)))
    for group in range(groups):
        if shared:
            curves = shape(candidates[:, group], np.zeros(size, int))
            gain = np.maximum(data @ (curves / _norm(curves)[:, None]).T, 0.0).T
        else:
            gain = np.empty((size, len(data)))
            for number in range(size):
                curves = shape(np.repeat(candidates[:, group, number, None], len(data), axis=1), everyone)
                gain[number] = np.einsum("nt,nt->n", data, curves) / _norm(curves)
        starts[group], gains[group] = candidates[:, group, gain.argmax(axis=0)], gain.max(axis=0)
    return np.take_along_axis(starts, _most_promising(gains)[:, None], axis=0)


def _most_promising(gains: np.ndarray) -> np.ndarray:
    """(G, n) order of the groups: those that gain more than both neighbours, then the others, each by gain."""
    is_peak = np.ones(gains.shape, dtype=bool)
    is_peak[1:] &= gains[1:] >= gains[:-1]
    is_peak[:-1] &= gains[:-1] >= gains[1:]
    return np.lexsort((-gains, ~is_peak), axis=0)


def _projected(data, shape: Shape, high) -> Model:
    """Residuals with the best amplitude, and their derivatives in Kaufman's form, whose gradient is exact."""

    def model(parameters, problem):
        measured = data[problem]
        curves = shape(parameters, problem)
        norm = _norm(curves)[:, None]
        unit = curves / norm
        amplitude = np.maximum(np.einsum("nt,nt->n", measured, unit), 0.0)[:, None]
        jacobian = np.empty((len(parameters), *measured.shape))
        for number in range(len(parameters)):
            moved = parameters.copy()
            # Backwards at the upper bound, so that no model is asked beyond it.
            moved[number] += np.where(parameters[number] + STEP > high[number], -STEP, STEP)
            slope = (shape(moved, problem) - curves) / ((moved[number] - parameters[number])[:, None] * norm)
            slope -= unit * np.einsum("nt,nt->n", unit, slope)[:, None]
            jacobian[number] = -amplitude * slope
        return Linearised(measured - amplitude * unit, jacobian)

    return model


def _along(data, curves) -> np.ndarray:
    return np.einsum("nt,nt->n", data, curves) / _norm(curves) ** 2


def _norm(curves) -> np.ndarray:
    # A curve that is zero throughout explains nothing, and must not divide by zero.
    return np.maximum(np.linalg.norm(curves, axis=1), SMALLEST_NORM)


def _covariance(curvature, at_bound) -> np.ndarray:
    """Inverse of the curvature of the parameters that are free; zero for those on a bound."""
    matrix = np.moveaxis(curvature, -1, 0).copy()
    free = ~at_bound.T
    matrix[~(free[:, :, None] & free[:, None, :])] = 0.0
    size = np.sqrt(np.einsum("nii->ni", matrix))
    scale = np.where(size > 0, size, 1.0)
    matrix /= scale[:, :, None] * scale[:, None, :]
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] = np.where(free & (size > 0), matrix[:, diagonal, diagonal], 1.0)
    determined = np.linalg.cond(matrix) < 1e12
    matrix[~determined] = np.eye(matrix.shape[1])
    inverse = np.linalg.inv(matrix) / (scale[:, :, None] * scale[:, None, :])
    inverse[~(free[:, :, None] & free[:, None, :])] = 0.0
    inverse[~determined] = np.nan
    return np.moveaxis(inverse, 0, -1)
