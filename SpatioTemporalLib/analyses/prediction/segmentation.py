"""How good the masks of networks are: overlap with what was drawn, and look-alikes that were taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import special

from ...data.curve import Table
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.statistics.proportion import wilson_interval
from ...steps.table_columns import cells_of, numbers_of, word_of

FEWEST = 2
OVERLAP, THERE, FOUND = "Dice", "look-alikes", "look-alikes found"


@dataclass(frozen=True)
class SegmentationParameters:
    subgroups: Annotated[
        tuple[str, ...], Help("Columns that divide the patients, comma-separated, as sex or scanner.")
    ] = ()
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0


@analysis(
    id="prediction.segmentation",
    title="Assessment of segmentations",
    citation="Dice, Ecology 26:297 (1945); Taha and Hanbury, Metrics for evaluating 3D medical image segmentation, "
    "BMC Med Imaging 15:29 (2015); Wilson, J Am Stat Assoc 22:209 (1927)",
    inputs=[
        Input(
            "table",
            Table,
            help="One row a patient: a column Dice, or Dice and a name for each model; as wanted how many look-alikes "
            "there are, and how many of them each model found.",
        )
    ],
    outputs=[
        Output(
            "measures",
            Table,
            help="Mean Dice with Student's interval, median, and the share of look-alikes that were taken for the "
            "structure with Wilson's; one row a model and measure.",
        ),
        Output(
            "comparison",
            Table,
            optional=True,
            help="Each model against the last on the same patients: mean difference of Dice and the paired t test.",
        ),
        Output("subgroups", Table, optional=True, help="The measures in each part of the patients."),
    ],
    parameters=SegmentationParameters,
)
def segmentation(table, *, parameters, context):
    r"""Overlap of each model's masks with those drawn, with intervals and comparison.

    Notes
    -----
    .. math:: DSC = \frac{2 \, |A \cap B|}{|A| + |B|}, \quad \bar{d} \pm t_{n - 1} \frac{s}{\sqrt{n}}

    A are the voxels that a model found, B those that were drawn (Dice 1945). The mean over n patients has Student's
    interval, with s the standard deviation. The share p of look-alikes that were taken for the structure has that of
    Wilson 1927, with z the quantile of the normal distribution:

    .. math:: \frac{p + z^2 / (2 n) \pm z \sqrt{p (1 - p) / n + z^2 / (4 n^2)}}{1 + z^2 / n}
    """
    models = _models(table)
    everybody = np.ones(table.row_count, dtype=bool)
    rows = []
    for n, name in enumerate(models):
        context.progress(n / len(models), f"{OVERLAP}{name}")
        rows += _measures(table, models, name, everybody, parameters)
    divided, small = _subgroups(table, models, parameters)
    missing = {name: int(np.isnan(values).sum()) for name, values in models.items()}
    told = ", ".join(f"{count} of {OVERLAP}{name}" for name, count in missing.items() if count)
    findings = (
        [Finding("W-MISSING", Severity.MASK, f"left out for want of a value: {told}", table.name)] if told else []
    )
    return {
        "measures": _table(rows, "measures"),
        "comparison": _comparison(models),
        "subgroups": divided,
        "findings": (*findings, *small),
    }


def _models(table: Table) -> dict[str, np.ndarray]:
    """Dice of each model by what follows the word in its column's name; "" where nothing does."""
    names = [name for name in table.columns if name == OVERLAP or name.startswith(f"{OVERLAP} ")]
    if not names:
        raise InputError(
            "E-TABLE", f"no column is called {OVERLAP}", where=table.name, fix=f"Head the overlaps with {OVERLAP}."
        )
    models = {name.removeprefix(OVERLAP): numbers_of(table, name) for name in names}
    for name, values in models.items():
        if (values < 0).any() or (values > 1).any() or np.isfinite(values).sum() < FEWEST:
            low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (np.nan, np.nan)
            raise InputError(
                "E-TABLE",
                f"the column {OVERLAP}{name} holds {np.isfinite(values).sum()} values from {low:.3g} to {high:.3g}",
                where=table.name,
                fix="Give two or more overlaps from 0 to 1.",
            )
    return models


def _measures(table: Table, models, name: str, chosen: np.ndarray, parameters) -> list[dict[str, object]]:
    values = models[name][chosen & np.isfinite(models[name])]
    confidence, count = parameters.confidence / 100, len(values)
    half = special.stdtrit(count - 1, 0.5 + confidence / 2) * values.std(ddof=1) / np.sqrt(count)
    mean, nothing = float(values.mean()), float("nan")
    found = {
        "mean Dice": (mean, max(mean - float(half), 0.0), min(mean + float(half), 1.0), count),
        "median Dice": (float(np.median(values)), nothing, nothing, count),
    }
    if THERE in table.columns and FOUND + name in table.columns:
        hits = float(np.nansum(numbers_of(table, FOUND + name)[chosen]))
        there = float(np.nansum(numbers_of(table, THERE)[chosen]))
        share = hits / there if there else nothing
        found["look-alikes found"] = (share, *wilson_interval(hits, there, confidence=confidence), int(there))
    model = f"{OVERLAP}{name}"
    return [
        {"model": model, "measure": measure, "value": value, "lower": low, "upper": high, "of": of}
        for measure, (value, low, high, of) in found.items()
    ]


def _comparison(models: dict[str, np.ndarray]) -> Table | None:
    *others, last = models
    rows = []
    for name in others:
        difference = models[name] - models[last]
        difference = difference[np.isfinite(difference)]
        if len(difference) < FEWEST:
            continue
        spread = float(difference.std(ddof=1) / np.sqrt(len(difference)))
        # Without any spread there is nothing to test: equal masks, or equal differences.
        t = float(difference.mean()) / spread if spread > 0 else float("nan")
        rows.append(
            {
                "model": f"{OVERLAP}{name}",
                "compared with": f"{OVERLAP}{last}",
                "patients": len(difference),
                "difference of Dice": float(difference.mean()),
                "standard error": spread,
                "p": float(2 * special.stdtr(len(difference) - 1, -abs(t))),
            }
        )
    return _table(rows, "comparison") if rows else None


def _subgroups(table: Table, models, parameters) -> tuple[Table | None, list[Finding]]:
    rows, small = [], []
    for column in parameters.subgroups:
        cells = np.array([word_of(cell) for cell in cells_of(table, column)])
        for word in sorted(set(cells)):
            for name, values in models.items():
                here = (cells == word) & np.isfinite(values)
                if here.sum() < FEWEST:
                    small.append(f"{column} = {word or 'empty'}")
                    continue
                found = _measures(table, models, name, here, parameters)
                rows += [{"subgroup": column, "is": word, **row} for row in found]
    text = f"too few patients to measure anything: {', '.join(dict.fromkeys(small))}"
    findings = [Finding("W-SUBGROUP", Severity.MASK, text, table.name)] if small else []
    return _table(rows, "subgroups") if rows else None, findings


def _table(rows: list[dict[str, object]], name: str) -> Table:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name=name)
