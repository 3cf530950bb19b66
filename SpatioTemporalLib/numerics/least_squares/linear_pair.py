"""Bounded least squares with two fixed curves, for very many measurements at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import clipped, like, namespace
from .box_quadratic import SMALLEST_DETERMINANT, best_coefficients


@dataclass(frozen=True)
class PairSolution:
    """Optimum ``a1 f + a2 c`` of each measurement.

    first, second : (n,) coefficients; sse : (n,) sums of squares
    first_variance, second_variance : (n,) for unit noise variance, zero on a bound
    first_at_limit, second_at_limit : (n,) bool
    """

    first: np.ndarray
    second: np.ndarray
    sse: np.ndarray
    first_variance: np.ndarray
    second_variance: np.ndarray
    first_at_limit: np.ndarray
    second_at_limit: np.ndarray


def solve_pair(measured, first_curve, second_curve, *, first_limit: float, second_limit: float) -> PairSolution:
    """Fit two non-negative, bounded coefficients to (T, n) measurements.

    Parameters
    ----------
    measured : (T, n) array, finite
    first_curve, second_curve : (T,) arrays
    first_limit, second_limit : float
        Upper bounds; the lower ones are zero.
    """
    xp = namespace(measured)
    measured = xp.asarray(measured, dtype=xp.float64)
    first_norm, second_norm = float(np.linalg.norm(first_curve)), float(np.linalg.norm(second_curve))
    f, c = like(first_curve / first_norm, measured), like(second_curve / second_norm, measured)
    overlap = f @ c
    limits = first_limit * first_norm, second_limit * second_norm
    best = best_coefficients(f @ measured, c @ measured, overlap, *limits)
    free = [(a > 0) & (a < limit) for a, limit in zip(best[:2], limits)]
    both = 1 / max(1 - float(overlap) ** 2, SMALLEST_DETERMINANT)
    variance = xp.where(free[0] & free[1], both, xp.ones_like(best.first))
    return PairSolution(
        first=best.first / first_norm,
        second=best.second / second_norm,
        sse=clipped(xp.einsum("tn,tn->n", measured, measured) - best.gain, 0.0, np.inf),
        first_variance=xp.where(free[0], variance, 0.0) / first_norm**2,
        second_variance=xp.where(free[1], variance, 0.0) / second_norm**2,
        first_at_limit=best.first >= limits[0],
        second_at_limit=best.second >= limits[1],
    )
