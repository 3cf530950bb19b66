"""How good predictions of survival are: each measure with its bootstrap interval and what one gets for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...numerics.survival.calibration import (
    calibration_slope,
    d_calibration,
    integrated_calibration_index,
    observed_to_expected,
)
from ...numerics.survival.concordance import dynamic_auc, harrell_c, mean_dynamic_auc, uno_c
from ...numerics.survival.outcomes import Outcomes
from ...numerics.survival.prediction_error import brier_scores, integrated, reference_survival
from ...numerics.survival.time_error import adjacent_accuracy, best_constant, status_accuracy, time_error
from ...numerics.survival.weights import Censoring
from .predictions import Prediction

NOTHING = float("nan")
Z_95 = 1.959964


@dataclass(frozen=True, eq=False)
class Setting:
    """What predictions are assessed with.

    outcomes : of the patients. reference : of those that Kaplan and Meier's curve is taken from. horizons : (H,).
    fine : (F,) of integrals. unit : of the times. year : in that unit. counts : (R, N) resamples. confidence : 0..1.
    """

    outcomes: Outcomes
    reference: Outcomes
    censoring: Censoring
    horizons: np.ndarray
    fine: np.ndarray
    unit: str
    year: float
    counts: np.ndarray
    confidence: float

    def interval(self, resampled: np.ndarray) -> tuple[float, float]:
        """The middle of what resamples give."""
        known = resampled[np.isfinite(resampled)]
        if known.size < len(resampled) / 2:
            return NOTHING, NOTHING
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return float(low), float(high)


def measure_rows(name: str, prediction: Prediction, setting: Setting) -> Iterator[dict[str, object]]:
    """One row a measure and horizon: value, interval, and the reference that knows nothing of the patient."""
    base = {"model": name or "predictions", "patients": len(setting.outcomes), "events": setting.outcomes.event_count}
    for measure, horizon, value, (low, high), reference in _all(prediction, setting):
        row = {"measure": measure, "horizon": horizon, "value": value, "lower": low, "upper": high}
        yield {"model": base["model"], **row, "reference": reference, **base}


def concordances(risk: np.ndarray, setting: Setting, counts: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Harrell's and Uno's C, of all patients or of resamples."""
    return {
        "Harrell C": harrell_c(setting.outcomes, risk, counts=counts),
        "Uno C": uno_c(setting.outcomes, risk, censoring=setting.censoring, counts=counts),
    }


def brier_of(survival: np.ndarray, setting: Setting, times: np.ndarray, counts=None) -> np.ndarray:
    """(R, T) Brier scores."""
    return brier_scores(setting.outcomes, survival, times, censoring=setting.censoring, counts=counts)


def fine_times(prediction: Prediction, setting: Setting) -> np.ndarray:
    """Times of integrals that a prediction reaches."""
    last = min(setting.fine[-1], prediction.horizons[-1])
    return np.linspace(min(setting.fine[0], last / 2), last, len(setting.fine))


def _all(prediction: Prediction, setting: Setting):
    yield from _order(prediction.risk, setting)
    if prediction.own_risk:
        slope = calibration_slope(setting.outcomes, prediction.risk)
        half = Z_95 * slope.standard_error
        yield "calibration slope", NOTHING, slope.value, (slope.value - half, slope.value + half), 1.0
    if prediction.survival is not None:
        yield from _error(prediction, setting)
        yield from _calibration(prediction, setting)
    if prediction.expected is not None:
        yield from _time(prediction, setting)


