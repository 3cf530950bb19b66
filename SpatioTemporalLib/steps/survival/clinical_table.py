"""Clinical columns as numbers a model takes; what was known only afterwards, or is the outcome, stays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...errors import Finding, InputError, Severity
from ...numerics.survival.concordance import harrell_c
from ..follow_up.covariates import Covariate, coded, learned_covariates
from ..table_columns import MISSING, cells_of, is_number, word_of
from .survival_table import Followed

AFTERWARDS = (
    *("total_response_percent", "necrosis_percent", "fibrosis_percent", "mucin_percent"),
    *("fibrosis_greater_40_percent", "steatosis_yesno", "presence_sinusoidal_dilata"),
    *("NASH_score", "NASH_yesno", "NASH_greater_4"),
)
"""Pathology of the resected liver, as columns of the public collection of liver metastases (10.7937/QXK2-QG03)."""

OUTCOMES = (
    *("overall_survival_months", "vital_status", "progression_or_recurrence", "months_to_DFS_progression"),
    *("vital_status_DFS", "progression_or_recurrence_liveronly", "months_to_liver_DFS_progression"),
    "vital_status_liver_DFS",
)
"""What became of the patients of that collection."""

IDENTIFIERS = ("participant_id", "patient_id", "id", "case", "split", "scan_id")
# A covariate that alone puts so many of the pairs in order is the outcome under another name.
TELLS_ALL, FEWEST = 0.95, 10


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of numbers made from clinical columns.

    names : (P,) of the columns. covariates : how each clinical column is coded. own : (P,) which clinical column each
    is of. levels : (P,) which level it stands for, or "".
    """

    names: tuple[str, ...]
    covariates: tuple[Covariate, ...]
    own: np.ndarray
    levels: tuple[str, ...]

    @classmethod
    def of(cls, covariates: Sequence[Covariate]) -> Design:
        """Numbers stay one column; the first level of a category is what the others are compared with."""
        names, own, levels = [], [], []
        for place, covariate in enumerate(covariates):
            there = covariate.levels[1:] or ("",)
            names += [f"{covariate.name} = {level}" if level else covariate.name for level in there]
            own += [place] * len(there)
            levels += there
        return cls(tuple(names), tuple(covariates), np.array(own, dtype=int), tuple(levels))

    def matrix(self, table: Table, rows: Sequence[int]) -> np.ndarray:
        """(N, P) numbers of some rows, numeric ones in their own unit, NaN where a value is missing."""
        found = np.full((len(rows), len(self.names)), np.nan)
        for n, row in enumerate(rows):
            values = {c.name: _value(cells_of(table, c.name)[row]) for c in self.covariates}
            codes, known, _ = coded(self.covariates, values)
            for place, (own, level) in enumerate(zip(self.own, self.levels)):
                covariate = self.covariates[own]
                if known[own] and level:
                    found[n, place] = float(covariate.levels[int(codes[own])] == level)
                elif known[own]:
                    found[n, place] = codes[own] * covariate.std + covariate.mean
        return found


def clinical_columns(
    table: Table,
    wanted: tuple[str, ...],
    afterwards: tuple[str, ...],
    *,
    with_afterwards: bool,
    outcome: tuple[str, str],
) -> tuple[tuple[str, ...], list[Finding]]:
    """Names of the columns to learn from, those wanted or all that can be; and what was left out.

    Raises
    ------
    InputError
        ``E-LEAK`` when the outcome itself, or without leave what is known only afterwards, is asked for by name.
    """
    known_later = {*AFTERWARDS, *afterwards}
    forbidden = {*outcome, *OUTCOMES, *_endpoints(table)}
    wrong = [name for name in wanted if name in forbidden or (name in known_later and not with_afterwards)]
    if wrong:
        what = "is the outcome" if wrong[0] in forbidden else "is known only after the moment of predicting"
        fix = "Leave it out" + ("." if wrong[0] in forbidden else ", or allow it with the parameter use_afterwards.")
        raise InputError("E-LEAK", f"the column {wrong[0]} {what}", where=table.name, fix=fix)
    if wanted:
        return wanted, []
    usual = [n for n in table.columns if n not in forbidden and n.lower() not in IDENTIFIERS and _varies(table, n)]
    usual = [n for n in usual if not n.startswith(("risk", "survival at", "expected time"))]
    later = [n for n in usual if n in known_later and not with_afterwards]
    text = f"left out, since known only after the moment of predicting: {', '.join(later)}"
    findings = [Finding("I-AFTERWARDS", Severity.NOTE, text, table.name)] if later else []
    return tuple(n for n in usual if n not in later), findings


