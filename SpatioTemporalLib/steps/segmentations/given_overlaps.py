"""Overlaps that were measured already, in columns of a table, and look-alikes that were taken for a structure."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from ...errors import Finding, InputError, Severity
from ...numerics.statistics.proportion import wilson_interval
from ..table_columns import numbers_of
from .assessed_cases import Assessed
from .assessment_tables import NAN
from .case_table import CaseTable

OVERLAP, THERE, FOUND = "Dice", "look-alikes", "look-alikes found"
ONLY, REGION = "model", "structure"
FEWEST = 2


def named_columns(table: Table, word: str) -> dict[str, str]:
    """Columns that begin with a word, by the model that follows it in their names."""
    names = [name for name in table.columns if name == word or name.startswith(f"{word} ")]
    return {name.removeprefix(word).strip() or ONLY: name for name in names}


def given_overlaps(table: Table, cases: CaseTable) -> Assessed:
    """The overlaps that a table holds, one column a model.

    Raises
    ------
    InputError
        ``E-TABLE`` without such a column, or with values that are no overlaps.
    """
    columns = named_columns(table, OVERLAP)
    if not columns:
        raise InputError(
            "E-TABLE",
            f"no column is called segmentation or {OVERLAP}; the columns are {', '.join(table.columns) or 'none'}",
            where=table.name,
            fix=f"Name files in the columns segmentation and reference, or head overlaps with {OVERLAP}.",
        )
    found = Assessed(cases.patients, cases.cases, cases.times, cases.time_unit)
    for model, name in columns.items():
        values = numbers_of(table, name)
        if (values < 0).any() or (values > 1).any() or np.isfinite(values).sum() < FEWEST:
            low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (np.nan, np.nan)
            raise InputError(
                "E-TABLE",
                f"the column {name} holds {np.isfinite(values).sum()} values from {low:.3g} to {high:.3g}",
                where=table.name,
                fix="Give two or more overlaps from 0 to 1.",
            )
        found.values[model, REGION] = {OVERLAP: values}
        found.states[model, REGION] = np.full(len(values), "", dtype=object)
        found.read[model] = np.isfinite(values)
    missing = {name: int((~found.read[model]).sum()) for model, name in columns.items()}
    told = ", ".join(f"{count} of {name}" for name, count in missing.items() if count)
    if told:
        found.findings.append(Finding("W-MISSING", Severity.MASK, f"left out for want of a value: {told}", table.name))
    return found


def look_alike_rows(table: Table, found: Assessed, chosen: np.ndarray, confidence: float) -> list[dict[str, object]]:
    """Of each model that says it, the share of look-alikes that it took for the structure, with Wilson's interval."""
    if THERE not in table.columns:
        return []
    there = float(np.nansum(numbers_of(table, THERE)[chosen]))
    rows = []
    for model, name in named_columns(table, FOUND).items():
        hits = float(np.nansum(numbers_of(table, name)[chosen]))
        low, high = wilson_interval(hits, there, confidence=confidence)
        rows.append(
            {
                "model": model, "region": REGION, "measure": FOUND, "unit": "1", "mean": hits / there if there else NAN,
                "lower": low, "upper": high, "median": NAN, "cases": int(there),
                "patients": len(np.unique(found.patients[chosen])), "missed": 0, "added": 0,
            }
        )  # fmt: skip
    return rows
