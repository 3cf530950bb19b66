"""Charts of survival: groups by risk, calibration, error over time, and what acting on predictions gains."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve
from ...numerics.survival.calibration import calibration_groups
from ...numerics.survival.decision_curve import net_benefit
from ...numerics.survival.kaplan_meier import StepCurve, kaplan_meier
from ...numerics.survival.outcomes import Outcomes
from ...numerics.survival.prediction_error import reference_survival
from .measures import Setting, brier_of, fine_times
from .predictions import Prediction

THIRDS = ("low risk", "middle risk", "high risk")
POINTS = 301
THRESHOLDS = np.linspace(0.02, 0.9, 45)


def stepped(curve: StepCurve, name: str, unit: str, last: float, confidence: float = 0.95) -> Curve:
    """A curve of Kaplan and Meier's as one to be drawn, with a band half as wide as its interval."""
    times = np.linspace(0, last, POINTS)
    low, high = curve.interval(times, confidence=confidence)
    half = np.nan_to_num((high - low) / 2)
    return Curve(times, curve.at(times), "1", name, spread=half, axis=f"time [{unit}]", drawn="line")


def by_risk(models: dict[str, Prediction], setting: Setting, unit: str) -> tuple[Curve, ...]:
    """Survival of thirds of the patients, by the risk that each model gives them."""
    last, found = float(setting.outcomes.times.max()), []
    for name, prediction in models.items():
        order = np.argsort(prediction.risk, kind="stable")
        for third, rows in zip(THIRDS, np.array_split(order, len(THIRDS))):
            if rows.size:
                curve = kaplan_meier(setting.outcomes.of(rows))
                found.append(stepped(curve, f"{third}{name}", unit, last, setting.confidence))
    return tuple(found)


def calibration_chart(models: dict[str, Prediction], setting: Setting, horizon: float, unit: str) -> tuple[Curve, ...]:
    """Observed chance of an event over the predicted one, in fifths of the patients."""
    axis, found = f"predicted chance of an event by {horizon:g} {unit} [1]", []
    for name, prediction in models.items():
        if prediction.survival is None or horizon > prediction.horizons[-1] + 1e-9:
            continue
        groups = calibration_groups(setting.outcomes, prediction.survival_at([horizon])[:, 0], horizon)
        _, apart = np.unique([round(group.predicted, 9) for group in groups], return_index=True)
        chosen = [groups[n] for n in apart]
        half = [np.nan_to_num((group.high - group.low) / 2) for group in chosen]
        predicted, observed = ([getattr(g, field) for g in chosen] for field in ("predicted", "observed"))
        found.append(Curve(predicted, observed, "1", f"observed{name}", spread=half, axis=axis, drawn="points"))
    line = np.array([0.0, 1.0])
    return (*found, Curve(line, line, "1", "ideal", axis=axis, drawn="line")) if found else ()


def error_chart(models: dict[str, Prediction], setting: Setting, unit: str) -> tuple[Curve, ...]:
    """Brier score over time, beside that of the same chance for everybody."""
    axis, found = f"time [{unit}]", []
    for name, prediction in models.items():
        if prediction.survival is None:
            continue
        times = fine_times(prediction, setting)
        scores = brier_of(prediction.survival_at(times), setting, times)[0]
        found.append(Curve(times, scores, "1", f"Brier{name}", axis=axis, drawn="line"))
    if found:
        times = setting.fine
        same = reference_survival(setting.reference, times, len(setting.outcomes))
        found.append(Curve(times, brier_of(same, setting, times)[0], "1", "Kaplan-Meier", axis=axis, drawn="line"))
    return tuple(found)


def decision_chart(models: dict[str, Prediction], outcomes: Outcomes, horizon: float, unit: str) -> tuple[Curve, ...]:
    """Net benefit of acting on each model's chance of an event, on everybody, and on nobody."""
    axis, found = f"chance of an event by {horizon:g} {unit} from which one acts [1]", []
    for name, prediction in models.items():
        if prediction.survival is not None and horizon <= prediction.horizons[-1] + 1e-9:
            chance = 1 - prediction.survival_at([horizon])[:, 0]
            gained = net_benefit(outcomes, chance, horizon, THRESHOLDS)
            found.append(Curve(THRESHOLDS, gained, "1", f"model{name}", axis=axis, drawn="line"))
    if not found:
        return ()
    everybody = net_benefit(outcomes, np.ones(len(outcomes)), horizon, THRESHOLDS)
    # Far below zero nobody looks: it would flatten what lies above.
    shown = everybody > -0.1
    return (
        *found,
        Curve(THRESHOLDS[shown], everybody[shown], "1", "everybody", axis=axis, drawn="line"),
        Curve(THRESHOLDS, np.zeros(len(THRESHOLDS)), "1", "nobody", axis=axis, drawn="line"),
    )
