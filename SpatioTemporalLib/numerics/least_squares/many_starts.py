"""The best of several bounded descents for each of very many problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import contiguous, like, namespace, places
from .bounded_gauss_newton import Descent, Model, State, advanced, begun, outcome

# Steps between looks at which descents may still win; after the last look few are left. A descent goes on while the
# linearised model promises that this many times its gain would make it the best: the further it is, the truer that is.
ROUNDS = ((2, 2.0), (3, 2.0), (4, 1.0), (5, 0.6), (6, 0.6), (8, 0.6), (12, 0.6), (20, 0.6))
LAST_ROUND = 400
# The same for descents that are of use only if they overtake another.
OVERTAKING = ((4, 4.0), (6, 3.0), (10, 2.0), (LAST_ROUND, 1.0))
# Sums of squares that differ by less than this part of them, or of what rounding leaves of the data's power, are equal:
# which is lower would hang on the last digit.
TIED, TIED_AT_ZERO = 1e-7, 1e-15
NEAR = 0.01  # of the sum of squares, or of what is explained: descents that differ by less both go on
SAME = 0.2  # descents whose parameters all differ by less have come to the same valley
SMALL = 0.1  # damping of the first steps beside the usual where a descent ended that was nearly the same
PREFERENCE = 0.3
AT_ONCE = 2**20  # numbers in derivatives that stay in the processor's cache


def best_descent(model: Model, starts, problem, low, high, *, power, rough: Model | None = None) -> Descent:
    """Minimise the sum of squares of each problem from one or several starts.

    Parameters
    ----------
    model : callable
        See `bounded_gauss_newton.Model`.
    starts : (P, m) array or torch tensor, within the bounds
        In parameters of which a step of one is large, such as logarithms.
    problem : (m,) array
        Which of the n problems each start belongs to; every one has a start.
    low, high : (P,) arrays
    power : (n,) array
    rough : callable, optional
        A cheaper model, good enough to tell which descent will win.

    Returns
    -------
    Descent
        The one with the smallest sum of squares, for each of n problems.
    """
    derivatives = model(starts[:, :1], problem[:1]).jacobian
    # The cache matters to a processor only.
    size = max(64, AT_ONCE // derivatives[:, 0].size) if namespace(starts) is np else len(problem)
    state = _in_pieces(lambda part: begun(rough or model, part.x, part.problem), _Started(starts, problem), size)
    for steps, patience in ROUNDS:
        waiting = state.done | _alone(state.problem, len(power))
        if waiting.all():
            break
        going = places(~waiting)
        moved = _in_pieces(
            lambda part, steps=steps: advanced(rough or model, part, (low, high), power, steps), state.take(going), size
        )
        for values, new in zip(state, moved):
            values[..., going] = new
        found = outcome(state, (low, high), power)
        state = state.take(_may_win(found, state.problem, _best(found, state.problem, power), power, patience))
    if rough is not None:
        # What was learned of the residuals' curvature holds for the exact model too.
        learned, near = state.bend, state.bent
        state = _in_pieces(lambda part: begun(model, part.x, part.problem), _Started(state.x, state.problem), size)
        state = state._replace(bend=learned, bent=near, damping=SMALL * state.damping)
    state = _in_pieces(lambda part: advanced(model, part, (low, high), power, LAST_ROUND), state, size)
    found = outcome(state, (low, high), power)
    return Descent(*(values[..., _best(found, state.problem, power)] for values in found))


def overtaking_descent(model: Model, starts, low, high, *, power, than) -> Descent:
    """Minimise the sum of squares of each problem from one start, unless it will not come below (n,) others.

    What is left on its way has converged no more than it says. Arguments as in `best_descent`.
    """
    found, state = None, begun(model, starts, like(np.arange(starts.shape[1]), starts))
    for steps, patience in OVERTAKING:
        if found is None:
            going = places(~state.done)
        else:
            going = places(~state.done & (found.sse - patience * found.promise < than))
        moved = advanced(model, state.take(going), (low, high), power, steps)
        for values, new in zip(state, moved):
            values[..., going] = new
        found = outcome(state, (low, high), power)
    return found


def each_problem(starts):
    """From (S, P, n) starts of n problems the (P, S n) starts, and the (S n,) numbers of their problems."""
    problem = like(np.tile(np.arange(starts.shape[2]), len(starts)), starts)
    return namespace(starts).moveaxis(starts, 0, 1).reshape(starts.shape[1], -1), problem


class _Started(NamedTuple):
    """(P, m) parameters of descents, and the (m,) problems they belong to."""

    x: np.ndarray
    problem: np.ndarray


def _in_pieces(function: Callable, whole, size: int) -> State:
    """What a function gives for so many descents at a time."""
    count = len(whole.problem)
    parts = [
        function(type(whole)(*(values[..., first : first + size] for values in whole)))
        for first in range(0, count, size)
    ]
    return State(*(namespace(whole.x).concatenate(values, axis=-1) for values in zip(*parts)))


def _alone(problem: np.ndarray, count: int) -> np.ndarray:
    """(m,) bool: the descents whose problem has no other."""
    return namespace(problem).bincount(problem, minlength=count)[problem] == 1


def lower(sse, than, power):
    """Whether sums of squares are lower than others by more than rounding, for data of such power."""
    return sse < than * (1 - TIED) - TIED_AT_ZERO * power


def _best(found: Descent, problem: np.ndarray, power: np.ndarray) -> np.ndarray:
    """(n,) index of the lowest descent of each problem; of tied ones that with the smallest parameters."""
    lowest = _first_of_each(found.sse, problem, len(power))
    ahead = lower(found.sse[lowest][problem], found.sse, power[problem])
    xp = namespace(problem)
    # Not all parameters count the same: where two change places, their sum is the same but for rounding.
    weights = 1 + PREFERENCE * like(np.arange(float(len(found.parameters))), found.parameters)
    size = (weights[:, None] * found.parameters).sum(axis=0)
    return _first_of_each(xp.where(ahead, np.inf, size), problem, len(power))


def _first_of_each(values: np.ndarray, problem: np.ndarray, count: int) -> np.ndarray:
    """(n,) index of the smallest value of each problem."""
    xp = namespace(problem)
    order = xp.argsort(values, stable=True)
    order = order[xp.argsort(problem[order], stable=True)]
    return order[xp.searchsorted(contiguous(problem[order]), like(np.arange(count), problem))]


def _may_win(found: Descent, problem: np.ndarray, best: np.ndarray, power, patience: float) -> np.ndarray:
    """(m,) bool: the best descents, and those that may overtake them and are not on the same way."""
    xp = namespace(power)
    lowest, leader = found.sse[best][problem], found.parameters[:, best][:, problem]
    # What a linear model promises says little of a small difference.
    near = NEAR * xp.minimum(lowest, abs(power[problem] - lowest))
    kept = found.sse - patience * found.promise < lowest * (1 - TIED)
    kept |= (found.sse < lowest + near) & (found.promise > 0)
    # Which of equals is taken is decided when all have arrived.
    kept |= ~lower(lowest, found.sse, power[problem])
    kept &= namespace(leader).amax(abs(found.parameters - leader), axis=0) > SAME
    kept[best] = True
    return kept
