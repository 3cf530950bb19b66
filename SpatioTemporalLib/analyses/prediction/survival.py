"""How good predictions of survival are: order, error, calibration and use, beside what nothing would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.survival.kaplan_meier import log_rank
from ...numerics.survival.prediction_error import integrated
from ...numerics.survival.weights import Censoring
from ...steps.survival.charts import by_risk, calibration_chart, decision_chart, error_chart
from ...steps.survival.horizons import chosen_horizons, fine_horizons
from ...steps.survival.measures import Setting, brier_of, concordances, fine_times, measure_rows
from ...steps.survival.predictions import Prediction, predictions_of
from ...steps.survival.subgroups import subgroup_rows
from ...steps.survival.survival_table import Followed, followed

SUSPECT, FEWEST = 0.95, 10
BY_RISK = "Kaplan and Meier's survival of thirds of the patients by predicted risk."


@dataclass(frozen=True)
class SurvivalParameters:
    time: Annotated[str, Help("Column of the time of the event, or when last seen, headed with its unit.")] = "time"
    event: Annotated[str, Help("Column that says whether the event happened: 1 or 0, or words.")] = "event"
    happened: Annotated[str, Help("What that column says when it happened; the usual words when empty.")] = ""
    horizons: Annotated[
        tuple[float, ...],
        Help("Times to assess after, in the unit of the times; 1, 2, 3 and 5 years, as far as known, when empty."),
    ] = ()
    subgroups: Annotated[
        tuple[str, ...], Help("Columns that divide the patients, comma-separated, as sex or scanner.")
    ] = ()
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[int, Range(100, 20000), Help("Of the bootstrap over patients."), Advanced()] = 1000


@analysis(
    id="prediction.survival",
    title="Assessment of predicted survival",
    citation="Uno et al., Stat Med 30:1105 (2011); Graf et al., Stat Med 18:2529 (1999); Haider et al., "
    "J Mach Learn Res 21:85 (2020); Austin et al., Stat Med 39:2714 (2020); Vickers et al., BMC Med Inform Decis Mak "
    "8:53 (2008)",
    inputs=[
        Input(
            "table",
            Table,
            help="One row a patient: time and event, and what was predicted: risk, survival at 12 (a number in the "
            "unit of the times), expected time; with a model's name behind it where there are several.",
        ),
        Input(
            "training",
            Table,
            optional=True,
            help="Times and events of the patients the models were made with: the chance of being censored and the "
            "reference that knows nothing of a patient are taken from them; from the table itself when left out.",
        ),
    ],
    outputs=[
        Output(
            "measures",
            Table,
            help="One row a model, measure and horizon: value, bootstrap interval, and in reference what Kaplan and "
            "Meier's curve, chance, or the best constant gives.",
        ),
        Output("survival_by_risk", Curve, help=BY_RISK),
        Output(
            "comparison",
            Table,
            optional=True,
            help="Each model against the last in the same resamples: difference of C and integrated Brier score.",
        ),
        Output("subgroups", Table, optional=True, help="C in each part of the patients."),
        Output("calibration", Curve, optional=True, help="Observed over predicted chance of an event in fifths."),
        Output("error", Curve, optional=True, help="Brier score over time beside that of Kaplan and Meier's curve."),
        Output("decision_curve", Curve, optional=True, help="Net benefit of acting on the predictions."),
    ],
    parameters=SurvivalParameters,
)
def survival(table, training=None, *, parameters, context):
    r"""Order, error, calibration and use of predicted risks, chances and times of an event.

    Notes
    -----
    .. math::
       C = \frac{\sum_{ij} \delta_i \, \hat G(t_i)^{-2} \, [t_i < t_j] \, [\eta_i > \eta_j]}
       {\sum_{ij} \delta_i \, \hat G(t_i)^{-2} \, [t_i < t_j]}

    Uno's; with G = 1 it is Harrell's.

    .. math::
       B(t) = \frac1n \sum_i S_i(t)^2 \frac{\delta_i [t_i \le t]}{\hat G(t_i)}
       + (1 - S_i(t))^2 \frac{[t_i > t]}{\hat G(t)}

    with the chance G of not being censored. The integrated score is its mean over
    time, the gain what part of Kaplan and Meier's is missing from it.
    """
    patients = followed(table, parameters.time, parameters.event, parameters.happened)
    models = {name: prediction.of(patients.rows) for name, prediction in predictions_of(table).items()}
    patients, models, missing = _with_predictions(patients, models, table)
    setting = _setting(patients, training, parameters, context)
    rows, findings = [], [*patients.findings, *missing]
    for n, (name, prediction) in enumerate(models.items()):
        context.progress(0.8 * n / len(models), f"assessing{name or ' predictions'}")
        own = list(measure_rows(name.strip(), prediction, setting))
        rows += own
        findings += _suspicion(name, own, patients)
    context.progress(0.8, "comparing")
    divided, few = subgroup_rows(table, patients.rows, models, setting, parameters.subgroups)
    horizon = float(setting.horizons[len(setting.horizons) // 2])
    thirds = by_risk(models, setting, patients.unit)
    return {
        "measures": _table(rows, "measures", {"horizon": patients.unit}),
        "survival_by_risk": thirds,
        "comparison": _comparison(models, setting),
        "subgroups": _table(divided, "subgroups") if divided else None,
        "calibration": calibration_chart(models, setting, horizon, patients.unit) or None,
        "error": error_chart(models, setting, patients.unit) or None,
        "decision_curve": decision_chart(models, patients.outcomes, horizon, patients.unit) or None,
        "findings": (*findings, *few, *_thirds_differ(models, setting)),
    }


def _with_predictions(patients: Followed, models: dict[str, Prediction], table: Table):
    """The patients of whom every model predicted something, so that all are assessed on the same."""
    known = np.all([prediction.known for prediction in models.values()], axis=0)
    if known.all():
        return patients, models, []
    kept = patients.outcomes.of(known)
    if kept.event_count < 2:
        raise InputError(
            "E-SURVIVAL",
            f"every model predicted something of {known.sum()} patients, with {kept.event_count} events",
            where=table.name,
            fix="Fill the missing predictions, or take out the columns of a model that has few.",
        )
    text = f"{(~known).sum()} of {len(known)} patients left out, of whom a prediction is missing"
    patients = Followed(patients.rows[known], kept, patients.unit, patients.findings)
    return patients, {n: p.of(known) for n, p in models.items()}, [
        Finding("W-MISSING", Severity.MASK, text, table.name)
    ]  # fmt: skip


def _setting(patients: Followed, training: Table | None, parameters, context) -> Setting:
    reference = patients.outcomes
    if training is not None:
        others = followed(training, parameters.time, parameters.event, parameters.happened)
        if others.unit != patients.unit:
            raise InputError(
                "E-INPUT-UNIT",
                f"times are in {others.unit}, those of the assessed patients in {patients.unit}",
                where=training.name,
                fix="Bring them to the same unit.",
            )
        reference = others.outcomes
    censoring = Censoring.of(reference)
    horizons = chosen_horizons(patients, parameters.horizons, censoring)
    count = len(patients.outcomes)
    rng = np.random.default_rng(context.seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=parameters.resamples)
    year = patients.years(1.0)
    fine = fine_horizons(patients, float(horizons[-1]))
    confidence = parameters.confidence / 100
    return Setting(patients.outcomes, reference, censoring, horizons, fine, patients.unit, year, drawn, confidence)


def _suspicion(name: str, rows: list[dict[str, object]], patients: Followed) -> list[Finding]:
    c = next(row["value"] for row in rows if row["measure"] == "Harrell C")
    if not c > SUSPECT or patients.outcomes.event_count < FEWEST:
        return []
    text = (
        f"the predictions{name} put {100 * c:.1f} % of the pairs in the right order: more than can be known beforehand "
        "in any such disease. Look whether something went into them that was only known afterwards."
    )
    return [Finding("W-LEAK", Severity.WARN, text)]


def _comparison(models: dict[str, Prediction], setting: Setting) -> Table | None:
    *others, last = models
    rows = []
    for name in others:
        compared = {"model": name.strip() or "predictions", "compared with": last.strip() or "predictions"}
        for measure, (value, drawn) in _differences(models[name], models[last], setting).items():
            low, high = setting.interval(drawn)
            # Davison and Hinkley (1997), 4.2: with the sample itself among the resamples, no p is zero.
            tails = [(1 + np.count_nonzero(side)) / (1 + len(drawn)) for side in (drawn <= 0, drawn >= 0)]
            p = min(1.0, 2 * min(tails))
            rows.append({**compared, "measure": measure, "difference": value, "lower": low, "upper": high, "p": p})
    return _table(rows, "comparison") if rows else None


def _differences(first: Prediction, second: Prediction, setting: Setting) -> dict[str, tuple[float, np.ndarray]]:
    found = {}
    here, there = (concordances(p.risk, setting) for p in (first, second))
    drawn_here, drawn_there = (concordances(p.risk, setting, setting.counts) for p in (first, second))
    for measure in here:
        found[measure] = (float(here[measure][0] - there[measure][0]), drawn_here[measure] - drawn_there[measure])
    if first.survival is not None and second.survival is not None:
        times = min((fine_times(p, setting) for p in (first, second)), key=lambda t: t[-1])
        scores = [
            [integrated(brier_of(p.survival_at(times), setting, times, c), times) for c in (None, setting.counts)]
            for p in (first, second)
        ]
        found["integrated Brier"] = (float(scores[0][0][0] - scores[1][0][0]), scores[0][1] - scores[1][1])
    return found


def _thirds_differ(models: dict[str, Prediction], setting: Setting) -> list[Finding]:
    found = []
    for name, prediction in models.items():
        order = np.argsort(prediction.risk, kind="stable")
        groups = np.empty(len(order), dtype=int)
        groups[order] = np.arange(len(order)) * 3 // len(order)
        test = log_rank(setting.outcomes, groups)
        if np.isfinite(test.p):
            text = f"thirds by risk{name}: log-rank {test.statistic:.3g} on {test.degrees} degrees of freedom, "
            found.append(Finding("I-LOG-RANK", Severity.NOTE, f"{text}p = {test.p:.2g}"))
    return found


def _table(rows: list[dict[str, object]], name: str, units: dict[str, str] | None = None) -> Table:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, units or {}, name=name)
