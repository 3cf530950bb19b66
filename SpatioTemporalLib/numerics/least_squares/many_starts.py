"""The best of several bounded descents for each of very many problems."""

from __future__ import annotations

import numpy as np

from ..arrays import contiguous, like, namespace
from .bounded_gauss_newton import Descent, Model, minimise

# Steps between looks at which descents may still win; after the last look few are left.
ROUNDS = (2, 3, 4, 5, 6, 8)
LAST_ROUND = 400
# A descent goes on while the linearised model promises that this many times its gain would make it the best.
PATIENCE = 1.2
# Sums of squares that differ by less than this part of them, or of what rounding leaves of the data's power, are equal:
# which is lower would hang on the last digit.
TIED, TIED_AT_ZERO = 1e-7, 1e-15
SAME = 0.2  # descents whose parameters all differ by less have come to the same valley
AT_ONCE = 2048  # descents whose working arrays stay in the processor's cache


def best_descent(model: Model, starts: np.ndarray, low, high, *, power, rough: Model | None = None) -> Descent:
    """Minimise the sum of squares of each problem from several starts.

    Parameters
    ----------
    model : callable
        See `bounded_gauss_newton.Model`.
    starts : (S, P, n) array or torch tensor, within the bounds
        In parameters of which a step of one is large, such as logarithms.
    low, high : (P,) arrays
    power : (n,) array
    rough : callable, optional
        A cheaper model, good enough to tell which descent will win.

    Returns
    -------
    Descent
        The one with the smallest sum of squares, for each of n problems.
    """
    count = starts.shape[2]
    problem = like(np.tile(np.arange(count), len(starts)), starts)
    x = namespace(starts).moveaxis(starts, 0, 1).reshape(starts.shape[1], -1)
    for steps in (*ROUNDS, LAST_ROUND):
        exact = rough is None or steps == LAST_ROUND
        found = _descended(model if exact else rough, x, problem, low, high, power, steps)
        best = _best(found, problem, power)
        if steps != LAST_ROUND:
            kept = _may_win(found, problem, best)
            x, problem = found.parameters[:, kept], problem[kept]
    return Descent(*(values[..., best] for values in found))


def _descended(model: Model, x, problem, low, high, power, steps: int) -> Descent:
    # The cache matters to a processor only.
    xp = namespace(x)
    size = AT_ONCE if steps != LAST_ROUND and xp is np else max(1, len(problem))
    parts = []
    for start in range(0, len(problem), size):
        chosen = problem[start : start + size]

        def of_chosen(parameters, index, chosen=chosen):
            return model(parameters, chosen[index])

        parts.append(minimise(of_chosen, x[:, start : start + size], low, high, power=power[chosen], steps=steps))
    return Descent(*(xp.concatenate(values, axis=-1) for values in zip(*parts)))


def lower(sse, than, power):
    """Whether sums of squares are lower than others by more than rounding, for data of such power."""
    return sse < than * (1 - TIED) - TIED_AT_ZERO * power


def _best(found: Descent, problem: np.ndarray, power: np.ndarray) -> np.ndarray:
    """(n,) index of the lowest descent of each problem; of tied ones that with the smallest parameters."""
    lowest = _first_of_each(found.sse, problem, len(power))
    ahead = lower(found.sse[lowest][problem], found.sse, power[problem])
    xp = namespace(problem)
    size = found.parameters.sum(axis=0)
    return _first_of_each(xp.where(ahead, np.inf, size), problem, len(power))


def _first_of_each(values: np.ndarray, problem: np.ndarray, count: int) -> np.ndarray:
    """(n,) index of the smallest value of each problem."""
    xp = namespace(problem)
    order = xp.argsort(values, stable=True)
    order = order[xp.argsort(problem[order], stable=True)]
    return order[xp.searchsorted(contiguous(problem[order]), like(np.arange(count), problem))]


def _may_win(found: Descent, problem: np.ndarray, best: np.ndarray) -> np.ndarray:
    """(m,) bool: the best descents, and those that may overtake them and are not on the same way."""
    lowest, leader = found.sse[best][problem], found.parameters[:, best][:, problem]
    kept = found.sse - PATIENCE * found.promise < lowest * (1 - 1e-9)
    kept &= namespace(leader).amax(abs(found.parameters - leader), axis=0) > SAME
    kept[best] = True
    return kept
