"""Optimum of models with one non-linear parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import like, namespace

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


def put(solution: Solution, curve, part: Solution, chosen) -> None:
    """Write the chosen curves of another solution in the places `curve`."""
    for name in solution.__dataclass_fields__:
        getattr(solution, name)[..., curve] = getattr(part, name)[..., chosen]
