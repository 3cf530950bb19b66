"""Least squares in one or two bounded coefficients of unit-length curves, in closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import clipped, namespace

SMALLEST_DETERMINANT = 1e-13


class BestCoefficients(NamedTuple):
    """Optimal coefficients and by how much they lower the sum of squares."""

    first: np.ndarray
    second: np.ndarray | float
    gain: np.ndarray


def best_coefficients(on_first, on_second, overlap, first_limit, second_limit) -> BestCoefficients:
    """Coefficients 0 <= a1 <= first_limit, 0 <= a2 <= second_limit of two unit curves f and c.

    Parameters
    ----------
    on_first, on_second : array
        Inner products <f, y> and <c, y>; the second is None for one curve only.
    overlap : array
        <f, c>.
    first_limit, second_limit : array or float

    Notes
    -----
    If the free optimum breaks bounds, at least one of the broken bounds holds
    with equality at the bounded optimum of a convex quadratic. Fixing each
    coefficient in turn at its clipped free value and solving for the other
    therefore reaches the optimum in at least one of two ways.
    """
    if on_second is None:
        first = clipped(on_first, 0.0, first_limit)
        return BestCoefficients(first, 0.0, first * (2 * on_first - first))
    xp = namespace(on_first)
    determinant = clipped(1 - overlap * overlap, SMALLEST_DETERMINANT, np.inf)
    first_a = clipped((on_first - overlap * on_second) / determinant, 0.0, first_limit)
    second_a = clipped(on_second - overlap * first_a, 0.0, second_limit)
    second_b = clipped((on_second - overlap * on_first) / determinant, 0.0, second_limit)
    first_b = clipped(on_first - overlap * second_b, 0.0, first_limit)
    gain_a = _gain(first_a, second_a, on_first, on_second, overlap)
    gain_b = _gain(first_b, second_b, on_first, on_second, overlap)
    better = gain_a >= gain_b
    return BestCoefficients(
        xp.where(better, first_a, first_b),
        xp.where(better, second_a, second_b),
        xp.where(better, gain_a, gain_b),
    )


def _gain(first, second, on_first, on_second, overlap):
    return first * (2 * on_first - first) + second * (2 * on_second - second - 2 * overlap * first)
