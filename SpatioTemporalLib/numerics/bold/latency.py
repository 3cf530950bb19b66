"""Which region is ahead of which: delays of many signals from their lagged covariances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

VOXELS_AT_A_TIME = 1024


class Latency(NamedTuple):
    """Of N signals.

    delay : (N, N) s; above zero where the second is later, NaN where there is none. peak : (N, N) correlation there.
    """

    delay: np.ndarray
    peak: np.ndarray


def latency_matrix(series: np.ndarray, step: float, longest: float, blocks: np.ndarray | None = None) -> Latency:
    """Delays between all pairs of N signals.

    Parameters
    ----------
    series : (T, N)
    step : s between frames
    longest : s; delays at it or beyond are none
    blocks : (T,) number of the uninterrupted part each frame belongs to, -1 for frames that are left out

    Notes
    -----
    Mitra et al., J Neurophysiol 111:2374 (2014); Raut et al., NeuroImage 194:211
    (2019): the extreme of the lagged covariance of the sign that it has without a
    lag, between frames by a parabola; at an end of the range there is none.
    """
    frames, count = series.shape
    blocks = np.zeros(frames, dtype=int) if blocks is None else np.asarray(blocks)
    kept = blocks >= 0
    centred = np.where(kept[:, None], series - series[kept].mean(axis=0), 0.0).astype(np.float64)
    most = int(round(longest / step)) + 1
    covariances = np.empty((2 * most + 1, count, count))
    for lag in range(most + 1):
        together = kept[lag:] & (blocks[lag:] == blocks[: frames - lag]) & kept[: frames - lag]
        number = max(int(together.sum()), 1)
        later = (centred[: frames - lag][together].T @ centred[lag:][together]) / number
        covariances[most + lag], covariances[most - lag] = later, later.T
    power = np.sqrt(np.maximum(np.diag(covariances[most]), 1e-300))
    covariances /= power[:, None] * power[None, :]
    sign = np.sign(covariances[most])
    return _peaks(covariances * sign, sign, step, longest, most)


def _peaks(curves: np.ndarray, sign: np.ndarray, step: float, longest: float, most: int) -> Latency:
    place = curves.argmax(axis=0)
    inner = np.clip(place, 1, len(curves) - 2)
    before, at, after = (np.take_along_axis(curves, (inner + k)[None], axis=0)[0] for k in (-1, 0, 1))
    curved = 2 * (before - 2 * at + after)
    between = np.divide(before - after, curved, out=np.zeros(at.shape), where=curved < 0)
    delay = step * (place - most + np.clip(between, -0.5, 0.5))
    delay[(place != inner) | (np.abs(delay) > longest) | (sign == 0)] = np.nan
    np.fill_diagonal(delay, 0.0)
    # The two halves are made of the same numbers; rounding may still make them differ in whether there is one.
    half = np.triu(delay, 1)
    delay = half - half.T
    return Latency(delay, at * sign)


def latency_projection(latency: Latency, weighted: bool = False) -> np.ndarray:
    """(N,) mean delay of each signal against all others, s; late ones are above zero.

    weighted : by tan(pi/2 (1 - |r|))^-2 of the correlation without a lag (Raut et al. 2019).
    """
    delay = latency.delay.copy()
    np.fill_diagonal(delay, np.nan)
    weight = np.where(np.isfinite(delay), 1.0, 0.0)
    if weighted:
        angle = np.tan(np.pi / 2 * (1 - np.clip(np.abs(latency.peak), 0, 1 - 1e-9)))
        weight *= 1 / np.maximum(angle, 1e-6) ** 2
    total = weight.sum(axis=0)
    return np.divide(
        (weight * np.nan_to_num(delay)).sum(axis=0), total, out=np.full(len(delay), np.nan), where=total > 0
    )


def lag_threads(latency: Latency, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, N) orders of delays that occur at once, s, and (count,) share of the variance each explains.

    Principal components of the columns of the delay matrix, each less its mean; the largest loading is above zero
    (Mitra et al., PNAS 112:E2235, 2015).
    """
    delay = np.nan_to_num(latency.delay)
    centred = delay - delay.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    chosen = directions[:count]
    sign = np.sign(np.take_along_axis(chosen, np.abs(chosen).argmax(axis=1)[:, None], axis=1))
    power = singular**2
    scale = singular[:count, None] / np.sqrt(len(delay))
    return chosen * sign * scale, power[:count] / max(power.sum(), 1e-300)


def lag_to(series: np.ndarray, reference: np.ndarray, step: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """(V,) s by which each signal (T, V) is later than a reference (T,), and the correlation there; NaN at an end.

    All lags of all voxels are one matrix product with the lagged references.
    """
    frames = len(series)
    most = int(round(longest / step)) + 1
    centred = reference - reference.mean()
    lagged = np.zeros((2 * most + 1, frames))
    for lag in range(-most, most + 1):
        if lag >= 0:
            lagged[most + lag, lag:] = centred[: frames - lag]
        else:
            lagged[most + lag, :lag] = centred[-lag:]
    norm = np.linalg.norm(lagged, axis=1)
    lagged /= np.where(norm > 0, norm, 1.0)[:, None]
    series = np.asarray(series)
    lagged = lagged.astype(series.dtype)
    delays, peaks = np.empty(series.shape[1]), np.empty(series.shape[1])
    for start in range(0, series.shape[1], VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        values = series[:, part] - series[:, part].mean(axis=0, dtype=np.float64).astype(series.dtype)
        power = np.sqrt(np.einsum("tv,tv->v", values, values))
        curves = (lagged @ values) / np.where(power > 0, power, np.inf)
        delays[part], peaks[part] = _extreme(curves, step, longest, most)
        delays[part][power == 0] = np.nan
    return delays, peaks


def _extreme(curves: np.ndarray, step: float, longest: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(V,) s at which curves (L, V) are farthest from zero, between frames by a parabola, and what they are there."""
    place = np.abs(curves).argmax(axis=0)
    inner = np.clip(place, 1, len(curves) - 2)
    before, at, after = (np.take_along_axis(curves, (inner + k)[None], axis=0)[0] for k in (-1, 0, 1))
    sign = np.sign(at)
    curved = 2 * sign * (before - 2 * at + after)
    between = np.divide(sign * (before - after), curved, out=np.zeros(at.shape), where=curved < 0)
    delay = step * (place - most + np.clip(between, -0.5, 0.5))
    delay = np.where((place != inner) | (np.abs(delay) > longest), np.nan, delay)
    return delay, at
