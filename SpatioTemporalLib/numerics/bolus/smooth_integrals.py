"""Running integrals of curves that are smooth between frames, but for the bend at which contrast arrives."""

from __future__ import annotations

import numpy as np

from .bolus_arrival import noise_level

# A curve has left its baseline where it passes this part of its peak, and so many times its noise.
LEFT_PART, LEFT_NOISE = 2e-3, 4.0
# By so much of a frame the bend may be found outside the interval in which it has to be, and a knot away from its ends.
BEYOND, APART = 0.3, 1e-3
FEWEST_AFTER = 4
STRAIGHT = 1e-6


def smooth_integrals(times, curves: np.ndarray, bend: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Integrals and integrals of the integrals, both (T, n), of (T, n) curves from their first frame on.

    Parameters
    ----------
    times : (T,) array, s, any spacing
    bend : float, s, or None
        Between two frames: up to here curves are linear from frame to frame and
        keep the value of the last of them, from here on they are smooth.

    Notes
    -----
    Cubic splines without a condition at their ends (not-a-knot). The trapezoid
    rule misses h²/12 of the change in slope, which in a first pass at frames of
    3 s is some percent of vp; across a bend it misses up to h²/8 of the slope
    for all later times, and so does a spline.
    """
    times = np.asarray(times, dtype=float)
    once, twice = _weights(times, np.eye(len(times)), bend)
    return once @ curves, twice @ curves


def arrival_bend(times, curve) -> float | None:
    """Where between two frames a (T,) curve bends upwards, in s, or None where it begins gently.

    Notes
    -----
    A cubic through the first four frames that have left the baseline is followed
    back to zero. A curve that still accelerates there has no bend, but a foot
    that frames resolve.
    """
    times, curve = np.asarray(times, dtype=float), np.asarray(curve, dtype=float)
    least = max(LEFT_PART * curve.max(), LEFT_NOISE * float(noise_level(times, curve[:, None])[0]))
    first = int(np.argmax(curve > least))
    if first == 0 or len(curve) - first < FEWEST_AFTER:
        return None
    since, risen = times[first : first + FEWEST_AFTER] - times[first], curve[first : first + FEWEST_AFTER]
    # A straight rise has a bend, whatever rounding makes of its curvature.
    if np.polyfit(since[:3], risen[:3], 2)[0] > STRAIGHT * abs(risen).max() / since[2] ** 2:
        return None
    interval = times[first] - times[first - 1]
    roots = np.roots(np.polyfit(since, risen, 3))
    roots = roots[np.abs(roots.imag) < 1e-9 * interval].real
    near = roots[(roots >= -(1 + BEYOND) * interval) & (roots <= BEYOND * interval)]
    if not near.size:
        return None
    return float(times[first] + np.clip(near.max(), (APART - 1) * interval, -APART * interval))


def _weights(times: np.ndarray, unit: np.ndarray, bend: float | None) -> tuple[np.ndarray, np.ndarray]:
    """(T, T) weights of the frames in the integrals at each frame."""
    if bend is None:
        return _spline_integrals(times, unit, times)
    last = int(np.searchsorted(times, bend, side="right")) - 1
    before, once, twice = _linear_integrals(times[: last + 1], unit[: last + 1])
    step = bend - times[last]
    reached = once[-1] + step * before[-1]
    reached_twice = twice[-1] + step * once[-1] + step**2 / 2 * before[-1]
    knots = np.concatenate([[bend], times[last + 1 :]])
    values = np.concatenate([before[-1:], unit[last + 1 :]])
    added, added_twice = _spline_integrals(knots, values, times[last + 1 :])
    since = (times[last + 1 :] - bend)[:, None]
    return (
        np.concatenate([once, reached + added]),
        np.concatenate([twice, reached_twice + since * reached + added_twice]),
    )


def _linear_integrals(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values, and their integrals and twofold integrals where they are linear between times."""
    steps = np.diff(times)[:, None]
    zero = np.zeros((1, values.shape[1]))
    once = np.concatenate([zero, np.cumsum((values[1:] + values[:-1]) / 2 * steps, axis=0)])
    parts = once[:-1] * steps + steps**2 * (2 * values[:-1] + values[1:]) / 6
    return values, once, np.concatenate([zero, np.cumsum(parts, axis=0)])


def _spline_integrals(knots: np.ndarray, values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Importing all of scipy's interpolation takes longer than most analyses.
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(knots, values, axis=0)
    return spline.antiderivative(1)(times), spline.antiderivative(2)(times)
