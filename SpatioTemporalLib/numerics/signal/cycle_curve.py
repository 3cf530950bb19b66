"""A smooth curve through samples of one cycle, or of a stretch of time, and its steepest slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

FINE = 400


@dataclass(frozen=True, eq=False)
class SmoothCurve:
    """A curve and its slope on a fine grid of times: times (N,) s, values (N,), slopes (N,) per s."""

    times: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    @property
    def steepest_rise(self) -> tuple[float, float]:
        """Largest slope, and when."""
        n = int(np.argmax(self.slopes))
        return float(self.slopes[n]), float(self.times[n])

    @property
    def steepest_fall(self) -> tuple[float, float]:
        """Largest slope downwards, as a positive number, and when."""
        n = int(np.argmin(self.slopes))
        return float(-self.slopes[n]), float(self.times[n])


def cycle_curve(times, values, period: float, harmonics: int) -> SmoothCurve:
    """The Fourier series of a period that lies nearest to the samples, by least squares.

    Parameters
    ----------
    times : (T,) s, rising; values : (T,)
    harmonics : of the series; fewer where there are not two samples and one for each.

    Notes
    -----
    Times need not be even.
    """
    times, values = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    orders = np.arange(1, max(min(harmonics, (len(times) - 1) // 2), 1) + 1)
    weights = np.linalg.lstsq(_series(times, period, orders), values, rcond=None)[0]
    fine = times[0] + np.linspace(0, period, FINE, endpoint=False)
    angular = 2 * np.pi * orders / period
    turned = np.concatenate([[0.0], angular * weights[len(orders) + 1 :], -angular * weights[1 : len(orders) + 1]])
    return SmoothCurve(fine, _series(fine, period, orders) @ weights, _series(fine, period, orders) @ turned)


def open_curve(times, values) -> SmoothCurve:
    """The cubic spline through the samples of a stretch of time."""
    times, values = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    fine = np.linspace(times[0], times[-1], FINE)
    if len(times) < 3:
        slope = np.diff(values)[0] / np.diff(times)[0]
        return SmoothCurve(fine, values[0] + slope * (fine - times[0]), np.full(FINE, slope))
    spline = CubicSpline(times, values, bc_type="not-a-knot" if len(times) > 3 else "natural")
    return SmoothCurve(fine, spline(fine), spline(fine, 1))


def _series(times: np.ndarray, period: float, orders: np.ndarray) -> np.ndarray:
    """(N, 2H + 1) columns of one, cosines and sines."""
    angles = 2 * np.pi * np.multiply.outer(times, orders) / period
    return np.concatenate([np.ones((len(times), 1)), np.cos(angles), np.sin(angles)], axis=1)
