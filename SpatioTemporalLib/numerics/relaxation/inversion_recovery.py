"""Recovery of the longitudinal magnetisation after inversion, of which the sign may be lost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..least_squares.separable.curve_family import CurveFamily, tabulate
from ..least_squares.separable.solver import solve


class Recovery(NamedTuple):
    """``a - b exp(-t rate)`` at its optimum for each of n curves.

    rate : 1/s. a, b, sse : (n,). converged, rate_at_edge : (n,) bool
    covariance : (3, 3, n) of (a, b, log rate) for unit noise variance.
    """

    rate: np.ndarray
    a: np.ndarray
    b: np.ndarray
    sse: np.ndarray
    converged: np.ndarray
    rate_at_edge: np.ndarray
    covariance: np.ndarray


def recovery_family(times, time_bounds: tuple[float, float]) -> CurveFamily:
    """Table of recoveries at (N,) times in s, without their mean, for time constants within bounds in s.

    Without the means the constant a drops out of the fit: the reduced-dimension
    search of Barral et al., Magn Reson Med 64:1057 (2010).
    """
    low, high = time_bounds

    def curve(rate):
        decay = np.exp(-rate[:, None] * np.asarray(times, dtype=float))
        return decay.mean(axis=1, keepdims=True) - decay

    return tabulate(curve, (1 / high, 1 / low))


def fit_recovery(signals, times, family: CurveFamily, *, magnitude: bool) -> Recovery:
    """Fit ``a - b exp(-t rate)`` with b not negative to (N, n) signals at (N,) rising times in s.

    magnitude : whether the sign of the signals is lost; then the optimum of
    ``|a - b exp(-t rate)|`` is found. Its sign changes once at most, so that
    with each number of first signals turned negative the fit is smooth, and
    the best of these fits is the optimum.
    """
    times = np.asarray(times, dtype=float)
    best = None
    for negative in range(len(times) + 1 if magnitude else 1):
        signed = np.array(signals, dtype=float)
        signed[:negative] *= -1
        found = _signed_fit(signed, times, family)
        best = found if best is None else _better(best, found)
    return best


def in_phase(real, imaginary) -> np.ndarray:
    """(N, n) signals with their sign from their real and imaginary parts at rising times, whatever their phase.

    Recovery is a straight line in the complex plane; its direction is the
    principal axis of the points, and it runs towards the last of them.
    """
    signals = np.asarray(real, dtype=float) + 1j * np.asarray(imaginary, dtype=float)
    around = signals - signals.mean(axis=0)
    turned = signals * np.exp(-0.5j * np.angle((around**2).sum(axis=0)))
    return turned.real * np.where(turned[-1].real >= turned[0].real, 1.0, -1.0)


def _signed_fit(signals, times, family: CurveFamily) -> Recovery:
    mean = signals.mean(axis=0)
    solution = solve(signals - mean, family)
    decay = np.exp(-solution.theta * times[:, None])
    mean_decay, mean_slope = decay.mean(axis=0), -(solution.theta * times[:, None] * decay).mean(axis=0)
    b = solution.linear
    a = mean + b * mean_decay
    # The mean is independent of b and the rate: a = mean + b * mean_decay.
    to_a = np.stack([mean_decay, b * mean_slope])
    inner = solution.covariance[np.ix_([0, 2], [0, 2])]
    covariance = np.empty((3, 3, len(b)))
    covariance[1:, 1:] = inner
    covariance[0, 1:] = covariance[1:, 0] = np.einsum("in,ijn->jn", to_a, inner)
    covariance[0, 0] = 1 / len(times) + np.einsum("in,ijn,jn->n", to_a, inner, to_a)
    return Recovery(
        solution.theta,
        a,
        b,
        # From the residuals: what the table leaves of the power of large signals is more than the rest of a good fit.
        ((signals - a + b * decay) ** 2).sum(axis=0),
        solution.converged,
        solution.theta_at_edge | (b <= 0),
        covariance,
    )


def _better(first: Recovery, second: Recovery) -> Recovery:
    lower = second.sse < first.sse
    return Recovery(*(np.where(lower, new, old) for old, new in zip(first, second)))
