"""Optimum of models with one non-linear parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import like, namespace, taken

AS_GOOD_AS_NOTHING = 1e-7  # of the length of the data


@dataclass(frozen=True)
class Solution:
    """Optimum of each curve.

    theta, linear, fixed : (n,)          theta, a1 and a2 (zero without a fixed curve)
    sse : (n,)                           sum of squares at the optimum
    covariance : (3, 3, n)               of (a1, a2, log theta) for unit noise variance;
                                         zero rows for coefficients that sit on a bound
    theta_at_edge, linear_at_limit, fixed_at_limit : (n,) bool
    converged : (n,) bool
    """

    theta: np.ndarray
    linear: np.ndarray
    fixed: np.ndarray
    sse: np.ndarray
    covariance: np.ndarray
    theta_at_edge: np.ndarray
    linear_at_limit: np.ndarray
    fixed_at_limit: np.ndarray
    converged: np.ndarray


def unsolved(power) -> Solution:
    """A solution for as many curves as there are powers, to be filled: infinite sums of squares, all else zero."""
    xp = namespace(power)
    zero, no = xp.zeros_like(power), power < 0
    covariance = zero + like(np.zeros((3, 3, 1)), power)
    return Solution(1 * zero, 1 * zero, 1 * zero, zero + np.inf, covariance, no, 1 * no > 0, 1 * no > 0, 1 * no > 0)


def put(solution: Solution, places, part: Solution) -> None:
    """Write another solution's curves in the (m,) places of this one."""
    if not len(places):
        return
    for name in solution.__dataclass_fields__:
        target, values = getattr(solution, name), getattr(part, name)
        # Row by row: numpy scatters several rows at once much more slowly.
        rows = zip(target.reshape(-1, target.shape[-1]), values.reshape(-1, values.shape[-1]))
        for row, row_values in rows:
            row[places] = row_values


def take(solution: Solution, places) -> Solution:
    """The solution of the (m,) curves at those places."""
    return Solution(*(taken(getattr(solution, name), places) for name in solution.__dataclass_fields__))
