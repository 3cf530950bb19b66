"""How good predicted times of conversion are, beside a straight line from the last value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity, counted
from ...numerics.progression.conversion_error import Seen, conversion_errors
from ...steps.table_columns import numbers_of

USUAL = ("predicted", "carried forward")
FEWEST = 5
YEARS = ("mean absolute error of converters", "mean error of converters", "hinge error of the others")


@dataclass(frozen=True)
class ConversionParameters:
    columns: Annotated[
        tuple[str, ...],
        Help("Columns of predicted times, comma-separated; predicted and carried forward when left empty."),
    ] = ()
    horizon: Annotated[
        float, Unit("years"), Range(0.1, 50), Help("Time after the prediction by which who has converted is asked for.")
    ] = 5.0
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[int, Range(100, 20000), Help("Of the bootstrap over people."), Advanced()] = 1000


@analysis(
    id="prediction.conversion",
    title="Assessment of predicted conversion",
    citation="Uno et al., Evaluating prediction rules for t-year survivors with censored regression models, J Am Stat "
    "Assoc 102:527-537 (2007); errors: own definition",
    inputs=[
        Input(
            "table",
            Table,
            help="One row a person, as progression.course gives it (conversion): predicted from, predicted times, "
            "converted (1 or 0), seen after (last visit without), seen by (first visit with conversion), in years.",
            results=("progression.course:conversion", "progression.robust:conversion"),
        )
    ],
    outputs=[
        Output(
            "measures",
            Table,
            help="One row a model and measure, with bootstrap intervals: mean absolute and mean error of who "
            "converted, hinge error of who did not (years seen without after it was predicted), correlation of the age "
            "at conversion, and the AUC of conversion by the horizon with weights for who was not followed so long.",
        ),
        Output(
            "agreement", Curve, optional=True, help="Predicted over observed years to conversion, with the identity."
        ),
        Output(
            "comparison",
            Table,
            optional=True,
            help="Each model less the last in the same resamples.",
        ),
    ],
    parameters=ConversionParameters,
)
def conversion(table, *, parameters, context):
    r"""Errors, order and agreement of predicted conversion, of those who had not converted when it was predicted.

    Notes
    -----
    .. math::
       \mathrm{MAE} = \frac{1}{n_1} \sum_{\text{converted}} |\hat{t}_i - t_i|, \qquad
       \text{hinge} = \frac{1}{n_0} \sum_{\text{not seen converted}} \max(s_i - \hat{t}_i, 0)

    t and :math:`\hat{t}` are the times of conversion, seen and predicted, and s the last visit without.
    Who converted between two visits did so in the middle between them. Who had converted by the visit that was
    predicted from, or was not seen after it, is left out: there is nothing to predict, or to hold it against.
    """
    seen, rows, findings = _seen(table)
    names = list(parameters.columns) or [name for name in USUAL if name in table.columns]
    if not names:
        raise InputError(
            "E-TABLE", "there is no column 'predicted'", where=table.name, fix="Name the predicted times in columns."
        )
    models = {name: numbers_of(table, name)[rows] for name in names}
    rng = np.random.default_rng(context.seed)
    size = len(rows)
    counts = np.vstack([np.ones(size), rng.multinomial(size, np.full(size, 1 / size), parameters.resamples)])
    found = {}
    for number, (name, predicted) in enumerate(models.items()):
        context.progress(number / len(models), name)
        found[name] = _errors(seen, predicted, counts, parameters.horizon, findings, table.name)
    return {
        "measures": _measures(found, models, seen, parameters.confidence / 100),
        "agreement": _agreement(models, seen) or None,
        "comparison": _comparison(found, parameters.confidence / 100),
        "findings": tuple(dict.fromkeys(findings)),
    }


def _seen(table: Table) -> tuple[Seen, np.ndarray, list[Finding]]:
    """What was seen of those who can be assessed, and their rows."""
    start, after, by = (numbers_of(table, name) for name in ("predicted from", "seen after", "seen by"))
    converted = numbers_of(table, "converted")
    by = np.where(converted == 1, by, np.nan)
    before = (converted == 1) & ~(by > start)
    unseen = ~before & ~((np.where(converted == 1, by, after) > start) & np.isfinite(start))
    # Who was seen converted at the first visit after the prediction converted in between.
    after = np.where((converted == 1) & ~(after >= start), start, after)
    rows = np.flatnonzero(~before & ~unseen)
    if len(rows) < FEWEST or not (converted[rows] == 1).any():
        raise InputError(
            "E-CONVERSION",
            f"{counted(len(rows), 'person was', 'people were')} seen after a prediction without having converted "
            f"before, {int((converted[rows] == 1).sum())} of them converted; {FEWEST} or more are needed, one of them "
            "converted",
            where=table.name,
            fix="Predict from earlier visits, as with first_visits = 2, so that later ones show what happened.",
        )
    told = [(before, "had converted by the visit that was predicted from"), (unseen, "were not seen after it")]
    findings = [
        Finding("N-CONVERSION-LEFT-OUT", Severity.NOTE, f"{int(who.sum())} of {len(start)} people {what}", table.name)
        for who, what in told
        if who.any()
    ]
    return Seen(start[rows], after[rows], by[rows]), rows, findings


def _errors(seen: Seen, predicted: np.ndarray, counts: np.ndarray, horizon: float, findings: list, where: str) -> dict:
    """Measures of one model; without the area where nobody was followed so long, which is told."""
    try:
        return conversion_errors(seen, predicted, counts, horizon)
    except InputError as error:
        if error.code != "E-SURVIVAL-HORIZON":
            raise
        text = f"there is no AUC, for want of people who were followed so long: {error.message}"
        findings.append(Finding("W-CONVERSION-HORIZON", Severity.MASK, text, where))
        return conversion_errors(seen, predicted, counts, None)


def _measures(found: dict, models: dict, seen: Seen, confidence: float) -> Table:
    ends = 0.5 - confidence / 2, 0.5 + confidence / 2
    rows = []
    for model, measures in found.items():
        never = int((~np.isfinite(models[model])).sum())
        for measure, values in measures.items():
            low, high = np.nanquantile(values[1:], ends) if np.isfinite(values[1:]).any() else (np.nan, np.nan)
            rows.append(
                {
                    "model": model,
                    "measure": measure,
                    "value": float(values[0]),
                    "lower": float(low),
                    "upper": float(high),
                    "unit": "years" if measure in YEARS else "1",
                    "converted": int(seen.converted.sum()),
                    "others": int((~seen.converted).sum()),
                    "never predicted": never,
                }
            )
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name="measures")


def _comparison(found: dict, confidence: float) -> Table | None:
    *others, last = found
    ends = 0.5 - confidence / 2, 0.5 + confidence / 2
    rows = []
    for model in others:
        for measure, values in found[model].items():
            difference = values - found[last][measure]
            if np.isfinite(difference[1:]).any():
                low, high = np.nanquantile(difference[1:], ends)
                rows.append((model, last, measure, float(difference[0]), float(low), float(high)))
    names = ("model", "compared with", "measure", "difference", "lower", "upper")
    return Table(dict(zip(names, map(list, zip(*rows)))), name="comparison") if rows else None


def _agreement(models: dict, seen: Seen) -> tuple[Curve, ...]:
    curves, axis = [], "years to conversion, as seen [years]"
    waited, number = np.unique((seen.times - seen.start)[seen.converted], return_inverse=True)
    for name, predicted in models.items():
        own = np.where(np.isfinite(predicted), predicted - seen.start, np.nan)[seen.converted]
        known = np.isfinite(own)
        if known.any():
            means = np.bincount(number[known], own[known], len(waited))
            there = np.bincount(number[known], minlength=len(waited))
            at = there > 0
            curves.append(Curve(waited[at], means[at] / there[at], "years", name, axis=axis, drawn="points"))
    if len(waited) > 1:
        ends = waited[[0, -1]]
        curves.append(Curve(ends, ends, "years", "identity", axis=axis, drawn="line"))
    return tuple(curves)
