"""Fits with an unknown delay of the input: a search over delays around any fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

REFINEMENTS = 4


def best_delays(
    measured: np.ndarray,
    misfit: Callable[[np.ndarray, float], np.ndarray],
    *,
    low: float,
    high: float,
    step: float,
) -> np.ndarray:
    """Delay in s of the input with the smallest misfit, for each curve.

    Parameters
    ----------
    measured : (T, n) array
    misfit : callable
        Gives the (n,) sums of squares of (T, n) curves for one delay in s.
    low, high, step : float, s
        The grid that is scanned; the neighbourhood of its best point is then
        halved four times, so the answer is a multiple of step / 16.

    Returns
    -------
    (n,) array, s
    """
    count = max(1, int(round((high - low) / step)))
    # Delays are counted in whole units of the finest step: equal delays are then equal numbers.
    finest = (high - low) / count / 2**REFINEMENTS
    scanned = np.arange(count + 1) * 2**REFINEMENTS
    sums = np.stack([misfit(measured, low + unit * finest) for unit in scanned])
    unit, best = scanned[sums.argmin(axis=0)], sums.min(axis=0)
    for level in range(REFINEMENTS - 1, -1, -1):
        for shift in (-(2**level), 2**level):
            unit, best = _try_shift(measured, misfit, unit, best, shift, (low, finest, scanned[-1]))
    return low + unit * finest


def best_shared_delay(measured: np.ndarray, misfit: Callable[[np.ndarray, float], np.ndarray], **grid: float) -> float:
    """The one delay in s with the smallest misfit of all curves together; arguments as in `best_delays`."""
    of_all = best_delays(np.zeros((1, 1)), lambda _, delay: misfit(measured, delay).sum(keepdims=True), **grid)
    return float(of_all[0])


def _try_shift(measured, misfit, unit, best, shift, grid):
    """Move each curve's delay by `shift` where that lowers its misfit."""
    low, finest, last = grid
    moved, lowest = unit.copy(), best.copy()
    for value in np.unique(unit):
        if not 0 <= value + shift <= last:
            continue
        chosen = np.flatnonzero(unit == value)
        sums = misfit(measured[:, chosen], low + (value + shift) * finest)
        better = sums < best[chosen]
        moved[chosen[better]] = value + shift
        lowest[chosen[better]] = sums[better]
    return moved, lowest
