"""What a table of exponentials holds between its places, with two derivatives."""

from __future__ import annotations

import numpy as np

from ...signal.tabulated_exponentials import STEP, TabulatedExponentials


def with_slopes(table: TabulatedExponentials, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, R) coordinates of (K + corner) times the curves at (n,) places u = log(1 + K / corner), their first and
    second derivatives by u."""
    cell = np.minimum((u * (1 / STEP)).astype(np.intp), len(table.pieces) - 1)
    x = (u - STEP * cell)[:, None]
    cubic, square, linear, constant = np.moveaxis(table.pieces[cell], 1, 0)
    second = 3 * x * cubic
    value = cubic * x
    value += square
    second += square
    first = second + value
    first *= x
    first += linear
    value *= x
    value += linear
    value *= x
    value += constant
    second *= 2
    return value, first, second


def dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n,) products of the rows of two (n, R) arrays."""
    return np.einsum("nr,nr->n", x, y)
