"""Bounded non-linear least squares for very many small problems at once (Levenberg-Marquardt with an active set)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import clipped, copied, empty, like, namespace, places

FIRST_DAMPING, SMALLEST_DAMPING, LARGEST_DAMPING = 1e-2, 1e-9, 1e12
ENOUGH = 1e-12  # a fall of the sum of squares by less than this part of it is no progress
# Where a valley is nearly level descents go on and on: so many steps with a fall of less than this part are the end.
PATIENT, LITTLE = 6, 2e-9
AS_GOOD_AS_ZERO = 1e-20  # of the power of the data
# A descent that was still on its way has arrived all the same when it had no more than this part of its sum of squares,
# or of the power, to gain: how many steps a flat valley takes hangs on rounding.
ARRIVED, ARRIVED_AT_ZERO = 1e-5, 1e-9
SMALLEST = 1e-140  # whose square is not zero
LEAST_CURVED = 1e-8  # cosine between a step and the change of the gradient, below which nothing is learned
FAR = 3.0  # in logarithms, what is linear at a place still says something
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


class State(NamedTuple):
    """Running descents; the last axis of every array counts them.

    problem : the one that a descent belongs to. x : (P, m) parameters. gradient, curvature, sse : of the residuals
    there, see `normal_equations`. damping, growth : of the next step. bend : (P, P, m) what the residuals' own
    curvature adds to the model's. bent : whether that tells better what a step brings. idle : steps one after the other
    that brought next to nothing. done : whether it has arrived.
    """

    problem: np.ndarray
    x: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    sse: np.ndarray
    damping: np.ndarray
    growth: np.ndarray
    bend: np.ndarray
    bent: np.ndarray
    idle: np.ndarray
    done: np.ndarray

    def take(self, chosen) -> State:
        return State(*(values[..., chosen] for values in self))


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
    IMM-REP-1999-05, Technical University of Denmark). Where residuals are large
    their own curvature counts: it is learned from the gradients on the way, and
    used where it foretold the last step better (Dennis, Gay & Welsch, ACM Trans
    Math Softw 7:348, 1981).
    """
    bounds = low, high
    state = begun(model, start, like(np.arange(start.shape[1]), start))
    return outcome(advanced(model, state, bounds, power, steps), bounds, power)


def begun(model: Model, start, problem) -> State:
    """Descents at (P, m) starts, for the (m,) problems that each belongs to."""
    xp = namespace(start)
    gradient, curvature, sse = normal_equations(model(start, problem))
    damping, growth = xp.full_like(sse, FIRST_DAMPING), xp.full_like(sse, 2.0)
    nowhere = sse < 0
    bend = xp.zeros_like(curvature)
    return State(problem, start, gradient, curvature, sse, damping, growth, bend, nowhere, xp.zeros_like(sse), nowhere)


def advanced(model: Model, state: State, bounds, power, steps: int) -> State:
    """The same descents after so many more steps, or where they have arrived before."""
    bounds = tuple(like(bound[:, None], state.x) for bound in bounds)
    whole = State(*map(copied, state))
    active = places(~whole.done)
    at = whole.take(active)
    for _ in range(steps):
        if not len(active):
            break
        at = _one_step(model, at, bounds, power)
        if at.done.any():
            _put(whole, active[at.done], at.take(at.done))
            active, at = active[~at.done], at.take(~at.done)
    _put(whole, active, at)
    return whole


def outcome(state: State, bounds, power) -> Descent:
    """Where descents stand."""
    xp = namespace(state.x)
    bounds = tuple(like(bound[:, None], state.x) for bound in bounds)
    undamped = state._replace(damping=xp.full_like(state.sse, SMALLEST_DAMPING), bent=state.sse < 0)
    step = clipped(state.x + _step(undamped, bounds), *bounds) - state.x
    step = step * clipped(FAR / clipped(xp.amax(abs(step), axis=0), 1e-300, np.inf), 0.0, 1.0)
    # Cut off at bounds, some of a step's parts may do harm.
    promise = clipped(-state.gradient * step, 0.0, np.inf).sum(axis=0)
    promise = xp.where(state.done, 0.0, promise)
    arrived = promise <= ARRIVED * state.sse + ARRIVED_AT_ZERO * power[state.problem]
    return Descent(state.x, state.sse, promise, arrived | state.done)


def _put(whole: State, chosen, part: State) -> None:
    for values, new in zip(whole, part):
        values[..., chosen] = new


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


