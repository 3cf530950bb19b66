"""Series of slices moved in time to when another one was acquired."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

METHODS = ("fourier", "spline")


def shifted(series: np.ndarray, delay: float, method: str = METHODS[0]) -> np.ndarray:
    """(T, V) float32 of the series as they are `delay` frames later.

    Parameters
    ----------
    series : (T, V)
    delay : frames, from -1 to 1
    method : {"fourier", "spline"}

    Notes
    -----
    fourier : the phase of each frequency is turned by 2 pi f delay, the series
    followed by its mirror image, so that its end meets its beginning.
    spline : interpolating cubic spline, mirrored at the ends.
    """
    series = np.asarray(series, dtype=np.float32)
    if abs(delay) < 1e-9:
        return series.copy()
    return _by_phase(series, delay) if method == METHODS[0] else _by_spline(series, delay)


def _by_phase(series: np.ndarray, delay: float) -> np.ndarray:
    mean = series.mean(axis=0, dtype=np.float64).astype(np.float32)
    whole = np.concatenate([series - mean, (series - mean)[::-1]])
    frequency = np.arange(len(series) + 1) / len(whole)
    turn = np.exp(2j * np.pi * frequency * delay)
    # The highest frequency has no phase: what is left of it is its share.
    turn[-1] = turn[-1].real
    spectrum = np.fft.rfft(whole, axis=0) * turn[:, None]
    return (np.fft.irfft(spectrum, len(whole), axis=0)[: len(series)]).astype(np.float32) + mean


def _by_spline(series: np.ndarray, delay: float) -> np.ndarray:
    first = int(np.floor(delay))
    part = delay - first
    weights = np.array([(1 - part) ** 3, 4 - 6 * part**2 + 3 * part**3, 0.0, part**3]) / 6.0
    weights[2] = 1.0 - weights.sum()
    coefficients = ndimage.spline_filter1d(series.astype(np.float64), 3, axis=0, mode="mirror")
    padded = np.pad(coefficients, ((2, 3), (0, 0)), mode="reflect")
    count = len(series)
    moved = sum(w * padded[2 + first + n : 2 + first + n + count] for n, w in zip((-1, 0, 1, 2), weights))
    return moved.astype(np.float32)
