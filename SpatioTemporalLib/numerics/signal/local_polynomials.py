"""Smooth functions tabulated on a uniform grid, as local polynomials that are cheap to evaluate."""

from __future__ import annotations

import numpy as np

from ..arrays import like

# Eleven nodes around the centre: within three grid steps the interpolation error is about 4e-4 h^11 f^(11).
REACH = 5
NODES = np.arange(-REACH, REACH + 1)
# Coefficients of the interpolating polynomial in s = (position - centre) / REACH, lowest power first.
TO_COEFFICIENTS = np.linalg.inv(np.vander(NODES / REACH, increasing=True))


def coefficients(samples: np.ndarray) -> np.ndarray:
    """(11, ...) polynomial coefficients from (11, ...) samples at the nodes around a centre."""
    flat = samples.reshape(len(samples), -1)
    return (like(TO_COEFFICIENTS, samples) @ flat).reshape(samples.shape)


def value_and_slope(coefficient: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value and derivative by s of polynomials given by (11, n) coefficients, at (n,) positions."""
    value = coefficient[-1] * s
    slope = 1.0 * coefficient[-1]
    for n in range(len(coefficient) - 2, 0, -1):
        value += coefficient[n]
        slope *= s
        slope += value
        value *= s
    value += coefficient[0]
    return value, slope


def grid_derivative(samples: np.ndarray, step: float) -> np.ndarray:
    """(G - 10, ...) derivative along the first axis at the inner points of a grid."""
    weights = TO_COEFFICIENTS[1] / (REACH * step)
    inner = len(samples) - 2 * REACH
    return sum(w * samples[n : n + inner] for n, w in enumerate(weights))
