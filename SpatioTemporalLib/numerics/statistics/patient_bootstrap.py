"""Means over patients of whom some have several cases, with intervals and paired tests."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import special

RESAMPLES = 2000
# From here on skewness can be estimated, and the interval is corrected for it.
ENOUGH_FOR_BCA = 30
# Numbers drawn at a time.
BLOCK = 2**22
# Of the largest value, below which values differ by rounding only.
NO_WIDTH = 1e-12


class MeanInterval(NamedTuple):
    """A mean over cases and its confidence interval; NaN where there is none."""

    value: float
    low: float
    high: float


class PairedDifference(NamedTuple):
    """Of two measurements of the same cases: mean difference with interval, and two-sided p of two tests.

    p_bootstrap : of the patient bootstrap. p_wilcoxon : of the signed ranks of the patients' mean differences.
    """

    value: float
    low: float
    high: float
    p_bootstrap: float
    p_wilcoxon: float


def weights_of_patients(count: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """(resamples, count) how often each patient is in each resample."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples)


def patient_mean(
    values, patients, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> MeanInterval:
    """Mean over cases, with an interval in which all cases of a patient are drawn together.

    Parameters
    ----------
    values : (n,) array
        NaN where there is none; such cases do not count.
    patients : (n,) array of whatever tells patients apart

    Returns
    -------
    MeanInterval
        No interval with fewer than two patients.

    Notes
    -----
    Bootstrap of clusters: Field and Welsh, J R Stat Soc B 69:369 (2007). Percentiles up to 30 patients, above them BCa
    (Efron, J Am Stat Assoc 82:171, 1987) with the patient left out as the jackknife's unit.
    """
    sums, counts = _by_patient(values, patients)
    return _interval(sums, counts, _resampled(sums, counts, resamples, seed), confidence)


def paired_difference(
    first, second, patients, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> PairedDifference:
    """Mean of first minus second over cases that have both, by patients drawn together.

    Notes
    -----
    Wilcoxon, Biometrics Bull 1:80 (1945), on one mean difference a patient, as cases of a patient are not independent;
    NaN where no patient differs. The bootstrap's p is twice the smaller share of resamples on a side of zero, which is
    counted to both sides (Davison and Hinkley 1997, section 4.4: one resample is added, so that p is never 0).
    """
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    sums, counts = _by_patient(difference, patients)
    if not counts.size:
        return PairedDifference(*(float("nan"),) * 5)
    drawn = _resampled(sums, counts, resamples, seed)
    rounding = NO_WIDTH * max(1.0, float(np.abs(drawn).max()))
    below, above = np.count_nonzero(drawn <= rounding), np.count_nonzero(drawn >= -rounding)
    p = min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1)) if len(counts) > 1 else float("nan")
    return PairedDifference(*_interval(sums, counts, drawn, confidence), p, _signed_ranks(sums / counts))


def holm(p) -> np.ndarray:
    """(n,) p values for that many tests at once; NaN stay NaN and do not count.

    Notes
    -----
    Holm, Scand J Stat 6:65 (1979).
    """
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0) if len(order) else []
    return adjusted


def _by_patient(values, patients) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the values of each patient who has any."""
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    _, place = np.unique(np.asarray(patients)[known], return_inverse=True)
    return np.bincount(place, weights=values[known]), np.bincount(place)


def _resampled(sums: np.ndarray, counts: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """(resamples,) means of resamples of patients."""
    if not len(sums):
        return np.empty(0)
    found = [(weights @ sums) / (weights @ counts) for weights in _weights(len(sums), resamples, seed)]
    return np.concatenate(found)


def _weights(count: int, resamples: int, seed: int) -> Iterable[np.ndarray]:
    """Weights of resamples, as many at a time as fit into a block; those of one block are kept for the next measure."""
    if count * resamples <= BLOCK:
        return (_kept_weights(count, resamples, seed),)
    rng, step = np.random.default_rng(seed), max(1, BLOCK // count)
    return (
        weights_of_patients(count, min(step, resamples - begin), rng).astype(float)
        for begin in range(0, resamples, step)
    )


@functools.lru_cache(maxsize=2)
def _kept_weights(count: int, resamples: int, seed: int) -> np.ndarray:
    # As floats: products with whole numbers would convert all of them each time.
    return weights_of_patients(count, resamples, np.random.default_rng(seed)).astype(float)


def _interval(sums: np.ndarray, counts: np.ndarray, drawn: np.ndarray, confidence: float) -> MeanInterval:
    nan = float("nan")
    if not counts.size:
        return MeanInterval(nan, nan, nan)
    value = float(sums.sum() / counts.sum())
    if len(counts) < 2:
        return MeanInterval(value, nan, nan)
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if len(counts) > ENOUGH_FOR_BCA:
        tails = _corrected(tails, value, sums, counts, drawn)
    low, high = np.quantile(drawn, tails)
    return MeanInterval(value, min(float(low), value), max(float(high), value))


def _corrected(tails: np.ndarray, value: float, sums: np.ndarray, counts: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The quantiles that are those wanted once bias and skewness are taken out; as they are where none differ."""
    # What differs by rounding is no lower: it would decide the bias.
    rounding = NO_WIDTH * max(1.0, float(np.abs(drawn).max()))
    share = (np.count_nonzero(drawn < value - rounding) + np.count_nonzero(drawn <= value + rounding)) / 2 / len(drawn)
    without = (sums.sum() - sums) / (counts.sum() - counts)
    apart = without.mean() - without
    spread = float((apart**2).sum())
    if not 0 < share < 1 or spread <= rounding**2 * len(apart):
        return tails
    skew = float((apart**3).sum()) / (6 * spread**1.5)
    bias, z = special.ndtri(share), special.ndtri(tails)
    return special.ndtr(bias + (bias + z) / (1 - skew * (bias + z)))


def _signed_ranks(differences: np.ndarray) -> float:
    largest = float(np.abs(differences).max(initial=0.0))
    # Ranks of what is equal but for rounding are shared.
    rounded = np.round(differences / largest, 12) if largest > 0 else differences
    if not rounded.any():
        return float("nan")
    # Importing all of scipy's statistics takes longer than all analyses together.
    from scipy import stats

    return float(stats.wilcoxon(rounded).pvalue)
