"""How alike signals are: correlations, partial ones and coherence of regions; of voxels with a seed and all others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import linalg

MEASURES = ("correlation", "partial correlation", "coherence")
VOXELS_AT_A_TIME = 2048
SEGMENTS = 5


def standardised(series: np.ndarray) -> np.ndarray:
    """(T, V) of mean zero and unit length; zero where a signal never varies."""
    values = series - series.mean(axis=0)
    length = np.sqrt(np.einsum("tv,tv->v", values, values))
    return np.divide(values, length, out=np.zeros_like(values), where=length > 0)


def correlations(series: np.ndarray) -> np.ndarray:
    """(R, R) Pearson's correlation of signals (T, R); no shrinkage."""
    unit = standardised(np.asarray(series, dtype=np.float64))
    matrix = np.clip(unit.T @ unit, -1, 1)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def partial_correlations(series: np.ndarray) -> tuple[np.ndarray, float]:
    """(R, R) correlation of each pair without what all others explain, and the shrinkage that was needed.

    Ledoit and Wolf, J Multivar Anal 88:365 (2004): the covariance is drawn towards
    a multiple of the identity, by as much as its own uncertainty asks.
    """
    values = np.asarray(series, dtype=np.float64)
    values = values - values.mean(axis=0)
    values = values / np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    covariance, shrinkage = shrunk_covariance(values)
    precision = linalg.pinvh(covariance)
    scale = np.sqrt(np.diag(precision))
    partial = -precision / np.outer(scale, scale)
    np.fill_diagonal(partial, 1.0)
    return partial, shrinkage


def shrunk_covariance(values: np.ndarray) -> tuple[np.ndarray, float]:
    """(R, R) covariance of centred signals (T, R) by Ledoit and Wolf, and its shrinkage 0..1."""
    count, size = values.shape
    sample = values.T @ values / count
    mean = np.trace(sample) / size
    distance = ((sample - mean * np.eye(size)) ** 2).sum() / size
    squares = values**2
    uncertainty = ((squares.T @ squares).sum() / count - (sample**2).sum()) / (size * count)
    shrinkage = float(min(max(uncertainty, 0.0), distance) / distance) if distance > 0 else 0.0
    return (1 - shrinkage) * sample + shrinkage * mean * np.eye(size), shrinkage


def coherences(series: np.ndarray, step: float, band: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """(R, R) mean coherence within a band, and delay in s by which the second is later where it is coherent.

    Welch's cross-spectra of segments that overlap by half (IEEE Trans Audio
    Electroacoust 15:70, 1967); the delay is the phase over the angular frequency,
    weighted by coherence.
    """
    # Imported here: with it come parts of SciPy that take long.
    from scipy import signal

    frames = len(series)
    length = 2 * (frames // (SEGMENTS + 1))
    frequency, _, spectra = signal.stft(
        series.T, 1 / step, nperseg=length, noverlap=length // 2, boundary=None, padded=False, detrend="constant"
    )  # fmt: skip
    cross = np.einsum("afs,bfs->abf", np.conj(spectra), spectra)
    power = np.real(np.einsum("aaf->af", cross))
    coherence = np.abs(cross) ** 2 / np.maximum(power[:, None] * power[None], 1e-300)
    inside = (frequency >= band[0]) & (frequency <= band[1]) & (frequency > 0)
    weight = coherence[..., inside]
    delay = -np.angle(cross[..., inside]) / (2 * np.pi * frequency[inside])
    total = weight.sum(axis=-1)
    return weight.mean(axis=-1), np.where(total > 0, (weight * delay).sum(axis=-1) / np.maximum(total, 1e-300), np.nan)


def effective_frames(series: np.ndarray, lags: int) -> float:
    """How many independent frames signals (T, R) are worth for their correlations, mean over pairs.

    Bartlett, J R Stat Soc 98:536 (1935): T / (1 + 2 sum (1 - k/T) r_x(k) r_y(k)).
    """
    frames = len(series)
    unit = standardised(np.asarray(series, dtype=np.float64))
    total = 1.0
    for lag in range(1, min(lags, frames - 1) + 1):
        own = np.einsum("tv,tv->v", unit[lag:], unit[: frames - lag])
        products = (own.sum() ** 2 - (own**2).sum()) / max(len(own) * (len(own) - 1), 1)
        total += 2 * (1 - lag / frames) * float(products)
    return float(np.clip(frames / max(total, 1e-6), 3.0, frames))


def with_seed(series: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """(V,) correlation of each signal (T, V) with a seed's (T,)."""
    seed = np.asarray(seed, dtype=np.float64)
    seed = (seed - seed.mean()) / max(np.linalg.norm(seed - seed.mean()), 1e-300)
    return np.clip(seed.astype(series.dtype) @ standardised(series), -1, 1)


def degrees(
    series: np.ndarray, threshold: float, report: Callable[[float], None] = lambda done: None
) -> tuple[np.ndarray, np.ndarray]:
    """(V,) how many others each signal correlates with above a threshold, and its mean correlation with all others.

    The matrix of all pairs is never made: blocks of it are counted and forgotten.
    The mean correlation is the product with the mean of all (Cole et al., 2010).
    """
    unit = standardised(np.asarray(series, dtype=np.float32))
    voxels = unit.shape[1]
    found = np.zeros(voxels, dtype=np.int64)
    for start in range(0, voxels, VOXELS_AT_A_TIME):
        report(start / voxels)
        own = unit[:, start : start + VOXELS_AT_A_TIME]
        for other in range(start, voxels, VOXELS_AT_A_TIME):
            near = own.T @ unit[:, other : other + VOXELS_AT_A_TIME] > threshold
            found[start : start + VOXELS_AT_A_TIME] += near.sum(axis=1)
            if other > start:
                found[other : other + VOXELS_AT_A_TIME] += near.sum(axis=0)
    varies = (unit != 0).any(axis=0)
    total = unit.sum(axis=1, dtype=np.float64)
    mean = (total.astype(np.float32) @ unit).astype(np.float64)
    return found - varies, (mean - varies) / max(int(varies.sum()) - 1, 1)
