"""When contrast arrives, from the bend in a curve."""

from __future__ import annotations

import numpy as np

STEPS_PER_FRAME = 4
# The rise must stand this far above the scatter of the frames before it.
SMALLEST_RISE = 4.0
SHORTEST_BASELINE = 2
# Part of the baseline by which its last frames may differ before they count as contrast.
SMALLEST_DRIFT = 5e-4


def bolus_arrival(times, curves) -> np.ndarray:
    """Time at which each curve leaves its baseline.

    Parameters
    ----------
    times : (T,) array, s
    curves : (T, n) array
        Signal or concentration that rises with contrast.

    Returns
    -------
    (n,) array, s
        NaN for curves that do not rise clearly above their baseline.

    Notes
    -----
    A constant followed by a rising quadratic is fitted to the frames up to the
    peak, for candidate bends at quarter frames; the best one is the arrival.
    Cheong et al., Phys Med Biol 48:N83 (2003), there called linear-quadratic.
    """
    times = np.asarray(times, dtype=float)
    curves = np.asarray(curves, dtype=float)
    arrival = np.full(curves.shape[1], np.nan)
    finite = np.isfinite(curves).all(axis=0)
    peak = np.where(finite[None], curves, 0.0).argmax(axis=0)
    # Curves with the same peak share their frames, hence one design serves them all.
    for last in np.unique(peak[finite & (peak >= 2)]):
        chosen = np.flatnonzero(finite & (peak == last))
        arrival[chosen] = _bend(times[: last + 1], curves[: last + 1, chosen])
    return arrival


def baseline_length(times, curve, arrival: float) -> int:
    """Number of first frames that still show the baseline, at least one.

    Parameters
    ----------
    times : (T,) array, s
    curve : (T,) array
    arrival : float, s
        The bend of the fitted rise. A real bolus begins more gently, so frames
        just before it that lie above the scatter of the earlier ones are
        contrast already and are not counted.
    """
    curve = np.asarray(curve, dtype=float)
    count = max(1, int(np.searchsorted(times, arrival, side="right")))
    while count > SHORTEST_BASELINE:
        earlier = curve[: count - 1]
        allowed = max(3 * earlier.std(), SMALLEST_DRIFT * abs(earlier.mean()))
        if curve[count - 1] - earlier.mean() <= allowed:
            break
        count -= 1
    return count


def _bend(times: np.ndarray, curves: np.ndarray) -> np.ndarray:
    best = np.full(curves.shape[1], -np.inf)
    arrival = np.full(curves.shape[1], np.nan)
    # A bend before the second frame leaves no baseline to measure.
    frames = np.arange(0, len(times) - 1.999, 1 / STEPS_PER_FRAME)
    bends = np.interp(frames, np.arange(len(times)), times)
    for bend, basis, slope_of in zip(bends, *_bases(times, bends)):
        projected = basis.T @ curves
        slope = slope_of @ projected
        gain = np.where(slope > 0, (projected**2).sum(axis=0), -np.inf)
        better = gain > best
        best = np.where(better, gain, best)
        arrival = np.where(better, bend, arrival)
    power = (curves**2).sum(axis=0)
    misfit = np.sqrt(np.maximum(power - np.maximum(best, 0.0), 0.0) / max(len(times) - 4, 1))
    return np.where(_rises_clearly(times, curves, arrival, misfit), arrival, np.nan)


def _bases(times: np.ndarray, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, T, 3) orthonormal bases of a constant and a rise from each bend, and (B, 3) what gives the rise its slope."""
    since = np.maximum(times - bends[:, None], 0.0) / (times[-1] - times[0])
    design = np.stack([np.ones_like(since), since, since**2], axis=2)
    basis, triangle = np.linalg.qr(design)
    # One frame after the bend determines a straight line, but no quadratic.
    straight = np.abs(np.diagonal(triangle, axis1=1, axis2=2)).min(axis=1) < 1e-9
    basis[straight, :, 2] = 0.0
    triangle[straight, :, 2] = (0.0, 0.0, 1.0)
    return basis, np.linalg.inv(triangle)[:, 1]


def _rises_clearly(times, curves, arrival, misfit) -> np.ndarray:
    before = times[:, None] <= np.where(np.isnan(arrival), times[0], arrival)
    count = before.sum(axis=0)
    mean = np.where(before, curves, 0.0).sum(axis=0) / count
    scatter = np.sqrt(np.where(before, (curves - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1))
    rise = curves[-1] - mean
    # One frame has no scatter, hence the misfit of the bend as the second witness of the noise.
    noise = np.maximum(scatter, misfit if len(times) > 4 else 0.0)
    return (rise > SMALLEST_RISE * noise) & (rise > 1e-6 * np.abs(curves).max(axis=0))
