"""How well measurements tell two kinds of cases apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.statistics.roc import paired_difference, roc_area, roc_curve
from ...steps.table_columns import cells_of, numbers_of, word_of


@dataclass(frozen=True)
class RocParameters:
    label: Annotated[str, Help("Column that says which kind each case is.")] = "label"
    positive: Annotated[str, Help("What that column says of the cases to be found, as 1 or malignant.")] = "1"
    columns: Annotated[
        tuple[str, ...], Help("Columns of the measurements, comma-separated; all columns of numbers when left empty.")
    ] = ()
    higher_is_positive: Annotated[bool, Help("Whether high values speak for a positive case.")] = True
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0


@analysis(
    id="prediction.roc",
    title="ROC analysis of measurements",
    citation="DeLong et al., Comparing the areas under two or more correlated receiver operating characteristic "
    "curves, Biometrics 44:837-845 (1988)",
    inputs=[
        Input("table", Table, help="One row a case: its label, and a column for each measurement or scan duration.")
    ],
    outputs=[
        Output(
            "areas",
            Table,
            help="Area under the ROC curve of each measurement with its interval (DeLong's, or Newcombe's where that "
            "would pass 0 or 1), and the paired comparison with the "
            "last one on the cases that have both.",
        ),
        Output("points", Table, help="The ROC curves: rates at each threshold."),
    ],
    parameters=RocParameters,
)
def roc(table, *, parameters, context):
    r"""Area under the ROC curve of each column of measurements, with DeLong's intervals and paired tests.

    Notes
    -----
    .. math:: \hat{\theta} = \frac{1}{m n} \sum_{i=1}^m \sum_{j=1}^n \psi(X_i, Y_j), \quad \psi(x, y) = 1, \,
        \frac{1}{2}, \, 0 \quad (x > y, \, x = y, \, x < y)

    .. math:: var(\hat{\theta}) = \frac{S_{10}}{m} + \frac{S_{01}}{n}, \quad z = \frac{\hat{\theta}_1 -
        \hat{\theta}_2}{\sqrt{var(\hat{\theta}_1) + var(\hat{\theta}_2) - 2 \, cov(\hat{\theta}_1, \hat{\theta}_2)}}

    X are the m positive, Y the n other cases. S10 is the variance over the positive cases of the share of others below
    each, S01 that over the others of the share of positive cases above each (DeLong 1988). Where the interval of the
    area would pass 0 or 1 it is Newcombe's, Stat Med 25:559 (2006).
    """
    positive = _positive(table, parameters)
    names = _measurements(table, parameters)
    sign = 1.0 if parameters.higher_is_positive else -1.0
    values = {name: sign * numbers_of(table, name) for name in names}
    areas = [_area(name, positive, values, names[-1], parameters.confidence / 100) for name in names]
    missing = {name: int(np.isnan(column).sum()) for name, column in values.items()}
    told = ", ".join(f"{count} of {name}" for name, count in missing.items() if count)
    return {
        "areas": Table({key: [row[key] for row in areas] for key in areas[0]}, name="ROC areas"),
        "points": _points(positive, values, sign, table),
        "findings": (Finding("W-MISSING", Severity.MASK, f"values are missing and were left out: {told}", table.name),)
        if told
        else (),
    }


def _area(name: str, positive, values, reference: str, confidence: float) -> dict[str, object]:
    known = np.isfinite(values[name])
    area = roc_area(positive[known], values[name][known], confidence=confidence)
    row = {
        "measurement": name,
        "positive": int(positive[known].sum()),
        "negative": int((~positive[known]).sum()),
        "AUC": area.auc,
        "standard error": area.standard_error,
        "lower": area.low,
        "upper": area.high,
        "interval": area.method,
        "compared with": "",
        "difference": float("nan"),
        "p": float("nan"),
    }
    both = known & np.isfinite(values[reference])
    if name != reference and positive[both].any() and not positive[both].all():
        test = paired_difference(positive[both], values[name][both], values[reference][both])
        row |= {"compared with": reference, "difference": test.difference, "p": test.p}
    return row


def _points(positive, values, sign: float, table: Table) -> Table:
    columns = {"measurement": [], "threshold": [], "false positive rate": [], "sensitivity": []}
    for name, column in values.items():
        known = np.isfinite(column)
        curve = roc_curve(positive[known], column[known])
        columns["measurement"] += [name] * len(curve.threshold)
        columns["threshold"] += (sign * curve.threshold).tolist()
        columns["false positive rate"] += curve.false_positive_rate.tolist()
        columns["sensitivity"] += curve.sensitivity.tolist()
    return Table(columns, name="ROC curves")


def _positive(table: Table, parameters) -> np.ndarray:
    labels = [word_of(label) for label in cells_of(table, parameters.label)]
    positive = np.array([label == word_of(parameters.positive) for label in labels])
    if not positive.any() or positive.all():
        raise InputError(
            "E-ROC",
            f"{positive.sum()} of {positive.size} cases have {parameters.label} = {parameters.positive}, which leaves "
            f"one kind only; the column holds {', '.join(sorted(set(labels))[:6])}",
            where=table.name,
            fix="Set the parameter positive to the word that the cases to be found have.",
        )
    return positive


def _measurements(table: Table, parameters) -> list[str]:
    names = list(parameters.columns) or [
        name
        for name, values in table.columns.items()
        if name != parameters.label and all(isinstance(v, (int, float, np.number)) for v in values)
    ]
    if not names:
        raise InputError(
            "E-TABLE",
            "no column holds numbers throughout",
            where=table.name,
            fix="Give one column of numbers for each measurement, beside the label.",
        )
    return names
