"""Times and events of patients from a table, in words of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...data.units import factor_between
from ...errors import Finding, InputError, Severity, counted
from ...numerics.survival.outcomes import Outcomes
from ..table_columns import MISSING, cells_of, numbers_of, word_of

HAPPENED = ("1", "true", "yes", "y", "event", "dead", "deceased", "died", "recurrence", "recurred", "progression")
NOT_HAPPENED = ("0", "false", "no", "n", "censored", "alive", "none")
FEWEST_EVENTS = 2


@dataclass(frozen=True, eq=False)
class Followed:
    """Patients of a table of whom time and event are known.

    rows : (N,) their rows. outcomes : (N,) of them. unit : of the times. findings : who was left out.
    """

    rows: np.ndarray
    outcomes: Outcomes
    unit: str
    findings: tuple[Finding, ...] = ()

    def years(self, count: float) -> float:
        """So many years in the unit of the times."""
        return count * 365.25 * factor_between("d", self.unit)


def followed(table: Table, time: str, event: str, happened: str = "") -> Followed:
    """Times and events of a table's patients.

    Parameters
    ----------
    time : str
        Column headed with its unit, as ``time [months]``.
    event : str
        Column of words.
    happened : str
        What it says of those with the event; the usual words when empty.

    Raises
    ------
    InputError
        ``E-TABLE`` for columns that are missing, ``E-INPUT-UNIT`` for times without a unit, ``E-SURVIVAL`` for
        times that are not above 0 and words that are not known, each with its row.
    """
    unit = table.units.get(time, "")
    times = numbers_of(table, time)
    if factor_between("d", unit) is None:
        raise InputError(
            "E-INPUT-UNIT",
            f"the column {time!r} is {f'in {unit!r}, which is no unit of time' if unit else 'without a unit'}",
            where=table.name,
            fix=f"Head it {time} [months], [years] or [d].",
        )
    events = _events(table, event, happened)
    known = np.isfinite(times) & np.isfinite(events)
    bad = np.flatnonzero(known & (times <= 0))
    if bad.size:
        raise InputError(
            "E-SURVIVAL",
            f"the {time} in row {bad[0] + 1} is {times[bad[0]]:g} {unit}, more than 0 was expected "
            f"({counted(bad.size, 'row')} so)",
            where=table.name,
            fix="Correct the times, or leave the cells of those patients empty.",
        )
    rows = np.flatnonzero(known)
    outcomes = Outcomes(times[rows], events[rows])
    if outcomes.event_count < FEWEST_EVENTS:
        raise InputError(
            "E-SURVIVAL",
            f"{counted(outcomes.event_count, 'event')} in {counted(len(rows), 'patient')} with a known time; nothing "
            "can be said of when it comes",
            where=table.name,
            fix=f"Check the columns {time} and {event}, and the parameter happened.",
        )
    left_out = table.row_count - len(rows)
    text = f"{counted(left_out, 'patient')} of {table.row_count} left out, whose {time} or {event} is not known"
    return Followed(rows, outcomes, unit, (Finding("W-MISSING", Severity.MASK, text, table.name),) if left_out else ())


def _events(table: Table, column: str, happened: str) -> np.ndarray:
    """(rows,) 1, 0, or NaN where the cell is empty."""
    found = np.full(table.row_count, np.nan)
    for row, cell in enumerate(cells_of(table, column)):
        word = word_of(cell).lower()
        if word in MISSING:
            continue
        if happened:
            found[row] = word == word_of(happened).lower()
        elif word in HAPPENED or word in NOT_HAPPENED:
            found[row] = word in HAPPENED
        else:
            raise InputError(
                "E-SURVIVAL",
                f"{column} in row {row + 1} is {word[:40]!r}, 1 (it happened) or 0 (it had not, when last seen) was "
                "expected",
                where=table.name,
                fix="Say in the parameter happened which word means that it happened.",
            )
    return found
