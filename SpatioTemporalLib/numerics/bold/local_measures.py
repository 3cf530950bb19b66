"""Measures of a voxel's own fluctuations, and of how alike its neighbours' are."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

NEIGHBOURHOODS = {7: 1, 19: 2, 27: 3}
BAND_HZ = (0.01, 0.08)
TIMESCALES = ("area under the autocorrelation", "half width", "exponential", "first lag")


def fluctuation_amplitudes(series: np.ndarray, step: float, band=BAND_HZ) -> tuple[np.ndarray, np.ndarray]:
    """(V,) mean amplitude within a band, in the unit of the series, and its share of all amplitudes above zero.

    Parameters
    ----------
    series : (T, V), not band-passed
    step : s between frames

    Notes
    -----
    An amplitude is 2 |F| / T of the discrete Fourier transform F. ALFF: Zang et
    al., Brain Dev 29:83 (2007); fALFF: Zou et al., J Neurosci Methods 172:137 (2008).
    """
    frames = len(series)
    amplitude = 2 * np.abs(fft.rfft(series - series.mean(axis=0), axis=0)) / frames
    frequency = fft.rfftfreq(frames, step)
    inside = (frequency >= band[0]) & (frequency <= band[1])
    within = amplitude[inside]
    total = amplitude[1:].sum(axis=0)
    share = np.divide(within.sum(axis=0), total, out=np.full(total.shape, np.nan), where=total > 0)
    return within.mean(axis=0), share


def regional_homogeneity(series: np.ndarray, inside: np.ndarray, neighbours: int = 27, fewest: int = 4) -> np.ndarray:
    """(V,) Kendall's W of each voxel and its neighbours within a mask; NaN with fewer than so many.

    Parameters
    ----------
    series : (T, V) of the voxels of a mask (K, J, I)
    neighbours : 7 (faces), 19 (and edges) or 27 (and corners), the voxel itself among them

    Notes
    -----
    Zang et al., NeuroImage 22:394 (2004); equal values share their mean rank, and W is divided by what their ties
    leave of its range (Kendall and Gibbons, Rank correlation methods, 1990).
    """
    frames = len(series)
    near = ndimage.generate_binary_structure(3, NEIGHBOURHOODS[neighbours]).astype(np.float32)
    ranks, ties = _ranks(series)
    count = ndimage.convolve(inside.astype(np.float32), near, mode="constant")[inside]
    squares, total = np.zeros(len(count)), np.zeros(len(count))
    volume = np.zeros(inside.shape, dtype=np.float32)
    for frame in ranks:
        volume[inside] = frame
        summed = ndimage.convolve(volume, near, mode="constant")[inside].astype(np.float64)
        squares += summed**2
        total += summed
    volume[inside] = ties
    tied = ndimage.convolve(volume, near, mode="constant")[inside]
    spread = squares - total**2 / frames
    largest = (count**2 * (frames**3 - frames) - count * tied) / 12
    w = np.divide(spread, largest, out=np.full(len(count), np.nan), where=largest > 0)
    return np.where(count >= fewest, w, np.nan)


def timescale(series: np.ndarray, step: float, kind: str, longest: float = 30.0) -> np.ndarray:
    """(V,) s over which a signal remembers itself, by one of `TIMESCALES`.

    Notes
    -----
    Area: step times the sum of the autocorrelation from lag 0 to before it first
    reaches zero (Watanabe, Rees and Masuda, eLife 8:e42256, 2019). Half width: lag
    at which it falls to a half, linear between lags, both sides together (Raut et
    al., PNAS 117:20890, 2020). Exponential: A (exp(-t / tau) + B) (Murray et al.,
    Nat Neurosci 17:1661, 2014), by least squares on lags up to `longest`. First
    lag: -step / ln r(1).
    """
    lags = min(int(longest / step) + 1, len(series) - 1)
    correlation = autocorrelation(series, lags)
    if kind == TIMESCALES[0]:
        above = np.cumprod(correlation > 0, axis=0)
        return step * (correlation * above).sum(axis=0)
    if kind == TIMESCALES[1]:
        return 2 * step * _first_below(correlation, 0.5)
    if kind == TIMESCALES[2]:
        return _exponential(correlation, step)
    first = correlation[1]
    logarithm = np.log(np.where((first > 0) & (first < 1), first, 0.5))
    return np.where((first > 0) & (first < 1), -step / logarithm, np.nan)


def autocorrelation(series: np.ndarray, lags: int) -> np.ndarray:
    """(lags + 1, V), each product divided by all frames, so that it never leaves -1..1."""
    centred = series - series.mean(axis=0)
    power = np.einsum("tv,tv->v", centred, centred)
    power = np.where(power > 0, power, np.nan)
    frames = len(series)
    return np.stack([np.einsum("tv,tv->v", centred[lag:], centred[: frames - lag]) / power for lag in range(lags + 1)])


def _ranks(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, V) ranks from 1, equal values sharing their mean, and (V,) sum of t^3 - t of ties of t."""
    order = np.argsort(series, axis=0, kind="stable")
    ordered = np.take_along_axis(series, order, axis=0)
    frames, voxels = series.shape
    new = np.ones(series.shape, dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    positions = np.arange(frames)[:, None]
    first = np.maximum.accumulate(np.where(new, positions, 0), axis=0)
    ends = np.ones(series.shape, dtype=bool)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, positions, frames)[::-1], axis=0)[::-1]
    ranks = np.empty(series.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, ((first + last) / 2 + 1).astype(np.float32), axis=0)
    size = (last - first + 1).astype(np.float64)
    # Each tie of t is met t times.
    return ranks, (size**2 - 1).sum(axis=0)


def _first_below(correlation: np.ndarray, level: float) -> np.ndarray:
    """(V,) lag, between frames, at which a curve first falls below a level; NaN where it never does."""
    below = correlation < level
    place = below.argmax(axis=0)
    at = np.clip(place, 1, None)
    high = np.take_along_axis(correlation, (at - 1)[None], axis=0)[0]
    low = np.take_along_axis(correlation, at[None], axis=0)[0]
    part = np.divide(high - level, high - low, out=np.zeros(high.shape), where=high > low)
    return np.where(below.any(axis=0), at - 1 + part, np.nan)


def _exponential(correlation: np.ndarray, step: float) -> np.ndarray:
    """(V,) s; a search over timescales, A and A B by least squares at each, between them by a parabola."""
    lags = np.arange(1, len(correlation)) * step
    scales = np.geomspace(step / 4, 4 * lags[-1], 80)
    misfit = np.empty((len(scales), correlation.shape[1]))
    values = correlation[1:]
    for n, scale in enumerate(scales):
        basis = np.linalg.qr(np.stack([np.exp(-lags / scale), np.ones(len(lags))], axis=1))[0]
        left = values - basis @ (basis.T @ values)
        misfit[n] = (left**2).sum(axis=0)
    place = misfit.argmin(axis=0)
    inner = np.clip(place, 1, len(scales) - 2)
    before, at, after = (np.take_along_axis(misfit, (inner + k)[None], axis=0)[0] for k in (-1, 0, 1))
    curved = 2 * (before - 2 * at + after)
    between = np.divide(before - after, curved, out=np.zeros(at.shape), where=curved > 0)
    found = np.exp(np.interp(inner + np.clip(between, -1, 1), np.arange(len(scales)), np.log(scales)))
    return np.where(place == inner, found, np.nan)
