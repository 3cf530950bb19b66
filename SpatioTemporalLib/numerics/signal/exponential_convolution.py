"""Convolution of a piecewise linear input with exponentials, exact on any time grid."""

from __future__ import annotations

import numpy as np

# Below this the closed forms lose digits by cancellation; six terms of the series are then exact to 1e-14.
SERIES_BELOW = 1e-2
RATES_AT_ONCE = 256  # keeps the weights of all intervals within the processor's cache


def exponential_convolution(input_times, input_values, rates, times) -> np.ndarray:
    """Integral of ``exp(-rate (t - s)) input(s)`` over s up to t, for each rate and time.

    Parameters
    ----------
    input_times : (N,) array, s
        Strictly rising, any spacing.
    input_values : (N,) array
        The input is linear between its samples, zero before the first and
        constant after the last.
    rates : (...,) array, 1/s
        Zero gives the running integral; may be complex, and then so is the result.
    times : (T,) array, s
        Strictly rising; need not coincide with `input_times`.

    Returns
    -------
    (..., T) array
        In the unit of the input times s.

    Notes
    -----
    The recursion over one interval dt with x = rate dt is
    ``G+ = exp(-x) G + dt [c0 (p1 - p2) + c1 p2]`` with p1 = (1 - exp(-x)) / x
    and p2 = (1 - p1) / x; the same form is given by Flouri et al., Magn Reson
    Med 76:998 (2016).
    """
    rates = np.asarray(rates, dtype=complex if np.iscomplexobj(rates) else float)
    knots, values, wanted = _common_grid(input_times, input_values, times)
    flat = rates.reshape(-1)
    convolved = np.empty((flat.size, len(wanted)), dtype=flat.dtype)
    for start in range(0, flat.size, RATES_AT_ONCE):
        chunk = slice(start, start + RATES_AT_ONCE)
        convolved[chunk] = _recursion(np.diff(knots), values, flat[chunk])[wanted].T
    return convolved.reshape(*rates.shape, len(wanted))


def running_integral(input_times, input_values, times) -> np.ndarray:
    """(T,) integral of a piecewise linear input from its first sample up to each time."""
    return exponential_convolution(input_times, input_values, 0.0, times)


def sampled_input(input_times, input_values, times, *, delay: float = 0.0) -> np.ndarray:
    """(T,) values of the input at other times: zero before its first sample, constant after its last."""
    return np.interp(np.asarray(times, float) - delay, input_times, input_values, left=0.0)


def _recursion(steps: np.ndarray, values: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """(N, G) convolution at every knot."""
    # A finely sampled input has many intervals of few lengths, and the exponentials are what takes time.
    lengths, which = np.unique(steps, return_inverse=True)
    if 4 * len(lengths) < len(steps):
        decay, start, end = (weights[which] for weights in _interval_weights(rates * lengths[:, None]))
    else:
        decay, start, end = _interval_weights(rates * steps[:, None])
    added = steps[:, None] * (values[:-1, None] * start + values[1:, None] * end)
    convolved = np.zeros((len(values), rates.size), dtype=rates.dtype)
    for n in range(len(steps)):
        convolved[n + 1] = decay[n] * convolved[n] + added[n]
    return convolved


def _common_grid(input_times, input_values, times):
    """Knots at which the input bends or is asked for, its values there, and where the asked times stand."""
    input_times = np.asarray(input_times, dtype=float)
    times = np.asarray(times, dtype=float)
    knots = np.union1d(input_times, times[times > input_times[0]])
    values = np.interp(knots, input_times, input_values)
    # Times before the first sample see no input yet: they stand at the first knot, where the integral is zero.
    wanted = np.searchsorted(knots, np.maximum(times, knots[0]))
    return knots, values, wanted


def _interval_weights(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """exp(-x), p1 - p2 and p2 (see `exponential_convolution`)."""
    small = np.abs(x) < SERIES_BELOW
    safe = np.where(small, 1.0, x)
    decayed = np.expm1(-x)
    p1 = -decayed / safe
    p2 = (1 - p1) / safe
    p1[small], p2[small] = _series(x[small], 1), _series(x[small], 2)
    return 1 + decayed, p1 - p2, p2


def _series(x: np.ndarray, first: int) -> np.ndarray:
    """Sum of (-x)^n / (n + first)! for n = 0..6, by Horner's rule."""
    total = np.ones_like(x)
    for n in range(6, 0, -1):
        total = 1 - x * total / (n + first)
    return total / first
