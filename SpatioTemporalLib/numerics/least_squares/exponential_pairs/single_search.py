"""The one exponential that fits each of very many curves best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pair_grid import SLACK_OF_GAIN, SLACK_OF_REST, PairGrid
from .table_slopes import dot

STEPS, FARTHEST = 8, 0.7
ROUNDING = 1e-9  # of a curve's length


class Singles(NamedTuple):
    """(n,) places in the table, amplitudes there, zero where nothing fits, and sums of squares in the table's space."""

    u: np.ndarray
    amplitude: np.ndarray
    sse: np.ndarray


def best_single(coordinates: np.ndarray, grid: PairGrid) -> Singles:
    """The best one of each of (n, R) curves."""
    power = dot(coordinates, coordinates)
    scaled = coordinates / np.sqrt(np.maximum(power, 1e-300))[:, None]
    along = np.maximum(grid.along(scaled, np.arange(len(power))), 0.0)
    peak = along > 0
    peak[:, 1:] &= along[:, 1:] >= along[:, :-1]
    peak[:, :-1] &= along[:, :-1] >= along[:, 1:]
    gain = along * along
    best = gain.max(axis=1, keepdims=True)
    peak &= gain >= best - SLACK_OF_REST * (1 - best) - SLACK_OF_GAIN * best
    curve, place = np.nonzero(peak)
    found = nearest_single(coordinates[curve], curve, grid.u[place], grid)
    # The lowest of each curve comes first.
    order = np.lexsort((found.sse, curve))
    curve = curve[order]
    new = np.flatnonzero(np.diff(curve, prepend=-1))
    whole = Singles(np.zeros(len(power)), np.zeros(len(power)), power.copy())
    for values, part in zip(whole, found):
        values[curve[new]] = part[order[new]]
    return whole


def what_adds(coordinates: np.ndarray, single: Singles, grid: PairGrid) -> np.ndarray:
    """(n,) bool whether another exponential lowers the sum of squares of (n, R) curves.

    Where none on the grid does, no mixture of any number of exponentials fits
    better (Lawson & Hanson, Solving Least Squares Problems, 1974, theorem 23.4).
    """
    everyone = np.arange(len(coordinates))
    left = coordinates - single.amplitude[:, None] * grid.slopes(single.u, everyone)[0]
    return (grid.along(left, everyone) > ROUNDING * np.sqrt(dot(coordinates, coordinates))[:, None]).any(axis=1)


def nearest_single(measured: np.ndarray, curve: np.ndarray, u: np.ndarray, grid: PairGrid) -> Singles:
    """The optimum near each of (m,) places, for (m, R) measurements that are the curves of (m,) numbers."""
    # The amplitude is eliminated, and Newton's steps are taken only where they help.
    at, far = _evaluated(measured, curve, u, grid), np.full(len(u), FARTHEST)
    for _ in range(STEPS):
        (place, _, sse), slope, curvature = at
        convex = curvature > 0
        step = np.where(convex, -slope / np.where(convex, curvature, 1.0), -np.sign(slope) * far)
        step = np.clip(step, -far, far)
        trial = _evaluated(measured, curve, np.clip(place + step, 0.0, grid.highest), grid)
        better = trial[0].sse < sse
        single = Singles(*(np.where(better, new, old) for new, old in zip(trial[0], at[0])))
        at = single, *(np.where(better, new, old) for new, old in zip(trial[1:], at[1:]))
        far = np.where(better, far, np.abs(step) / 4)
    return at[0]


def _evaluated(
    measured: np.ndarray, curve: np.ndarray, u: np.ndarray, grid: PairGrid
) -> tuple[Singles, np.ndarray, np.ndarray]:
    """What is reached, and half the slope and curvature of the sum of squares."""
    value, first, second = grid.slopes(u, curve)
    square = np.maximum(dot(value, value), 1e-300)
    amplitude = np.maximum(dot(measured, value) / square, 0.0)
    left = amplitude[:, None] * value - measured
    of_slope = dot(left, first)
    mixed = amplitude * dot(value, first) + of_slope
    curvature = amplitude**2 * dot(first, first) + amplitude * dot(left, second) - mixed**2 / square
    return Singles(u, amplitude, dot(left, left)), amplitude * of_slope, curvature
