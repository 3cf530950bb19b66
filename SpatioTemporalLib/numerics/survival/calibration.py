"""Whether predicted chances of an event are what is then observed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from ...errors import InputError
from .cox import CoxModel, fit_cox
from .kaplan_meier import kaplan_meier
from .outcomes import Outcomes

# Chances nearer to 0 or 1 have no finite logarithm of the hazard.
EDGE = 1e-6
KNOTS = (0.05, 0.35, 0.65, 0.95)
DECILES = 10


class CalibrationGroup(NamedTuple):
    """Patients of like risk: mean predicted chance of an event, the observed one with its interval, how many."""

    predicted: float
    observed: float
    low: float
    high: float
    patients: int


class Slope(NamedTuple):
    """By how much the log-hazard grows with the predicted one, ideally 1, with its standard error."""

    value: float
    standard_error: float


class DCalibration(NamedTuple):
    """(10,) share of patients in each tenth of the predicted chance at their own time, chi-squared, p."""

    shares: np.ndarray
    statistic: float
    p: float


def calibration_groups(
    outcomes: Outcomes, survival, horizon: float, *, groups: int = 5, confidence: float = 0.95
) -> tuple[CalibrationGroup, ...]:
    """Patients sorted by their predicted chance at a horizon and divided into groups of like size."""
    survival = np.asarray(survival, dtype=float)
    parts = [part for part in np.array_split(np.argsort(-survival, kind="stable"), groups) if part.size]
    found = []
    for part in parts:
        curve = kaplan_meier(outcomes.of(part))
        low, high = curve.interval([horizon], confidence=confidence)
        observed = 1 - float(curve.at([horizon])[0])
        found.append(
            CalibrationGroup(
                float(1 - survival[part].mean()), observed, 1 - float(high[0]), 1 - float(low[0]), len(part)
            )
        )
    return tuple(found)


def calibration_slope(outcomes: Outcomes, log_risk) -> Slope:
    """Coefficient of the predicted log-risk in a Cox model of nothing else.

    NaN where it does not vary, and where it orders all patients rightly, so that no slope is steep enough.
    """
    model = _fitted(outcomes, np.asarray(log_risk, dtype=float)[:, None])
    if model is None:
        return Slope(float("nan"), float("nan"))
    return Slope(float(model.coefficients[0]), float(model.standard_errors[0]))


def observed_to_expected(outcomes: Outcomes, survival, horizon: float) -> float:
    """Observed chance of an event by a horizon over the mean predicted one, ideally 1."""
    expected = 1 - float(np.mean(survival))
    return (1 - float(kaplan_meier(outcomes).at([horizon])[0])) / expected if expected > 0 else float("nan")


def integrated_calibration_index(outcomes: Outcomes, survival, horizon: float) -> float:
    """Mean distance between predicted and smoothed observed chances of an event by a horizon.

    Notes
    -----
    Austin, Harrell and van Klaveren, Stat Med 39:2714 (2020): a Cox model of a
    restricted cubic spline, of four knots, in ln(-ln S).
    """
    chance = np.clip(np.asarray(survival, dtype=float), EDGE, 1 - EDGE)
    hazard = np.log(-np.log(chance))
    basis = restricted_cubic_spline(hazard, np.quantile(hazard, KNOTS))
    if basis is None:
        return float("nan")
    model = _fitted(outcomes, basis)
    if model is None:
        return float("nan")
    return float(np.abs(model.survival(basis, [horizon])[:, 0] - np.asarray(survival)).mean())


def restricted_cubic_spline(values: np.ndarray, knots: np.ndarray) -> np.ndarray | None:
    """(N, K - 1) basis of a cubic spline that is straight beyond its knots (K,); None where knots meet.

    Harrell, Regression modeling strategies (2015), section 2.4.5.
    """
    if np.diff(knots).min() <= 1e-9 * max(np.ptp(values), 1e-300):
        return None
    last, before = knots[-1], knots[-2]

    def cubed(knot: float) -> np.ndarray:
        return np.maximum(values - knot, 0.0) ** 3

    columns = [values]
    for knot in knots[:-2]:
        bent = cubed(knot) - cubed(before) * (last - knot) / (last - before)
        bent += cubed(last) * (before - knot) / (last - before)
        columns.append(bent / (last - knots[0]) ** 2)
    return np.stack(columns, axis=1)


def d_calibration(outcomes: Outcomes, survival_at_own_time) -> DCalibration:
    """Whether the predicted chances at each patient's own time are spread evenly over 0..1, as they should be.

    Parameters
    ----------
    survival_at_own_time : (N,) array
        Chance of being without an event at the time when it happened, or when the patient was last seen.

    Notes
    -----
    Haider et al., J Mach Learn Res 21:85 (2020): a patient censored at chance s
    is spread over what lies below s. The test takes the patients as they are, so
    that censoring makes it lenient.
    """
    chance = np.asarray(survival_at_own_time, dtype=float)
    if len(chance) != len(outcomes) or not len(chance) or not ((chance >= 0) & (chance <= 1)).all():
        raise InputError("E-SURVIVAL", "chances from 0 to 1 of each patient were expected", fix="Correct them.")
    edges = np.linspace(0, 1, DECILES + 1)
    own = np.minimum((chance * DECILES).astype(int), DECILES - 1)
    shares = np.bincount(own, weights=outcomes.events, minlength=DECILES)
    censored = np.maximum(chance[~outcomes.events], 1e-12)[:, None]
    shares += (np.clip(censored - edges[:-1], 0, 1 / DECILES) / censored).sum(axis=0)
    expected = len(chance) / DECILES
    statistic = float(((shares - expected) ** 2 / expected).sum())
    return DCalibration(shares / len(chance), statistic, float(special.chdtrc(DECILES - 1, statistic)))


def _fitted(outcomes: Outcomes, covariates: np.ndarray) -> CoxModel | None:
    """A Cox model, or None where there is none."""
    if not outcomes.event_count or np.ptp(covariates, axis=0).min() < EDGE:
        return None
    try:
        return fit_cox(outcomes, covariates)
    except InputError as error:
        if error.code != "E-COX":
            raise
        return None


def differs_from_one(slope: Slope) -> float:
    """Two-sided p of a slope of 1."""
    return float(2 * special.ndtr(-abs((slope.value - 1) / slope.standard_error)))
