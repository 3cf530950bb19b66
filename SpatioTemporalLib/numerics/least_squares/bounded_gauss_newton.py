"""Bounded non-linear least squares for very many small problems at once (Levenberg-Marquardt with an active set)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import clipped, empty, like, namespace

FIRST_DAMPING, SMALLEST_DAMPING, LARGEST_DAMPING = 1e-2, 1e-9, 1e12
ENOUGH = 1e-12  # a fall of the sum of squares by less than this part of it is no progress
AS_GOOD_AS_ZERO = 1e-20  # of the power of the data
# A descent that was still on its way has arrived all the same when it had no more than this part of its sum of squares,
# or of the power, to gain: how many steps a flat valley takes hangs on rounding.
ARRIVED, ARRIVED_AT_ZERO = 1e-5, 1e-9
# Parameters, as logarithms, rest on a bound when they are this near to it.
AT_BOUND = 1e-4
# Of the sum of squares: a logarithm of which one unit would change less than this has no part in it where it is, and is
# left there. The step that a linear model asks of it, to the other end of its range, is rounding over rounding.
NO_SLOPE = 1e-12


class Linearised(NamedTuple):
    """A model at one place for each of n problems: (n, R) residuals and their (P, n, R) derivatives."""

    residual: np.ndarray
    jacobian: np.ndarray


Model = Callable[[np.ndarray, np.ndarray], Linearised]
"""From (P, m) parameters and the (m,) indices of the problems they belong to."""


class Descent(NamedTuple):
    """Where descents stand: (P, n) parameters, and for each of n problems the rest.

    sse : sum of squares. promise : by how much the linearised model could still
    lower it, zero where the descent has converged. converged : bool
    """

    parameters: np.ndarray
    sse: np.ndarray
    promise: np.ndarray
    converged: np.ndarray


class _State(NamedTuple):
    """Running descents; the last axis of every array counts them."""

    problem: np.ndarray
    x: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    sse: np.ndarray
    damping: np.ndarray
    growth: np.ndarray


def minimise(model: Model, start, low, high, *, power, steps: int) -> Descent:
    """Minimise sums of squares within a box, from one start for each problem.

    Parameters
    ----------
    model : callable
        See `Model`.
    start : (P, n) array or torch tensor, within the bounds; low, high : (P,) arrays
    power : (n,) array
        Sum of squares of each problem's data; tells when nothing is left to fit.
    steps : int
        At most so many.

    Notes
    -----
    A parameter on a bound is held there while the gradient pushes it outwards;
    the others take a damped Gauss-Newton step (Marquardt, SIAM J Appl Math
    11:431, 1963) that is cut off at the bounds and taken only if it helps. The
    damping follows the ratio of the fall to the expected one (Nielsen, report
    IMM-REP-1999-05, Technical University of Denmark).
    """
    xp = namespace(start)
    bounds = like(low[:, None], start), like(high[:, None], start)
    everything = like(np.arange(start.shape[1]), start)
    gradient, curvature, sse = normal_equations(model(start, everything))
    at = _State(
        everything, 1 * start, gradient, curvature, sse, xp.full_like(sse, FIRST_DAMPING), xp.full_like(sse, 2.0)
    )
    found = Descent(1 * start, 1 * sse, xp.zeros_like(sse), sse < 0)
    for _ in range(steps):
        at, done = _advanced(model, at, bounds, power)
        found.parameters[:, at.problem], found.sse[at.problem], found.converged[at.problem] = at.x, at.sse, done
        if done.all():
            return found
        at = _State(*(values[..., ~done] for values in at))
    undamped = _step(at._replace(damping=xp.full_like(at.sse, SMALLEST_DAMPING)), bounds)
    promise = -(at.gradient * undamped).sum(axis=0)
    found.promise[at.problem] = promise
    found.converged[at.problem] = promise <= ARRIVED * at.sse + ARRIVED_AT_ZERO * power[at.problem]
    return found


def on_bounds(parameters, low, high) -> tuple:
    """(P, n) bool twice: whether logarithms of parameters rest on (P, 1) lower and upper bounds."""
    return parameters <= low + AT_BOUND, parameters >= high - AT_BOUND


def normal_equations(at: Linearised) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, n) gradients J'r, (P, P, n) curvatures J'J and (n,) sums of squares."""
    residual, jacobian = at
    xp, count = namespace(residual), len(jacobian)
    curvature = empty((count, count, len(residual)), residual)
    for i in range(count):
        for j in range(i, count):
            curvature[i, j] = curvature[j, i] = xp.einsum("nr,nr->n", jacobian[i], jacobian[j])
    gradient = xp.stack([xp.einsum("nr,nr->n", column, residual) for column in jacobian])
    return gradient, curvature, xp.einsum("nr,nr->n", residual, residual)


def _advanced(model: Model, at: _State, bounds, power) -> tuple[_State, np.ndarray]:
    """Every descent one step on, or with more damping where the step did not help; and which are done."""
    xp = namespace(at.x)
    trial = clipped(at.x + _step(at, bounds), *bounds)
    moved = trial - at.x
    expected = -((2 * at.gradient + xp.einsum("ijn,jn->in", at.curvature, moved)) * moved).sum(axis=0)
    gradient, curvature, sse = normal_equations(model(trial, at.problem))
    better = sse < at.sse
    fall = xp.where(better, at.sse - sse, 0.0)
    ratio = clipped(fall / clipped(expected, 1e-300, np.inf), 0.0, 1.0)
    less = clipped(at.damping * clipped(1 - (2 * ratio - 1) ** 3, 0.1, np.inf), SMALLEST_DAMPING, np.inf)
    # A small fall means arrival only where damping did not hold the step back.
    still = (fall <= ENOUGH * at.sse) & (better & (at.damping <= FIRST_DAMPING) | (at.damping >= LARGEST_DAMPING))
    state = _State(
        at.problem,
        xp.where(better, trial, at.x),
        xp.where(better, gradient, at.gradient),
        xp.where(better, curvature, at.curvature),
        xp.where(better, sse, at.sse),
        xp.where(better, less, at.damping * at.growth),
        xp.where(better, 2.0, at.growth * 2),
    )
    return state, still | (state.sse <= AS_GOOD_AS_ZERO * power[at.problem])


def _step(at: _State, bounds) -> np.ndarray:
    """(P, n) damped Gauss-Newton steps of the parameters that are free to move.

    Those that rest on a bound and are pushed outwards go onto it: as long as they are a hair away, every step that the
    others take with them is cut off there, and the descent never arrives.
    """
    xp, (low, high) = namespace(at.x), bounds
    at_low, at_high = on_bounds(at.x, low, high)
    to_low, to_high = at_low & (at.gradient > 0), at_high & (at.gradient < 0)
    free = ~(to_low | to_high) & (abs(at.gradient) > NO_SLOPE * at.sse)
    size = xp.sqrt(xp.einsum("iin->in", at.curvature))
    size = xp.where(free & (size > 0), size, 1.0)
    # Scaled to a unit diagonal: the parameters' sizes differ by orders of magnitude.
    matrix = xp.where(free[:, None] & free[None], at.curvature / (size[:, None] * size[None]), 0.0)
    for i in range(len(matrix)):
        matrix[i, i] = 1 + at.damping
    right = xp.where(free, -at.gradient / size, 0.0)
    step = xp.linalg.solve(xp.moveaxis(matrix, -1, 0), right.T[..., None])[..., 0].T / size
    return xp.where(to_low, low - at.x, xp.where(to_high, high - at.x, step))
