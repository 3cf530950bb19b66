"""How well probabilities of a class agree with what was true, with bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .proportion import wilson_interval

MEASURES = ("accuracy", "precision", "recall", "specificity", "F1", "Brier score", "calibration error")
CALIBRATION_BINS = 10
# Narrower than this, resamples of the bootstrap do not differ but by rounding.
NO_WIDTH = 1e-9


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
    Wilson's interval for the proportions and for F1, which is 2 J / (1 + J) of
    the proportion J = hits / (hits + false alarms + misses). Percentile
    bootstrap over cases (Efron and Tibshirani, 1993, chapter 13) for Brier score
    and calibration error, or Wilson's for a mean between 0 and 1 where resamples
    do not differ. Precision is NaN where nothing is called positive, and F1 with
    it where nothing is positive either.
    """
    positive, probability = np.asarray(positive, dtype=bool), np.asarray(probability, dtype=float)
    rng = rng or np.random.default_rng(0)
    n = len(positive)
    found = _proportions(positive, probability >= threshold, confidence)
    drawn = rng.integers(0, n, (resamples, n))
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    for name, mean in {"Brier score": _brier_scores, "calibration error": _calibration_errors}.items():
        value = float(mean(positive[None], probability[None])[0])
        low, high = np.quantile(mean(positive[drawn], probability[drawn]), tails)
        if high - low < NO_WIDTH:
            low, high = wilson_interval(n * value, n, confidence=confidence)
        # Resamples hold cases twice, and are calibrated worse than the whole: its own error may lie below all theirs.
        found[name] = Interval(value, min(float(low), value), max(float(high), value))
    return found


def _proportions(positive: np.ndarray, called: np.ndarray, confidence: float) -> dict[str, Interval]:
    hits, alarms = np.count_nonzero(called & positive), np.count_nonzero(called & ~positive)
    misses, rests = np.count_nonzero(~called & positive), np.count_nonzero(~called & ~positive)
    counts = {
        "accuracy": (hits + rests, len(positive)),
        "precision": (hits, hits + alarms),
        "recall": (hits, hits + misses),
        "specificity": (rests, rests + alarms),
        "F1": (hits, hits + alarms + misses),
    }
    found = {
        name: Interval(part / whole if whole else float("nan"), *wilson_interval(part, whole, confidence=confidence))
        for name, (part, whole) in counts.items()
    }
    return found | {"F1": Interval(*(2 * j / (1 + j) for j in found["F1"]))}


def reliability(positive, probability, bins: int = CALIBRATION_BINS) -> Reliability:
    """Bins of equally many cases, from the lowest probabilities to the highest."""
    positive, probability = np.asarray(positive, dtype=bool), np.asarray(probability, dtype=float)
    bins = min(bins, len(probability))
    predicted, observed = (
        [part.mean() for part in np.array_split(_in_order(probability[None], values[None])[0], bins) if part.size]
        for values in (probability, positive)
    )
    count = [part.size for part in np.array_split(probability, bins) if part.size]
    return Reliability(np.array(predicted), np.array(observed), np.array(count))


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


def _brier_scores(positive: np.ndarray, probability: np.ndarray) -> np.ndarray:
    return ((probability - positive) ** 2).mean(axis=1)


def _calibration_errors(positive: np.ndarray, probability: np.ndarray) -> np.ndarray:
    gaps = _in_order(probability, probability - positive)
    parts = [p for p in np.array_split(gaps, min(CALIBRATION_BINS, gaps.shape[1]), axis=1) if p.size]
    return sum(np.abs(part.sum(axis=1)) for part in parts) / gaps.shape[1]


def _in_order(probability: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(R, n) values from the lowest probability of a row to the highest, those of one probability as their mean."""
    order = np.argsort(probability, axis=1, kind="stable")
    ranked = np.take_along_axis(probability, order, axis=1)
    first = np.ones(ranked.shape, dtype=bool)
    first[:, 1:] = ranked[:, 1:] > ranked[:, :-1]
    # Cases of one probability have no order: which of them fall into a bin must not hang on the order of rows.
    group = first.ravel().cumsum() - 1
    sums = np.bincount(group, weights=np.take_along_axis(values, order, axis=1).ravel())
    return (sums / np.bincount(group))[group].reshape(values.shape)