def _endpoints(table: Table) -> set[str]:
    """Columns of any endpoint, as recurrence_time and recurrence_event: another one's tell of this one too."""
    pairs = (name.removesuffix("_time") for name in table.columns if name.endswith("_time"))
    return {f"{n}_{part}" for n in pairs if f"{n}_event" in table.columns for part in ("time", "event")}


def learned_design(table: Table, names: Sequence[str], rows: Sequence[int]) -> Design:
    """How columns are coded, from some rows alone."""
    return Design.of(learned_covariates(_readable(table, names), names, rows))


def design_matrix(design: Design, table: Table, rows: Sequence[int]) -> np.ndarray:
    """(N, P) of some rows, NaN where missing."""
    names = [covariate.name for covariate in design.covariates]
    return design.matrix(_readable(table, names), rows)


def filled(matrix: np.ndarray, means: np.ndarray) -> np.ndarray:
    """The numbers with what is missing at the mean of the patients learned from."""
    return np.where(np.isfinite(matrix), matrix, means)


def refuse_outcome_in_disguise(patients: Followed, matrix: np.ndarray, names: Sequence[str], where: str) -> None:
    """``E-LEAK`` for a column that alone tells who has the event first, or whether anyone has."""
    outcomes = patients.outcomes
    if outcomes.event_count < FEWEST:
        return
    for name, column in zip(names, matrix.T):
        known = np.isfinite(column)
        own = outcomes.of(known)
        if own.event_count < FEWEST:
            continue
        order = float(harrell_c(own, column[known])[0])
        same = _likeness(column[known], own.events)
        if max(order, 1 - order, same) > TELLS_ALL:
            told = f"whether it happened in {100 * same:.0f} %" if same > TELLS_ALL else (
                f"who comes first in {100 * max(order, 1 - order):.0f} % of the pairs")  # fmt: skip
            raise InputError(
                "E-LEAK",
                f"the column {name} alone tells {told}: it is the outcome under another name, or follows from it",
                where=where,
                fix="Leave it out: nothing that is known beforehand tells so much.",
            )


def _likeness(column: np.ndarray, events: np.ndarray) -> float:
    """Share of patients in whom a column of two values says what the event says; 0 for other columns."""
    values = np.unique(column)
    if len(values) != 2 or events.all() or not events.any():
        return 0.0
    alike = float(((column == values[1]) == events).mean())
    return max(alike, 1 - alike)


def _varies(table: Table, name: str) -> bool:
    words = {word_of(cell) for cell in table.columns[name]} - set(MISSING)
    numbers = all(is_number(cell) or word_of(cell).lower() in MISSING for cell in table.columns[name])
    # Words that are nearly all different are names or remarks.
    return len(words) > 1 and (numbers or len(words) <= max(2, table.row_count // 5))


def _readable(table: Table, names: Sequence[str]) -> Table:
    """The columns with what is written for a missing value as an empty cell."""
    return Table({n: [_value(c) for c in cells_of(table, n)] for n in names}, _units(table, names), table.name)


def _units(table: Table, names: Sequence[str]) -> dict[str, str]:
    return {name: unit for name, unit in table.units.items() if name in names}


def _value(cell: object) -> object:
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        return ""
    return float(cell) if isinstance(cell, (bool, np.generic)) and is_number(cell) else cell
