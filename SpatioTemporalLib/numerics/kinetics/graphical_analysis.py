"""Straight lines through transformed tracer curves: Patlak and Logan plots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Line(NamedTuple):
    """(n,) slopes and intercepts with standard errors, and (T, n) fitted ordinates; NaN where there is no line."""

    slope: np.ndarray
    intercept: np.ndarray
    slope_error: np.ndarray
    intercept_error: np.ndarray
    ordinate: np.ndarray


def frame_integrals(curves: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """(T, n) integrals of frame averages from the first frame to each frame's middle.

    In a gap between two frames the curve has the mean of both.
    """
    areas = curves * (ends - starts)[:, None]
    gaps = np.maximum(starts[1:] - ends[:-1], 0.0)[:, None]
    between = np.concatenate([np.zeros_like(curves[:1]), (curves[1:] + curves[:-1]) / 2 * gaps])
    return np.cumsum(areas + between, axis=0) - areas / 2


def fitted_line(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Line:
    """Weighted straight line through (T, n) points, x and y; frames of weight zero are left out.

    weights : (T,) array
    """
    weights = weights[:, None] / weights.sum()
    x, y = np.broadcast_arrays(x, y)
    used = weights[:, 0] > 0
    count = int(used.sum())
    good = np.isfinite(x[used]).all(axis=0) & np.isfinite(y[used]).all(axis=0)
    x, y = np.where(used[:, None] & good, x, 0.0), np.where(used[:, None] & good, y, 0.0)
    mean_x, mean_y = (weights * x).sum(axis=0), (weights * y).sum(axis=0)
    dx, dy = x - mean_x, y - mean_y
    spread = (weights * dx * dx).sum(axis=0)
    good &= spread > 0
    safe = np.where(good, spread, 1.0)
    slope = np.where(good, (weights * dx * dy).sum(axis=0) / safe, np.nan)
    ordinate = np.where(used[:, None], mean_y + slope * dx, np.nan)
    residual = np.where(used[:, None], y - ordinate, 0.0)
    # The mean weighted square of residuals with two parameters taken off.
    variance = (weights * residual**2).sum(axis=0) / max(count - 2, 1)
    return Line(
        slope,
        mean_y - slope * mean_x,
        np.sqrt(variance / safe),
        np.sqrt(variance * (1 + mean_x**2 / safe)),
        ordinate,
    )
