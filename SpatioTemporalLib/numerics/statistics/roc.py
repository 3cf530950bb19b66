"""Receiver operating characteristic: area, its uncertainty, the curve, and paired comparison."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from ...errors import InputError
from .ranks import mid_ranks

# Of the standard error of an area, below which it is rounding.
NO_SCATTER = 1e-9
EDGE = 1e-12


class Area(NamedTuple):
    """Area under the curve, its standard error, and its confidence interval with whose it is."""

    auc: float
    standard_error: float
    low: float
    high: float
    method: str = "DeLong"


class Difference(NamedTuple):
    """Of two areas on the same cases: difference, standard error, z and two-sided p."""

    difference: float
    standard_error: float
    z: float
    p: float


class RocCurve(NamedTuple):
    """(M,) points from (0, 0) to (1, 1): a case is called positive at or above the threshold."""

    false_positive_rate: np.ndarray
    sensitivity: np.ndarray
    threshold: np.ndarray


def roc_area(positive, values, *, confidence: float = 0.95) -> Area:
    """Area under the ROC curve with DeLong's standard error.

    Parameters
    ----------
    positive : (n,) bool array
    values : (n,) array             Higher values speak for a positive case.
    confidence : float
        Of the interval, DeLong's about the area where that lies within 0 and 1,
        else Newcombe's, which has a width even where the groups do not overlap.

    Raises
    ------
    InputError
        ``E-ROC`` without a positive or a negative case, or with values that are not finite.
    """
    areas, covariance = roc_areas(positive, np.asarray(values, dtype=float)[None])
    auc, error = float(areas[0]), float(np.sqrt(covariance[0, 0]))
    z = float(special.ndtri(0.5 + confidence / 2))
    low, high = auc - z * error, auc + z * error
    # Without scatter there is nothing to estimate it from: all cases lie above all controls, or all are equal.
    if error > NO_SCATTER and low >= 0 and high <= 1:
        return Area(auc, error, low, high)
    cases = int(np.count_nonzero(positive))
    return Area(auc, error, *_score_interval(auc, cases, np.size(positive) - cases, z), "Newcombe")


def _score_interval(auc: float, cases: int, controls: int, z: float) -> tuple[float, float]:
    """Areas from which the one found is as far as `z` of their own standard errors.

    Notes
    -----
    Newcombe, Stat Med 25:559 (2006), method 5: the variance of Hanley & McNeil,
    Radiology 143:29 (1982), with both groups taken to be of their mean size.
    """
    others = (cases + controls) / 2 - 1

    def beyond(area: float) -> float:
        pairs = 1 + others * ((1 - area) / (2 - area) + area / (1 + area))
        return (auc - area) ** 2 - z**2 * area * (1 - area) / (cases * controls) * pairs

    # At 0 and 1 the variance is zero, which is a root too and not the one that is sought.
    inside = min(max(auc, EDGE), 1 - EDGE)
    low = optimize.brentq(beyond, 0.0, inside) if auc > EDGE else 0.0
    high = optimize.brentq(beyond, inside, 1.0) if auc < 1 - EDGE else 1.0
    return float(low), float(high)


def roc_areas(positive, values) -> tuple[np.ndarray, np.ndarray]:
    """(K,) areas of K markers on the same cases, and their (K, K) covariance.

    Parameters
    ----------
    positive : (n,) bool array
    values : (K, n) array

    Notes
    -----
    DeLong, DeLong & Clarke-Pearson, Biometrics 44:837 (1988), by ranks as in
    Sun & Xu, IEEE Signal Process Lett 21:1389 (2014). With one case of a kind
    that kind adds no variance that could be estimated, and it is NaN.
    """
    positive, values = _checked(positive, values)
    cases, controls = values[:, positive], values[:, ~positive]
    m, n = cases.shape[1], controls.shape[1]
    together = _ranks(np.concatenate([cases, controls], axis=1))
    below_case = (together[:, :m] - _ranks(cases)) / n
    above_control = 1 - (together[:, m:] - _ranks(controls)) / m
    return below_case.mean(axis=1), _covariance(below_case) / m + _covariance(above_control) / n


def paired_difference(positive, first, second) -> Difference:
    """DeLong's test of whether two markers on the same cases have the same area; NaN p where they never differ."""
    auc, covariance = roc_areas(positive, np.stack([np.asarray(first, float), np.asarray(second, float)]))
    difference = float(auc[0] - auc[1])
    variance = max(float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), 0.0)
    error = float(np.sqrt(variance))
    z = difference / error if error > 0 else float("nan")
    return Difference(difference, error, z, float(2 * special.ndtr(-abs(z))))


def roc_curve(positive, values) -> RocCurve:
    """The curve's corners, one for each value that occurs, from the highest down."""
    positive, values = _checked(positive, values)
    thresholds, place = np.unique(values[0], return_inverse=True)
    hits = np.bincount(place, weights=positive, minlength=len(thresholds))[::-1].cumsum()
    alarms = np.bincount(place, weights=~positive, minlength=len(thresholds))[::-1].cumsum()
    return RocCurve(
        np.concatenate([[0.0], alarms / (~positive).sum()]),
        np.concatenate([[0.0], hits / positive.sum()]),
        np.concatenate([[np.inf], thresholds[::-1]]),
    )


def _checked(positive, values) -> tuple[np.ndarray, np.ndarray]:
    positive = np.asarray(positive, dtype=bool).reshape(-1)
    values = np.atleast_2d(np.asarray(values, dtype=float))
    if values.shape[1] != positive.size or not np.isfinite(values).all():
        raise InputError(
            "E-ROC",
            f"one finite value for each of {positive.size} cases is needed, found {np.isfinite(values).sum()} "
            f"of {values.size}",
            fix="Leave the cases without a value out.",
        )
    if positive.all() or not positive.any():
        raise InputError(
            "E-ROC",
            f"{positive.sum()} of {positive.size} cases are positive; some of each kind are needed",
            fix="Check the labels.",
        )
    return positive, values


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks in each row."""
    return np.stack([mid_ranks(row) for row in values])


def _covariance(components: np.ndarray) -> np.ndarray:
    count = components.shape[1]
    if count < 2:
        return np.full((len(components), len(components)), np.nan)
    return np.atleast_2d(np.cov(components))
