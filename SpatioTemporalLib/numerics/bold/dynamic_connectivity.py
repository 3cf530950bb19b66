"""How correlations change while a run goes on, and whether more than chance makes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

SAME_DIGITS = 9


class States(NamedTuple):
    """centres : (S, E). of_window : (W,) state of each. shares, dwell : (S,) of windows, and mean windows in a row."""

    centres: np.ndarray
    of_window: np.ndarray
    shares: np.ndarray
    dwell: np.ndarray


def windowed(series: np.ndarray, length: int, stride: int, taper: float) -> tuple[np.ndarray, np.ndarray]:
    """(W, E) Fisher's z of the correlation of each pair in windows, and the (W,) first frame of each.

    Parameters
    ----------
    series : (T, R). length, stride : frames.
    taper : standard deviation, frames, of the Gaussian that the window's box is smoothed with; 0 for none

    Notes
    -----
    Allen et al., Cereb Cortex 24:663 (2014).
    """
    frames, count = series.shape
    weight = np.ones(length)
    if taper > 0:
        weight = ndimage.gaussian_filter1d(np.pad(weight, int(4 * taper)), taper)[int(4 * taper) : -int(4 * taper)]
    weight = weight / weight.sum()
    starts = np.arange(0, frames - length + 1, stride)
    upper = np.triu_indices(count, 1)
    found = np.empty((len(starts), len(upper[0])))
    for n, start in enumerate(starts):
        part = series[start : start + length]
        part = part - weight @ part
        covariance = (part * weight[:, None]).T @ part
        scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
        found[n] = np.arctanh(np.clip((covariance / np.outer(scale, scale))[upper], -0.999999, 0.999999))
    return found, starts


def phase_randomised(series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, R) signals of the same spectra and correlations, whose correlations do not change but by chance.

    Prichard and Theiler, Phys Rev Lett 73:951 (1994): the same random phases for all signals.
    """
    frames = len(series)
    spectrum = np.fft.rfft(series, axis=0)
    phases = rng.uniform(0, 2 * np.pi, len(spectrum))
    phases[0] = 0.0
    if frames % 2 == 0:
        phases[-1] = 0.0
    return np.fft.irfft(spectrum * np.exp(1j * phases)[:, None], frames, axis=0)


def states_of(windows: np.ndarray, count: int, rng: np.random.Generator, starts: int = 20) -> States:
    """Windows (W, E) divided into states by k-means, the most frequent first; fewer where fewer windows differ."""
    from scipy.cluster.vq import kmeans2

    count = min(count, len(np.unique(windows.round(SAME_DIGITS), axis=0)))
    best = None
    for _ in range(starts):
        centres, own = kmeans2(windows, count, minit="++", rng=rng, missing="warn")
        misfit = float(((windows - centres[own]) ** 2).sum())
        if best is None or misfit < best[0] * (1 - 1e-9):
            best = (misfit, centres, own)
    _, centres, own = best
    order = np.argsort(-np.bincount(own, minlength=count), kind="stable")
    rank = np.empty(count, dtype=int)
    rank[order] = np.arange(count)
    own = rank[own]
    shares = np.bincount(own, minlength=count) / len(own)
    changes = np.concatenate([[True], own[1:] != own[:-1]])
    visits = np.bincount(own[changes], minlength=count)
    dwell = np.divide(shares * len(own), visits, out=np.zeros(count), where=visits > 0)
    return States(centres[order], own, shares, dwell)
