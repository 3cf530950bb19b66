"""Cox's proportional hazards model of a clinical table, with what it predicts of patients it did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import special

from ...data.curve import Curve, Table
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.survival.cox import CoxModel
from ...numerics.survival.kaplan_meier import kaplan_meier
from ...numerics.survival.proportional_hazards import proportional_hazards_test
from ...numerics.survival.survival_curves import median_time
from ...numerics.survival.weights import Censoring
from ...steps.survival.charts import POINTS, stepped
from ...steps.survival.clinical_table import (
    Design,
    clinical_columns,
    design_matrix,
    filled,
    learned_design,
    refuse_outcome_in_disguise,
)
from ...steps.survival.cox_validation import Penalty, chosen_penalty, flattery, folds_of, unseen_predictions
from ...steps.survival.horizons import chosen_horizons
from ...steps.survival.survival_table import Followed, followed
from ...steps.table_columns import word_of

MOST_DRAWN = 6
EVENTS_EACH = 10


@dataclass(frozen=True)
class CoxParameters:
    time: Annotated[str, Help("Column of the time of the event, or when last seen, headed with its unit.")] = "time"
    event: Annotated[str, Help("Column that says whether the event happened: 1 or 0, or words.")] = "event"
    happened: Annotated[str, Help("What that column says when it happened; the usual words when empty.")] = ""
    columns: Annotated[
        tuple[str, ...], Help("Columns to learn from, comma-separated; every one that varies when empty.")
    ] = ()
    afterwards: Annotated[
        tuple[str, ...], Help("Columns that were known only after the moment of predicting, such as pathology.")
    ] = ()
    use_afterwards: Annotated[bool, Help("Whether those are learned from too: then it predicts nothing.")] = False
    penalty: Annotated[
        str,
        Choices("cross-validated", "none", "fixed"),
        Help("On large coefficients: as strong as predicts best, none (for tests of coefficients), or a given one."),
    ] = "cross-validated"
    strength: Annotated[
        float, Range(0, 10), Help("Of a fixed penalty, beside the mean log-likelihood of a patient."), Advanced()
    ] = 0.05
    lasso: Annotated[
        float, Range(0, 1), Help("Share of the penalty that leaves covariates out; 0 is ridge."), Advanced()
    ] = 0.0
    ties: Annotated[str, Choices("efron", "breslow"), Help("How events at the same time are taken."), Advanced()] = (
        "efron"
    )
    horizons: Annotated[
        tuple[float, ...],
        Help("Times to predict survival at, in the unit of the times; 1, 2, 3 and 5 years when empty."),
    ] = ()
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[
        int, Range(20, 5000), Help("Bootstrap models, for the optimism and the bands."), Advanced()
    ] = 200


@analysis(
    id="prognosis.cox",
    title="Cox model of a clinical table",
    citation="Cox, J R Stat Soc B 34:187 (1972); Efron, J Am Stat Assoc 72:557 (1977); Simon et al., J Stat Softw "
    "39(5) (2011); Harrell, Lee and Mark, Stat Med 15:361 (1996)",
    inputs=[
        Input("table", Table, help="One row a patient: time, event, and what was known of the patient beforehand."),
        Input(
            "patients",
            Table,
            optional=True,
            help="Patients to predict, with the same columns; what became of them need not be known.",
        ),
    ],
    outputs=[
        Output(
            "coefficients", Table, help="Hazard ratio of each covariate with its interval, p, and p of its staying."
        ),
        Output("measures", Table, help="Fit, C and calibration slope, as found and corrected for optimism."),
        Output(
            "predictions",
            Table,
            help="Of each patient by a model of other patients: what prediction.survival assesses.",
        ),
        Output("survival", Curve, help="Survival of all patients by Kaplan and Meier, and as predicted."),
        Output("baseline_hazard", Table, help="Cumulative hazard of a patient with mean covariates."),
        Output("predicted_patients", Table, optional=True, help="Risk and survival of the patients to predict."),
    ],
    parameters=CoxParameters,
)
def cox(table, patients=None, *, parameters, context):
    r"""Hazard ratios of clinical covariates, and survival as they predict it.

    Notes
    -----
    .. math::
       h(t|x) = h_0(t) \, e^{x \beta}, \qquad
       \ell(\beta) = \frac1N \sum_{i: \delta_i = 1} \left[ x_i \beta - \ln \sum_{j: t_j \ge t_i} e^{x_j \beta} \right]
       - \lambda \left( \frac{1 - \alpha}{2} \|\beta\|^2 + \alpha \|\beta\|_1 \right)

    with standardised covariates in the penalty, its strength chosen by the
    cross-validated partial likelihood. With a penalty intervals are too narrow,
    since it draws coefficients to zero. Values that are missing are taken to be
    the mean.
    """
    outcome = followed(table, parameters.time, parameters.event, parameters.happened)
    names, findings = clinical_columns(
        table,
        parameters.columns,
        parameters.afterwards,
        with_afterwards=parameters.use_afterwards,
        outcome=(parameters.time, parameters.event),
    )
    if not names:
        raise InputError("E-COX", "no column is left to learn from", where=table.name, fix="Add what was known before.")
    design = learned_design(table, names, outcome.rows)
    raw = design_matrix(design, table, outcome.rows)
    refuse_outcome_in_disguise(outcome, raw, design.names, table.name)
    means = np.nanmean(raw, axis=0)
    x = filled(raw, means)
    findings += [*outcome.findings, *_told(raw, design, outcome, table)]
    rng = np.random.default_rng(context.seed)
    fold = folds_of(outcome.outcomes, rng)
    context.progress(0.05, "choosing the penalty")
    penalty = _penalty(outcome, x, fold, parameters)
    model = _named(design, lambda: penalty.fit(outcome.outcomes, x))
    horizons = chosen_horizons(outcome, parameters.horizons, Censoring.of(outcome.outcomes))
    last = float(outcome.outcomes.times.max())
    grid = np.linspace(0, last, POINTS)
    shown, labels = _shown(model, x, patients, design, means)
    bands = np.full((parameters.resamples, len(shown), len(grid)), np.nan)

    def seen(number: int, other: CoxModel) -> None:
        bands[number] = other.survival(shown, grid)
        context.progress(0.1 + 0.8 * number / parameters.resamples, f"resample {number + 1} of {parameters.resamples}")

    found = flattery(outcome.outcomes, x, penalty, resamples=parameters.resamples, rng=rng, seen=seen)
    context.progress(0.9, "predicting")
    unseen = _named(design, lambda: unseen_predictions(outcome.outcomes, x, fold, penalty, horizons))
    return {
        "coefficients": _coefficients(model, design, outcome, x, parameters),
        "measures": _measures(model, found, penalty, outcome, x),
        "predictions": _predictions(table, outcome, parameters, unseen, horizons),
        "survival": _curves(model, outcome, shown, labels, grid, bands, parameters.confidence / 100),
        "baseline_hazard": Table(
            {parameters.time: model.times.tolist(), "cumulative hazard": model.hazard.tolist()},
            {parameters.time: outcome.unit},
            "baseline_hazard",
        ),
        "predicted_patients": _predicted(model, patients, design, means, horizons, outcome.unit),
        "findings": (*findings, *_failed(found.failed, parameters.resamples)),
    }


def _penalty(outcome: Followed, x: np.ndarray, fold: np.ndarray, parameters) -> Penalty:
    if parameters.penalty == "cross-validated":
        return chosen_penalty(outcome.outcomes, x, fold, parameters.lasso, parameters.ties)
    strength = parameters.strength if parameters.penalty == "fixed" else 0.0
    return Penalty(strength, parameters.lasso, parameters.ties)


def _named(design: Design, made):
    """What a function makes; what is wrong with a covariate is told by its name."""
    try:
        return made()
    except InputError as error:
        told = str(error)
        for place, name in enumerate(design.names):
            if f"covariate {place + 1} " in told:
                raise InputError("E-COX", f"{name}: {error.message}", fix=error.fix) from error
        raise


def _told(raw: np.ndarray, design: Design, outcome: Followed, table: Table) -> list[Finding]:
    gaps = {name: int(np.isnan(column).sum()) for name, column in zip(design.names, raw.T)}
    text = ", ".join(f"{count} of {name}" for name, count in gaps.items() if count)
    found = (
        [Finding("W-IMPUTED", Severity.REPAIR, f"missing, taken to be the mean: {text}", table.name)] if text else []
    )
    each = outcome.outcomes.event_count / len(design.names)
    if each < EVENTS_EACH:
        text = (
            f"{outcome.outcomes.event_count} events for {len(design.names)} covariates, {each:.1f} each: fewer than "
            f"{EVENTS_EACH} let a model learn chance"
        )
        found.append(Finding("W-FEW-EVENTS", Severity.WARN, text, table.name))
    return found


def _shown(model: CoxModel, x: np.ndarray, patients: Table | None, design: Design, means: np.ndarray):
    """(S, P) covariates whose survival is drawn, and their names: the patients to predict, or three of the table."""
    if patients is None:
        order = np.argsort(model.log_risk(x))
        places = [int(q * (len(order) - 1)) for q in (0.1, 0.5, 0.9)]
        return x[order[places]], ["low risk (10 %)", "middle risk", "high risk (90 %)"]
    rows = list(range(min(patients.row_count, MOST_DRAWN)))
    return filled(design_matrix(design, patients, rows), means), [_name(patients, row) for row in rows]


def _coefficients(model: CoxModel, design: Design, outcome: Followed, x: np.ndarray, parameters) -> Table:
    z = special.ndtri(0.5 + parameters.confidence / 200)
    beta, error = model.coefficients, model.standard_errors
    test = proportional_hazards_test(outcome.outcomes, x, model).p
    with np.errstate(over="ignore"):
        low, high = np.exp(beta - z * error), np.exp(beta + z * error)
    columns = {
        "covariate": list(design.names),
        "hazard ratio": np.exp(beta).tolist(),
        "lower": low.tolist(),
        "upper": high.tolist(),
        "coefficient": beta.tolist(),
        "standard error": error.tolist(),
        "p": (2 * special.ndtr(-np.abs(beta / error))).tolist(),
        "p of proportional hazards": test.tolist(),
        "unit": [design.covariates[own].unit or "" for own in design.own],
    }
    return Table(columns, name="coefficients")


def _measures(model: CoxModel, found, penalty: Penalty, outcome: Followed, x: np.ndarray) -> Table:
    rows = {
        "patients": float(len(x)),
        "events": float(outcome.outcomes.event_count),
        "log-likelihood": model.log_likelihood,
        "penalty": penalty.strength,
        "Harrell C, as found": found.concordance,
        "Harrell C, corrected for optimism": found.corrected_concordance,
        "calibration slope, as found": found.slope,
        "calibration slope, corrected for optimism": found.corrected_slope,
    }
    return Table({"measure": list(rows), "value": list(rows.values())}, name="measures")


def _predictions(table: Table, outcome: Followed, parameters, unseen, horizons) -> Table:
    risk, survival = unseen
    columns = {
        "patient": [_name(table, row) for row in outcome.rows],
        parameters.time: outcome.outcomes.times.tolist(),
        parameters.event: outcome.outcomes.events.astype(int).tolist(),
        "risk": risk.tolist(),
        **{f"survival at {h:g}": survival[:, n].tolist() for n, h in enumerate(horizons)},
    }
    return Table(columns, {parameters.time: outcome.unit}, "predictions")


def _curves(model: CoxModel, outcome: Followed, shown, labels, grid, bands, confidence: float) -> tuple[Curve, ...]:
    axis, tails = f"time [{outcome.unit}]", [(1 - confidence) / 2, (1 + confidence) / 2]
    made = np.isfinite(bands).all(axis=(1, 2))
    found = [stepped(kaplan_meier(outcome.outcomes), "all patients", outcome.unit, float(grid[-1]), confidence)]
    for n, (values, name) in enumerate(zip(model.survival(shown, grid), labels)):
        spread = np.subtract(*np.quantile(bands[made, n], tails[::-1], axis=0)) / 2 if made.sum() > 1 else None
        found.append(Curve(grid, values, "1", name, spread=spread, axis=axis, drawn="line"))
    return tuple(found)


def _predicted(model: CoxModel, patients: Table | None, design: Design, means, horizons, unit: str) -> Table | None:
    if patients is None:
        return None
    rows = range(patients.row_count)
    x = filled(design_matrix(design, patients, rows), means)
    survival = model.survival(x, horizons)
    columns = {
        "patient": [_name(patients, row) for row in rows],
        "risk": model.log_risk(x).tolist(),
        **{f"survival at {h:g}": survival[:, n].tolist() for n, h in enumerate(horizons)},
        "expected time": median_time(survival, horizons).tolist(),
    }
    return Table(columns, {"expected time": unit}, "predicted_patients")


def _failed(failed: int, resamples: int) -> list[Finding]:
    text = f"of {failed} of {resamples} resamples no model could be made; intervals are of the others"
    return [Finding("W-RESAMPLES", Severity.WARN, text)] if failed else []


def _name(table: Table, row: int) -> str:
    for column in ("participant_id", "patient_id", "patient", "id"):
        if column in table.columns:
            return word_of(table.columns[column][row])
    return f"row {row + 1}"
