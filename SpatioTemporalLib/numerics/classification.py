"""How well probabilities of a class agree with what was true, with bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MEASURES = ("accuracy", "precision", "recall", "specificity", "F1", "Brier score", "calibration error")
CALIBRATION_BINS = 10


class Interval(NamedTuple):
    """A measure and its confidence interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


class Reliability(NamedTuple):
    """Of each bin of cases with like probabilities: mean probability, share of positive cases, number."""

    predicted: np.ndarray
    observed: np.ndarray
    count: np.ndarray


def classification_measures(
    positive, probability, threshold: float = 0.5, *, confidence: float = 0.95, resamples: int = 2000, rng=None
) -> dict[str, Interval]:
    """Each of `MEASURES` with its interval.

    Parameters
    ----------
    positive : (n,) bool array
    probability : (n,) array, 0..1
    threshold : float
        A case is called positive from here on.
    rng : numpy Generator, optional

    Notes
    -----
    Percentile bootstrap over cases (Efron and Tibshirani, 1993, chapter 13).
    Precision is NaN where nothing is called positive, and F1 with it where
    nothing is positive either; resamples in which a measure is not defined are
    left out.
    """
    positive, probability = np.asarray(positive, dtype=bool), np.asarray(probability, dtype=float)
    rng = rng or np.random.default_rng(0)
    n = len(positive)
    whole = _measured(positive[None], probability[None], threshold)
    drawn = rng.integers(0, n, (resamples, n))
    again = _measured(positive[drawn], probability[drawn], threshold)
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    found = {}
    for name, value in whole.items():
        defined = again[name][np.isfinite(again[name])]
        low, high = np.quantile(defined, tails) if defined.size else (np.nan, np.nan)
        found[name] = Interval(float(value[0]), float(low), float(high))
    return found


def reliability(positive, probability, bins: int = CALIBRATION_BINS) -> Reliability:
    """Bins of equally many cases, from the lowest probabilities to the highest."""
    positive, probability = np.asarray(positive, dtype=bool), np.asarray(probability, dtype=float)
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if part.size]
    return Reliability(
        np.array([probability[part].mean() for part in parts]),
        np.array([positive[part].mean() for part in parts]),
        np.array([part.size for part in parts]),
    )


def calibration_error(positive, probability, bins: int = CALIBRATION_BINS) -> float:
    """Mean distance of probability and share over bins of equally many cases.

    Notes
    -----
    Expected calibration error with adaptive bins: Nguyen and O'Connor, EMNLP 2015.
    """
    found = reliability(positive, probability, bins)
    return float(np.average(np.abs(found.predicted - found.observed), weights=found.count))


def mcnemar(first_right, second_right) -> float:
    """Exact two-sided p that two readers of the same cases are right equally often.

    first_right, second_right : (n,) bool

    Notes
    -----
    McNemar, Psychometrika 12:153 (1947), with the binomial distribution.
    """
    first_right, second_right = np.asarray(first_right, bool), np.asarray(second_right, bool)
    only_first = int(np.count_nonzero(first_right & ~second_right))
    differ = int(np.count_nonzero(first_right != second_right))
    # Importing all of scipy's statistics takes longer than all analyses together.
    from scipy import stats

    return float(stats.binomtest(only_first, differ).pvalue) if differ else float("nan")


def _measured(positive: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, np.ndarray]:
    """Measures (R,) of R samples (R, n)."""
    called = probability >= threshold
    hits = (called & positive).sum(axis=1)
    alarms = (called & ~positive).sum(axis=1)
    misses = (~called & positive).sum(axis=1)
    rests = (~called & ~positive).sum(axis=1)
    return {
        "accuracy": (hits + rests) / positive.shape[1],
        "precision": _ratio(hits, hits + alarms),
        "recall": _ratio(hits, hits + misses),
        "specificity": _ratio(rests, rests + alarms),
        "F1": _ratio(2 * hits, 2 * hits + alarms + misses),
        "Brier score": ((probability - positive) ** 2).mean(axis=1),
        "calibration error": _calibration_errors(positive, probability),
    }


def _calibration_errors(positive: np.ndarray, probability: np.ndarray) -> np.ndarray:
    order = np.argsort(probability, axis=1, kind="stable")
    gaps = np.take_along_axis(probability - positive, order, axis=1)
    parts = [p for p in np.array_split(gaps, min(CALIBRATION_BINS, gaps.shape[1]), axis=1) if p.size]
    return sum(np.abs(part.sum(axis=1)) for part in parts) / gaps.shape[1]


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