def _one_step(model: Model, at: State, bounds, power) -> State:
    """Every descent one step on, or with more damping where the step did not help."""
    xp = namespace(at.x)
    trial = clipped(at.x + _step(at, bounds), *bounds)
    moved = trial - at.x
    linear = -((2 * at.gradient + xp.einsum("ijn,jn->in", at.curvature, moved)) * moved).sum(axis=0)
    quadratic = linear - xp.einsum("ijn,in,jn->n", at.bend, moved, moved)
    gradient, curvature, sse = normal_equations(model(trial, at.problem))
    better, change = sse < at.sse, at.sse - sse
    fall = xp.where(better, change, 0.0)
    expected = xp.where(at.bent, quadratic, linear)
    # No more than one, and nothing overflows where next to nothing, or a rise, was expected.
    ratio = fall / clipped(xp.maximum(expected, fall), 1e-300, np.inf)
    less = clipped(at.damping * clipped(1 - (2 * ratio - 1) ** 3, 0.1, np.inf), SMALLEST_DAMPING, np.inf)
    # A small fall means arrival only where damping did not hold the step back.
    still = (fall <= ENOUGH * at.sse) & (better & (at.damping <= FIRST_DAMPING) | (at.damping >= LARGEST_DAMPING))
    idle = xp.where(better, xp.where(fall > LITTLE * at.sse, 0.0, at.idle + 1), at.idle)
    unknown = (at.bend == 0).all(axis=0).all(axis=0)
    bent = unknown | (abs(change - quadratic) < abs(change - linear))
    sse = xp.where(better, sse, at.sse)
    return State(
        at.problem,
        xp.where(better, trial, at.x),
        xp.where(better, gradient, at.gradient),
        xp.where(better, curvature, at.curvature),
        sse,
        xp.where(better, less, at.damping * at.growth),
        xp.where(better, 2.0, at.growth * 2),
        xp.where(better, _bend(at, moved, gradient, curvature), at.bend),
        xp.where(better, bent, at.bent),
        idle,
        still | (idle >= PATIENT) | (sse <= AS_GOOD_AS_ZERO * power[at.problem]),
    )


def _bend(at: State, moved, gradient, curvature) -> np.ndarray:
    """(P, P, n) what the residuals' own curvature adds, learned from the change of the gradient along a step.

    The update of Dennis, Gay & Welsch (1981), eq. 3.2, with their sizing.
    """
    xp = namespace(moved)
    change = gradient - at.gradient
    of_bend = change - xp.einsum("ijn,jn->in", curvature, moved)
    before = xp.einsum("ijn,jn->in", at.bend, moved)
    along, was = (of_bend * moved).sum(axis=0), (before * moved).sum(axis=0)
    shrunk = abs(along) / clipped(xp.maximum(abs(along), abs(was)), SMALLEST, np.inf)
    left = of_bend - shrunk * before
    curved = (change * moved).sum(axis=0)
    usable = curved > LEAST_CURVED * xp.sqrt((change * change).sum(axis=0) * (moved * moved).sum(axis=0))
    usable &= curved > SMALLEST
    per = xp.where(usable, 1 / xp.where(usable, curved, 1.0), 0.0)
    both = left[:, None] * change[None] * per
    both = both + xp.moveaxis(both, 0, 1)
    both = both - (left * moved).sum(axis=0) * per * per * change[:, None] * change[None]
    return shrunk * at.bend + both


def _step(at: State, bounds) -> np.ndarray:
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
    scale = xp.where(free[:, None] & free[None], 1 / (size[:, None] * size[None]), 0.0)
    matrix = at.curvature * scale
    for i in range(len(matrix)):
        matrix[i, i] = 1 + at.damping
    right = xp.where(free, -at.gradient / size, 0.0)
    step = _solved(matrix, right)
    if at.bent.any():
        step = xp.where(at.bent, _bent_step(matrix + at.bend * scale, right, step), step)
    step = step / size
    return xp.where(to_low, low - at.x, xp.where(to_high, high - at.x, step))


def _bent_step(matrix, right, step):
    """Steps with the residuals' own curvature, or those without where that is not convex."""
    xp = namespace(step)
    convex = xp.einsum("in,ijn,jn->n", step, matrix, step) > 0
    # Where it is not used nothing must be singular.
    other = _solved(xp.where(convex, matrix, like(np.eye(len(matrix))[..., None], matrix)), right)
    return xp.where(convex & ((right * other).sum(axis=0) > 0), other, step)


def _solved(matrix, right):
    xp = namespace(right)
    return xp.linalg.solve(xp.moveaxis(matrix, -1, 0), right.T[..., None])[..., 0].T
