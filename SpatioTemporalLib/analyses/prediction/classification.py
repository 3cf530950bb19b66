"""How good predicted probabilities are: discrimination, decisions, calibration, subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.statistics.classification import classification_measures, mcnemar, reliability
from ...numerics.statistics.roc import paired_difference, roc_area
from ...steps.table_columns import cells_of, numbers_of, word_of

FEWEST_OF_A_KIND = 2
CASES_A_BIN, MOST_BINS = 10, 10


@dataclass(frozen=True)
class ClassificationParameters:
    label: Annotated[str, Help("Column that says which kind each case is.")] = "label"
    positive: Annotated[str, Help("What that column says of the cases to be found, as 1 or malignant.")] = "1"
    columns: Annotated[
        tuple[str, ...],
        Help("Columns of probabilities of a positive case, comma-separated; every column probability... when empty."),
    ] = ()
    threshold: Annotated[float, Range(0, 1), Help("Probability from which a case is called positive.")] = 0.5
    subgroups: Annotated[
        tuple[str, ...], Help("Columns that divide the cases, comma-separated, as sex or scanner.")
    ] = ()
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[int, Range(100, 100000), Help("Of the bootstrap."), Advanced()] = 2000


@analysis(
    id="prediction.classification",
    title="Assessment of predicted probabilities",
    citation="Steyerberg et al., Assessing the performance of prediction models, Epidemiology 21:128-138 (2010)",
    inputs=[Input("table", Table, help="One row a case: its label, and a column of probabilities for each model.")],
    outputs=[
        Output(
            "measures",
            Table,
            help="AUC with DeLong's interval, or Newcombe's where that would pass 0 or 1; accuracy, precision, recall, "
            "specificity and F1 with Wilson's, Brier score and calibration error with bootstrap intervals (Wilson's if "
            "those have no width); one row a model and measure.",
        ),
        Output("calibration", Table, help="Mean probability and share of positive cases in bins of equal size."),
        Output(
            "comparison",
            Table,
            optional=True,
            help="Each model against the last on the same cases: DeLong's test of the AUC, McNemar's of the decisions.",
        ),
        Output("subgroups", Table, optional=True, help="The measures in each part of the cases."),
    ],
    parameters=ClassificationParameters,
)
def classification(table, *, parameters, context):
    r"""Discrimination, decisions and calibration of predicted probabilities, with intervals and comparison.

    Notes
    -----
    .. math:: precision = \frac{TP}{TP + FP}, \quad recall = \frac{TP}{TP + FN}, \quad specificity = \frac{TN}{TN + FP},
        \quad F_1 = \frac{2 \, TP}{2 \, TP + FP + FN}

    .. math:: BS = \frac{1}{n} \sum_{i=1}^n (p_i - y_i)^2, \quad ECE = \sum_b \frac{n_b}{n} | \bar{p}_b - \bar{y}_b |

    TP, FP, TN and FN count cases that are called right or wrong at the threshold, p is the probability of a case and y
    1 where it is positive, else 0. ECE, the calibration error, goes over bins b of equally many cases (Nguyen and
    O'Connor, EMNLP 2015); BS is the score of Brier, Mon Weather Rev 78:1 (1950). AUC is that of prediction.roc.
    """
    models = _models(table, parameters)
    positive, known = _labels(table, parameters)
    rng = np.random.default_rng(context.seed)
    usable = {name: known & np.isfinite(values) for name, values in models.items()}
    measures = []
    for n, (name, values) in enumerate(models.items()):
        context.progress(n / len(models), name)
        measures += _measures(name, positive[usable[name]], values[usable[name]], parameters, rng)
    missing = {name: int((~there).sum()) for name, there in usable.items()}
    told = ", ".join(f"{count} of {name}" for name, count in missing.items() if count)
    findings = (
        [Finding("W-MISSING", Severity.MASK, f"left out for want of a value: {told}", table.name)] if told else []
    )
    divided, small = _subgroups(table, models, positive, usable, parameters, rng)
    return {
        "measures": _table(measures, "measures"),
        "calibration": _calibration(models, positive, usable),
        "comparison": _comparison(models, positive, usable, parameters.threshold),
        "subgroups": divided,
        "findings": (*findings, *small),
    }


def _measures(name: str, positive, values, parameters, rng) -> list[dict[str, object]]:
    area = roc_area(positive, values, confidence=parameters.confidence / 100)
    found = {"AUC": (area.auc, area.low, area.high)} | classification_measures(
        positive,
        values,
        parameters.threshold,
        confidence=parameters.confidence / 100,
        resamples=parameters.resamples,
        rng=rng,
    )
    kinds = {"positive": int(positive.sum()), "negative": int((~positive).sum())}
    return [
        {"model": name, "measure": measure, "value": value, "lower": low, "upper": high, **kinds}
        for measure, (value, low, high) in found.items()
    ]


def _calibration(models, positive, usable) -> Table:
    rows = []
    for name, values in models.items():
        bins = int(np.clip(usable[name].sum() // CASES_A_BIN, 2, MOST_BINS))
        found = reliability(positive[usable[name]], values[usable[name]], bins)
        rows += [
            {"model": name, "mean probability": p, "share positive": o, "cases": int(c)} for p, o, c in zip(*found)
        ]
    return _table(rows, "calibration")


def _comparison(models, positive, usable, threshold: float) -> Table | None:
    *others, last = models
    rows = []
    for name in others:
        both = usable[name] & usable[last]
        truth, first, second = positive[both], models[name][both], models[last][both]
        if truth.all() or not truth.any():
            continue
        test = paired_difference(truth, first, second)
        rows.append(
            {
                "model": name,
                "compared with": last,
                "cases": int(both.sum()),
                "difference of AUC": test.difference,
                "standard error": test.standard_error,
                "p of AUC": test.p,
                "p of decisions": mcnemar((first >= threshold) == truth, (second >= threshold) == truth),
            }
        )
    return _table(rows, "comparison") if rows else None


def _subgroups(table, models, positive, usable, parameters, rng) -> tuple[Table | None, list[Finding]]:
    rows, small = [], []
    for column in parameters.subgroups:
        cells = np.array([word_of(cell) for cell in cells_of(table, column)])
        for word in sorted(set(cells)):
            for name, values in models.items():
                here = usable[name] & (cells == word)
                kinds = (int(positive[here].sum()), int((~positive[here]).sum()))
                if min(kinds) < FEWEST_OF_A_KIND:
                    small.append(f"{column} = {word or 'empty'} ({kinds[0]} positive, {kinds[1]} negative)")
                    continue
                found = _measures(name, positive[here], values[here], parameters, rng)
                rows += [{"subgroup": column, "is": word, **row} for row in found]
    told = ", ".join(dict.fromkeys(small))
    text = f"too few cases to measure anything: {told}"
    return (
        _table(rows, "subgroups") if rows else None,
        [Finding("W-SUBGROUP", Severity.MASK, text, table.name)] if told else [],
    )


def _labels(table: Table, parameters) -> tuple[np.ndarray, np.ndarray]:
    words = [word_of(label) for label in cells_of(table, parameters.label)]
    known = np.array([word not in ("", "nan", "n/a") for word in words])
    positive = np.array([word == word_of(parameters.positive) for word in words])
    if not positive.any() or positive[known].all():
        raise InputError(
            "E-ROC",
            f"{positive.sum()} of {known.sum()} cases have {parameters.label} = {parameters.positive}, which leaves "
            f"one kind only; the column holds {', '.join(sorted(set(words))[:6])}",
            where=table.name,
            fix="Set the parameter positive to the word that the cases to be found have.",
        )
    return positive, known


def _models(table: Table, parameters) -> dict[str, np.ndarray]:
    names = list(parameters.columns) or [name for name in table.columns if name.startswith("probability")]
    models = {name: numbers_of(table, name) for name in names}
    if not models:
        raise InputError(
            "E-TABLE",
            "no column begins with 'probability'",
            where=table.name,
            fix="Name the columns of probabilities in the parameter columns.",
        )
    for name, values in models.items():
        if (values < 0).any() or (values > 1).any():
            raise InputError(
                "E-TABLE",
                f"the column {name!r} holds values from {np.nanmin(values):.3g} to {np.nanmax(values):.3g}",
                where=table.name,
                fix="Give probabilities from 0 to 1; prediction.roc takes any measurement.",
            )
    return models


def _table(rows: list[dict[str, object]], name: str) -> Table:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name=name)
