"""Events of a task, from a table as BIDS has them."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from ...data.events import Events
from ...data.units import factor_between
from ...errors import InputError
from ..kind import Kind, Made

ONSET, DURATION, CONDITION = "onset", "duration", "trial_type"
AMPLITUDES = ("modulation", "amplitude")
MISSING = ("", "n/a", "nan")


def events_of(table: Table) -> Events:
    """Events of the rows of a table: ``onset`` and ``duration`` in seconds unless the heading says otherwise, and
    ``trial_type``; without that all are of one condition.

    Raises
    ------
    InputError
        ``E-TABLE`` without these columns, ``E-EVENTS`` for cells that are no numbers.
    """
    missing = [name for name in (ONSET, DURATION) if name not in table.columns]
    if missing:
        raise InputError(
            "E-TABLE",
            f"there is no column {missing[0]}; the columns are {', '.join(table.columns) or 'none'}",
            where=table.name,
            fix="Give a table of events as BIDS has them: onset, duration (s) and trial_type.",
        )
    names = table.columns.get(CONDITION, ["event"] * table.row_count)
    amplitude = next((name for name in AMPLITUDES if name in table.columns), None)
    rows = [n for n, name in enumerate(names) if str(name).strip().lower() not in MISSING]
    strengths = _numbers(table, amplitude, rows) if amplitude else np.ones(len(rows))
    onsets, durations = (_seconds(table, name, rows) for name in (ONSET, DURATION))
    conditions = tuple(str(names[n]).strip() for n in rows)
    return Events(onsets, durations, conditions, strengths, table.name, table.findings)


def _seconds(table: Table, name: str, rows: list[int]) -> np.ndarray:
    unit = table.units.get(name, "s")
    factor = factor_between(unit, "s")
    if factor is None:
        raise InputError(
            "E-INPUT-UNIT", f"the column {name} is in {unit!r}, seconds were expected", where=table.name,
            fix=f"Head it {name} [s], or without a unit.",
        )  # fmt: skip
    return _numbers(table, name, rows) * factor


def _numbers(table: Table, name: str, rows: list[int]) -> np.ndarray:
    found = []
    for n in rows:
        cell = table.columns[name][n]
        try:
            found.append(float(cell))
        except (TypeError, ValueError) as error:
            raise InputError(
                "E-EVENTS", f"the {name} in row {n + 1} is {str(cell)[:40]!r}, a number was expected",
                where=table.name, fix="Correct the cell, or delete the row.",
            ) from error  # fmt: skip
    return np.array(found)


EVENTS = Kind(Events, called="table of events", made=Made(Table, events_of))
