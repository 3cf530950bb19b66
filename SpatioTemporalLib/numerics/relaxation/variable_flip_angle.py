"""T1 from spoiled gradient echo images at several flip angles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..least_squares.amplitude_fit import AmplitudeFit, fit_amplitude
from ..least_squares.separable.curve_family import CurveFamily, tabulate
from .spoiled_gradient_echo import spoiled_gradient_echo_signal

GROUPS, CANDIDATES = 4, 10
MOST_ROUNDS = 50
SMALL_CHANGE = 1e-10


class LinearRelaxation(NamedTuple):
    """R1 in 1/s and S0 from a straight line, NaN where its slope has no R1; sse of the signal."""

    r1: np.ndarray
    s0: np.ndarray
    sse: np.ndarray


def flip_angle_family(flip_angles, repetition_time: float, *, t1_bounds: tuple[float, float]) -> CurveFamily:
    """Table for the non-linear fit of R1 and S0 to signals at (N,) flip angles in degrees.

    theta is R1 in 1/s, the linear coefficient S0. `repetition_time` and the
    bounds of T1 are in s. The fit is that of the signal itself, which the
    linearised form of Gupta (J Magn Reson 25:231, 1977) biases at low signal
    to noise (Chang et al., Magn Reson Med 60:496, 2008).
    """
    low, high = t1_bounds
    return tabulate(
        lambda r1: spoiled_gradient_echo_signal(r1[:, None], np.asarray(flip_angles), repetition_time),
        (1 / high, 1 / low),
    )


def fit_flip_angles(signals, flip_angles, repetition_time: float, *, t1_bounds) -> AmplitudeFit:
    """The same fit for (N, n) signals whose (N, n) flip angles differ from voxel to voxel; the parameter is log R1."""
    low, high = -np.log(t1_bounds[1]), -np.log(t1_bounds[0])
    angles = np.asarray(flip_angles, dtype=float).T

    def shape(parameters, problem):
        return spoiled_gradient_echo_signal(np.exp(parameters[0])[:, None], angles[problem], repetition_time)

    candidates = np.linspace(low, high, GROUPS * CANDIDATES).reshape(1, GROUPS, CANDIDATES)
    return fit_amplitude(np.asarray(signals).T, shape, candidates, ([low], [high]), shared=False)


def fit_line(signals, flip_angles, repetition_time: float, *, weighted: bool) -> LinearRelaxation:
    """R1 and S0 from the straight line of S / sin against S / tan of the flip angle.

    Parameters
    ----------
    signals : (N, n) array
    flip_angles : (N,) or (N, n) array, degrees
    repetition_time : float, s
    weighted : bool
        Whether each point has the weight that makes the line the least squares
        fit of the signal, found by iteration.

    Notes
    -----
    Gupta, J Magn Reson 25:231 (1977); Deoni et al., Magn Reson Med 49:515
    (2003). Weights: Chang et al., Magn Reson Med 60:496 (2008), eq. 8.
    """
    signals = np.asarray(signals, dtype=float)
    angles = np.deg2rad(np.asarray(flip_angles, dtype=float))
    angles = angles[:, None] if angles.ndim == 1 else angles
    x, y = signals / np.tan(angles), signals / np.sin(angles)
    slope, intercept = _line(x, y, np.ones_like(x))
    for _ in range(MOST_ROUNDS if weighted else 0):
        usable = np.where((slope > 0) & (slope < 1), slope, 0.0)
        weights = (np.sin(angles) / (1 - usable * np.cos(angles))) ** 2
        previous = slope
        slope, intercept = _line(x, y, weights)
        if not (np.abs(slope - previous) > SMALL_CHANGE * np.abs(1 - slope)).any():
            break
    with np.errstate(divide="ignore", invalid="ignore"):
        r1 = np.where((slope > 0) & (slope < 1), -np.log(np.where(slope > 0, slope, 1.0)) / repetition_time, np.nan)
        s0 = intercept / (1 - slope)
        fitted = spoiled_gradient_echo_signal(r1, np.rad2deg(angles), repetition_time, s0)
    return LinearRelaxation(r1, s0, ((signals - fitted) ** 2).sum(axis=0))


def _line(x, y, weights) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept of the weighted straight line through (N, n) points."""
    total = weights.sum(axis=0)
    mean_x, mean_y = (weights * x).sum(axis=0) / total, (weights * y).sum(axis=0) / total
    spread = (weights * (x - mean_x) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (weights * (x - mean_x) * (y - mean_y)).sum(axis=0) / spread
    return slope, mean_y - slope * mean_x
