"""Least squares in one or two bounded coefficients of unit-length curves, in closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import clipped

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
    With a1 at its clipped free value, a2 follows, clipped too. Where a2 keeps its
    bounds both are optimal; where it does not, the bound that it breaks holds at
    the bounded optimum, because the smallest sum of squares over a2 is convex in
    a1 and falls towards the broken bound. Solving for a1 once more is then right
    in both cases.
    """
    if on_second is None:
        first = clipped(on_first, 0.0, first_limit)
        return BestCoefficients(first, 0.0, first * (2 * on_first - first))
    determinant = clipped(1 - overlap * overlap, SMALLEST_DETERMINANT, np.inf)
    first = clipped((on_first - overlap * on_second) / determinant, 0.0, first_limit)
    second = clipped(on_second - overlap * first, 0.0, second_limit)
    first = clipped(on_first - overlap * second, 0.0, first_limit)
    gain = first * (2 * on_first - first) + second * (2 * (on_second - overlap * first) - second)
    return BestCoefficients(first, second, gain)