def _order(risk: np.ndarray, setting: Setting):
    found, resampled = concordances(risk, setting), concordances(risk, setting, setting.counts)
    for name, value in found.items():
        horizon = setting.censoring.latest if name == "Uno C" else NOTHING
        yield name, horizon, float(value[0]), setting.interval(resampled[name]), 0.5
    areas, drawn = [], []
    for horizon in setting.horizons:
        area = dynamic_auc(setting.outcomes, risk, horizon, censoring=setting.censoring)
        again = dynamic_auc(setting.outcomes, risk, horizon, censoring=setting.censoring, counts=setting.counts)
        yield "AUC", float(horizon), float(area[0]), setting.interval(again), 0.5
        areas.append(area)
        drawn.append(again)
    if len(areas) > 1:
        mean = mean_dynamic_auc(setting.outcomes, setting.horizons, areas)
        again = mean_dynamic_auc(setting.outcomes, setting.horizons, drawn)
        yield "mean AUC", float(setting.horizons[-1]), float(mean[0]), setting.interval(again), 0.5


def _error(prediction: Prediction, setting: Setting):
    within = setting.horizons[setting.horizons <= prediction.horizons[-1] + 1e-9]
    if within.size:
        chances = prediction.survival_at(within)
        scores, drawn = (brier_of(chances, setting, within, c) for c in (None, setting.counts))
        plain = brier_of(reference_survival(setting.reference, within, len(chances)), setting, within)
        for n, horizon in enumerate(within):
            yield "Brier", float(horizon), scores[0, n], setting.interval(drawn[:, n]), plain[0, n]
    times = fine_times(prediction, setting)
    chances = prediction.survival_at(times)
    whole, drawn = (integrated(brier_of(chances, setting, times, c), times) for c in (None, setting.counts))
    same = reference_survival(setting.reference, times, len(chances))
    plain, again = (integrated(brier_of(same, setting, times, c), times) for c in (None, setting.counts))
    last = float(times[-1])
    yield "integrated Brier", last, float(whole[0]), setting.interval(drawn), float(plain[0])
    gain = 1 - drawn / again
    yield "integrated Brier, gain", last, float(1 - whole[0] / plain[0]), setting.interval(gain), 0.0


def _calibration(prediction: Prediction, setting: Setting):
    for horizon in setting.horizons[setting.horizons <= prediction.horizons[-1] + 1e-9]:
        chances = prediction.survival_at([horizon])[:, 0]
        ratio = observed_to_expected(setting.outcomes, chances, horizon)
        yield "observed / expected", float(horizon), ratio, (NOTHING, NOTHING), 1.0
        distance = integrated_calibration_index(setting.outcomes, chances, horizon)
        yield "calibration index (ICI)", float(horizon), distance, (NOTHING, NOTHING), 0.0
    last = prediction.horizons[-1]
    times = np.minimum(setting.outcomes.times, last)
    seen = Outcomes(times, setting.outcomes.events & (setting.outcomes.times <= last))
    own = prediction.survival_at(times[:, None])[:, 0]
    yield "D-calibration p", float(last), d_calibration(seen, own).p, (NOTHING, NOTHING), NOTHING
    state = status_accuracy(setting.outcomes, prediction.survival_at(setting.horizons), setting.horizons)
    same = reference_survival(setting.reference, setting.horizons, len(times))
    likelier = status_accuracy(setting.outcomes, same, setting.horizons)
    yield "status accuracy", float(setting.horizons[-1]), state, (NOTHING, NOTHING), likelier


def _time(prediction: Prediction, setting: Setting):
    censoring = Censoring.of(setting.outcomes)
    constant, median = best_constant(
        setting.reference, bin_width=setting.year, censoring=Censoring.of(setting.reference)
    )
    same, middle = (np.full(len(prediction.expected), value) for value in (constant, median))
    found, plain = (
        adjacent_accuracy(setting.outcomes, times, bin_width=setting.year, censoring=censoring)
        for times in (prediction.expected, same)
    )
    none = (NOTHING, NOTHING)
    yield "time-adjacent accuracy", NOTHING, found.known, none, plain.known
    yield "time-adjacent accuracy, censored", NOTHING, found.censored, none, plain.censored
    error, alike = (time_error(setting.outcomes, times) for times in (prediction.expected, middle))
    yield f"mean absolute error [{setting.unit}]", NOTHING, error.known, none, alike.known
    yield f"mean early error, censored [{setting.unit}]", NOTHING, error.censored, none, alike.censored
