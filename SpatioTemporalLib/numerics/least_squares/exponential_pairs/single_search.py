"""The one exponential that fits each of very many curves best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pair_grid import SLACK_OF_GAIN, SLACK_OF_REST, PairGrid
from .table_slopes import dot, with_slopes

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
    along = np.maximum(scaled.astype(np.float32) @ grid.unit.astype(np.float32), 0.0)
    peak = along > 0
    peak[:, 1:] &= along[:, 1:] >= along[:, :-1]
    peak[:, :-1] &= along[:, :-1] >= along[:, 1:]
    gain = along * along
    best = gain.max(axis=1, keepdims=True)
    peak &= gain >= best - SLACK_OF_REST * (1 - best) - SLACK_OF_GAIN * best
    curve, place = np.nonzero(peak)
    found = _searched(coordinates[curve], grid.u[place], grid)
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
    left = coordinates - single.amplitude[:, None] * with_slopes(grid.table, single.u)[0]
    return ((left @ grid.unit) > ROUNDING * np.sqrt(dot(coordinates, coordinates))[:, None]).any(axis=1)


def _searched(measured: np.ndarray, u: np.ndarray, grid: PairGrid) -> Singles:
    """Newton's steps with the amplitude eliminated, taken only where they help."""
    at, far = _evaluated(measured, u, grid), np.full(len(u), FARTHEST)
    for _ in range(STEPS):
        (place, _, sse), slope, curvature = at
        convex = curvature > 0
        step = np.where(convex, -slope / np.where(convex, curvature, 1.0), -np.sign(slope) * far)
        step = np.clip(step, -far, far)
        trial = _evaluated(measured, np.clip(place + step, 0.0, grid.highest), grid)
        better = trial[0].sse < sse
        single = Singles(*(np.where(better, new, old) for new, old in zip(trial[0], at[0])))
        at = single, *(np.where(better, new, old) for new, old in zip(trial[1:], at[1:]))
        far = np.where(better, far, np.abs(step) / 4)
    return at[0]


def _evaluated(measured: np.ndarray, u: np.ndarray, grid: PairGrid) -> tuple[Singles, np.ndarray, np.ndarray]:
    """What is reached, and half the slope and curvature of the sum of squares."""
    curve, first, second = with_slopes(grid.table, u)
    square = np.maximum(dot(curve, curve), 1e-300)
    amplitude = np.maximum(dot(measured, curve) / square, 0.0)
    left = amplitude[:, None] * curve - measured
    of_slope = dot(left, first)
    mixed = amplitude * dot(curve, first) + of_slope
    curvature = amplitude**2 * dot(first, first) + amplitude * dot(left, second) - mixed**2 / square
    return Singles(u, amplitude, dot(left, left)), amplitude * of_slope, curvature
