"""Semi-quantitative measures of an enhancement curve."""

from __future__ import annotations

import numpy as np

PERSISTENT, PLATEAU, WASH_OUT = 1, 2, 3


def value_at(times, curves, time: float) -> np.ndarray:
    """(n,) values of (T, n) curves at a time, linear between frames; NaN outside the acquisition."""
    times = np.asarray(times, dtype=float)
    if not times[0] <= time <= times[-1]:
        return np.full(curves.shape[1], np.nan)
    frame = int(np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2))
    part = (time - times[frame]) / (times[frame + 1] - times[frame])
    return (1 - part) * curves[frame] + part * curves[frame + 1]


def initial_area(times, curves, arrival: float, duration: float) -> np.ndarray:
    """(n,) integral of (T, n) curves over `duration` s from arrival; NaN if the acquisition ends sooner.

    Exact for curves linear between frames, with interpolated end points.
    """
    times = np.asarray(times, dtype=float)
    end = arrival + duration
    if end > times[-1] or arrival < times[0]:
        return np.full(curves.shape[1], np.nan)
    inner = (times > arrival) & (times < end)
    knots = np.concatenate([[arrival], times[inner], [end]])
    values = np.concatenate([[value_at(times, curves, arrival)], curves[inner], [value_at(times, curves, end)]])
    return np.trapezoid(values, knots, axis=0)


def peak_measures(times, curves, arrival: float) -> dict[str, np.ndarray]:
    """Height and time of the peak, and the mean slopes before and after it.

    Parameters
    ----------
    times : (T,) array, s
    curves : (T, n) array
        Enhancement: zero before arrival.
    arrival : float, s

    Returns
    -------
    dict of (n,) arrays
        ``maximum_enhancement`` in the curves' unit, ``time_to_peak`` in s since
        arrival, ``wash_in_slope`` and ``wash_out_slope`` in unit per s. Curves
        that never rise above zero have no time to peak and no slopes; a peak in
        the last frame leaves no wash-out.
    """
    times = np.asarray(times, dtype=float)
    first = min(int(np.searchsorted(times, arrival, side="right")), len(times) - 1)
    later = curves[first:]
    at = later.argmax(axis=0)
    peak = np.take_along_axis(later, at[None], axis=0)[0]
    peak_time = times[first + at]
    rises = peak > 0
    to_peak = np.where(rises, peak_time - arrival, np.nan)
    remaining = times[-1] - peak_time
    with np.errstate(divide="ignore", invalid="ignore"):
        wash_in = np.where(to_peak > 0, peak / to_peak, np.nan)
        wash_out = np.where(rises & (remaining > 0), (curves[-1] - peak) / remaining, np.nan)
    return {
        "maximum_enhancement": peak,
        "time_to_peak": to_peak,
        "wash_in_slope": wash_in,
        "wash_out_slope": wash_out,
    }


def maximum_slope(times, curves, arrival: float, points: int = 3) -> np.ndarray:
    """(n,) steepest rise of (T, n) curves, by straight lines through so many frames of which the last is after arrival.

    NaN where there are not so many frames.
    """
    times = np.asarray(times, dtype=float)
    steepest = np.full(curves.shape[1], np.nan)
    for last in range(max(points - 1, int(np.searchsorted(times, arrival, side="right"))), len(times)):
        frames = slice(last - points + 1, last + 1)
        centred = times[frames] - times[frames].mean()
        slope = np.tensordot(centred, curves[frames], axes=1) / (centred**2).sum()
        steepest = np.fmax(steepest, slope)
    return steepest


def signal_enhancement_ratio(early, late) -> np.ndarray:
    """(n,) early over late enhancement, NaN where either is not positive (Hylton et al., Radiology 263:663, 2012)."""
    usable = (early > 0) & (late > 0)
    return np.where(usable, early / np.where(usable, late, 1.0), np.nan)


def curve_type(early_signal, late_signal, *, threshold: float = 0.10) -> np.ndarray:
    """Persistent (1), plateau (2) or wash-out (3) by the change from early peak to late, as a part of the early signal.

    Kuhl et al., Radiology 211:101 (1999); 0 where the early signal is not positive.
    """
    usable = early_signal > 0
    change = np.where(usable, late_signal / np.where(usable, early_signal, 1.0) - 1, 0.0)
    kind = np.where(change > threshold, PERSISTENT, np.where(change < -threshold, WASH_OUT, PLATEAU))
    return np.where(usable, kind, 0).astype(np.uint8)
