"""Visits of many people from a table: who, when, and scores brought to 0 (healthy) .. 1 (worst)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...declare import Help
from ...errors import Finding, InputError, Severity, counted
from ...numerics.progression.visits import Visits
from ..follow_up.visit_days import NAMES, days_column, days_of
from ..table_columns import MISSING, cells_of, is_number, numbers_of, word_of
from .score_scales import Scale, require_in_range, require_variation, scales_of

PEOPLE = ("participant_id", "participant", "subject", "subject_id", "id", "patient_id", "patient")
TIMES = ("age", "time")
DAYS_A_YEAR = 365.25
MOST_NAMES = 5


@dataclass(frozen=True)
class VisitTableParameters:
    participant: Annotated[
        str, Help("Column that says whose visit a row is; another usual name, as ID, is found as well.")
    ] = "participant_id"
    time: Annotated[
        str,
        Help(
            "Column of ages or times: years, or in the unit of its heading (d, months), or dates as 2023-01-31. A "
            "column time or days is taken where there is no age."
        ),
    ] = "age"
    scores: Annotated[
        tuple[str, ...], Help("Columns of the scores, comma-separated; all other columns of numbers when left empty.")
    ] = ()
    ranges: Annotated[
        tuple[str, ...],
        Help(
            "Healthy and worst value of each score that does not run from 0 (healthy) to 1 (worst), comma-separated, "
            "as MMSE=30:0."
        ),
    ] = ()


@dataclass(frozen=True, eq=False)
class VisitTable:
    """Visits as read from a table.

    visits : scores from 0 (healthy) to 1 (worst). people : name of each person. scales : of each score.
    rows : (R,) row of the table of each visit, from 0. findings : what was odd.
    """

    visits: Visits
    people: tuple[str, ...]
    scales: tuple[Scale, ...]
    rows: np.ndarray
    findings: tuple[Finding, ...]

    @property
    def scores(self) -> tuple[str, ...]:
        return tuple(scale.name for scale in self.scales)

    def person(self, name: str) -> int:
        """Number of a person; ``E-PROGRESSION-PATIENT`` when there is none of that name."""
        if name not in self.people:
            raise InputError(
                "E-PROGRESSION-PATIENT",
                f"there is no participant {name!r}; there are {_listed(self.people)}",
                fix="Correct the name of the patient.",
            )
        return self.people.index(name)


def read_visits(table: Table, parameters: VisitTableParameters, scales: tuple[Scale, ...] = ()) -> VisitTable:
    """The visits of a table, in order of person and time; `scales` of another table that it has to agree with.

    Raises
    ------
    InputError
        ``E-TABLE`` for columns that are not there or hold text, ``E-PROGRESSION-...`` for what cannot be scores.
    """
    who = _column(table, parameters.participant, PEOPLE)
    when = _column(table, days_column(table, parameters.time), (*TIMES, *NAMES))
    names = [scale.name for scale in scales] or list(parameters.scores) or _scores(table, who, when)
    if not names:
        raise InputError(
            "E-TABLE", "no column of numbers besides the time", where=table.name, fix="Name the scores in scores."
        )
    raw = np.column_stack([numbers_of(table, name) for name in names])
    if not scales:
        scales = scales_of(table, names, parameters.ranges)
        require_variation(table, scales, raw)
    require_in_range(table, scales, raw)
    people = [_name(cell) for cell in cells_of(table, who)]
    times = years_of(table, when)
    values = np.column_stack([scale.normalised(raw[:, k]) for k, scale in enumerate(scales)])
    return _joined(table, people, times, values, scales)


def years_of(table: Table, name: str) -> np.ndarray:
    """(rows,) years of a column: as they stand where it has no unit and holds numbers, NaN where a cell is empty."""
    plain = name.lower() not in NAMES and not table.units.get(name)
    if plain and all(is_number(cell) or str(cell).strip().lower() in MISSING for cell in cells_of(table, name)):
        return numbers_of(table, name)
    return days_of(table, name) / DAYS_A_YEAR


def _joined(table: Table, people: list[str], times: np.ndarray, values: np.ndarray, scales) -> VisitTable:
    usable = np.array([bool(name) for name in people]) & np.isfinite(times) & np.isfinite(values).any(axis=1)
    if not usable.any():
        raise InputError(
            "E-PROGRESSION-VISITS",
            f"none of {counted(len(people), 'row')} has a participant, a time and a score",
            where=table.name,
            fix="Fill in the cells, or name the right columns.",
        )
    rows = np.flatnonzero(usable)
    names = list(dict.fromkeys(people[row] for row in rows))
    number = {name: n for n, name in enumerate(names)}
    person = np.array([number[people[row]] for row in rows])
    order = np.lexsort((times[rows], person))
    rows, person = rows[order], person[order]
    same = np.zeros(len(rows), bool)
    same[1:] = (np.diff(person) == 0) & (np.diff(times[rows]) == 0)
    again = same.copy()
    one, other = values[rows[1:]], values[rows[:-1]]
    again[1:] &= ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
    findings = list(_told(table, people, usable, rows, same & ~again, again))
    findings += _beyond(table, values[rows], scales)
    kept = ~again
    visits = Visits(person[kept], times[rows[kept]], values[rows[kept]])
    return VisitTable(visits, tuple(names), tuple(scales), rows[kept], tuple(findings))


def _told(table: Table, people: list[str], usable, rows, twice, again):
    if not usable.all():
        count = int((~usable).sum())
        text = f"{counted(count, 'row has', 'rows have')} no participant, no time or no score, and was left out"
        yield Finding("W-MISSING", Severity.MASK, text, table.name)
    if twice.any():
        who = _listed(sorted({people[row] for row in rows[twice]}))
        text = f"several rows at one time with other values, each taken as a measurement: {who}"
        yield Finding("W-PROGRESSION-TWICE", Severity.WARN, text, table.name)
    if again.any():
        text = f"{counted(int(again.sum()), 'row repeats', 'rows repeat')} another in every score, and was left out"
        yield Finding("W-PROGRESSION-REPEATED", Severity.REPAIR, text, table.name)


def _beyond(table: Table, values: np.ndarray, scales) -> list[Finding]:
    with np.errstate(invalid="ignore"):
        beyond = ((values < 0) | (values > 1)).sum(axis=0)
    told = ", ".join(f"{count} of {scale.name}" for count, scale in zip(beyond, scales) if count)
    text = f"values a little outside the range of their score, taken as they are: {told}"
    return [Finding("N-PROGRESSION-RANGE", Severity.NOTE, text, table.name)] if told else []


def _column(table: Table, name: str, usual: tuple[str, ...]) -> str:
    if name in table.columns or name.lower() not in usual:
        return name
    lower = {column.lower(): column for column in reversed(table.columns)}
    return next((lower[other] for other in usual if other in lower), name)


def _scores(table: Table, *others: str) -> list[str]:
    def numbers(cells: list) -> bool:
        return all(isinstance(c, (int, float, np.number)) and not isinstance(c, bool) for c in cells)

    return [name for name, cells in table.columns.items() if name not in others and numbers(cells)]


def _name(cell: object) -> str:
    word = word_of(cell)
    return "" if word.lower() in MISSING else word


def _listed(names) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"
