"""Days of visits from a table: numbers in a unit of time, or dates as people and scanners write them."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from ...data.curve import Table
from ...data.units import factor_between
from ...errors import InputError
from ..table_columns import MISSING, cells_of, is_number, numbers_of

NAMES = ("days", "day", "date", "weeks", "months", "years")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
TIME = r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d*)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
YEAR, MONTH, DAY, WORD = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})", r"(?P<word>[A-Za-z]{3,9})\.?"
# Dots are written with the day first wherever they are written; 20230131 is DICOM's.
FORMS = (
    rf"{YEAR}(?P<mark>[-/.]){MONTH}(?P=mark){DAY}",
    rf"{YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})",
    rf"{DAY}\.\s?{MONTH}\.\s?{YEAR}",
    rf"{DAY}[- ./]\s?{WORD}[- ./]\s?{YEAR}",
    rf"{WORD}[- ]{DAY},?[- ]{YEAR}",
    rf"{YEAR}[- ]{WORD}[- ]{DAY}",
)
FORMS = tuple(re.compile(form + TIME) for form in FORMS)
SLASHED = re.compile(r"(?P<one>\d{1,2})(?P<mark>[-/])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})" + TIME)
FIX = "Write dates as 2023-01-31, or days as numbers."


def days_column(table: Table, name: str) -> str:
    """The column of days or dates: as named, else, for the usual name, another usual one that is there."""
    lower = {column.lower(): column for column in reversed(table.columns)}
    if name in table.columns or name != NAMES[0]:
        return name
    return next((lower[usual] for usual in NAMES if usual in lower), name)


def days_of(table: Table, name: str) -> np.ndarray:
    """(rows,) days of a column, from any date on; NaN where its cell is empty.

    Raises
    ------
    InputError
        ``E-TABLE`` without the column, ``E-INPUT-UNIT`` for a unit that is none
        of time, ``E-DATE`` for dates that cannot be read, or read in two ways.
    """
    name = days_column(table, name)
    cells = cells_of(table, name)
    if _are_dates(cells):
        return _days_of_dates([str(cell).strip() for cell in cells], table, name)
    numbers = numbers_of(table, name)
    if name.lower() == "date" and _are_years(numbers):
        raise InputError("E-DATE", f"column {name!r} holds years, whole dates were expected", where=table.name, fix=FIX)
    return numbers * _days_per(table, name)


def _are_dates(cells: list) -> bool:
    filled = [str(cell).strip() for cell in cells if str(cell).strip().lower() not in MISSING]
    # Twenty million days are DICOM's dates; spreadsheets turn them into numbers.
    stamps = [re.fullmatch(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:\.0)?", cell) for cell in filled]
    marked = [re.search(r"\d{1,4}[-/.]\d|\d[-/. ]+[A-Za-z]{3}|[A-Za-z]{3}[. ]+\d", cell) for cell in filled]
    words = any(mark and not is_number(cell) for mark, cell in zip(marked, filled))
    return bool(filled) and (all(stamps) or words)


def _are_years(numbers: np.ndarray) -> bool:
    filled = numbers[np.isfinite(numbers)]
    return bool(len(filled)) and bool(((filled >= 1900) & (filled <= 2100) & (filled == np.round(filled))).all())


def _days_per(table: Table, name: str) -> float:
    unit = table.units.get(name, "")
    # A column may be named by its unit; days where nothing is said.
    unit = unit or (name.lower() if name.lower() in NAMES and name.lower() != "date" else "d")
    factor = factor_between(unit, "d") or factor_between(unit.lower(), "d")
    if factor is None:
        raise InputError(
            "E-INPUT-UNIT",
            f"the column {name!r} is in {unit}, which is no unit of time known here",
            where=table.name,
            fix="Head it with days, weeks, months or years, as days [d] or time [months], or give dates.",
        )
    return factor


def _days_of_dates(cells: list[str], table: Table, name: str) -> np.ndarray:
    order = _order(cells, table, name)
    days = np.full(len(cells), np.nan)
    for n, cell in enumerate(cells):
        if cell.lower() in MISSING:
            continue
        moment = _moment(re.sub(r"\.0$", "", cell), order)
        if moment is None:
            raise InputError(
                "E-DATE",
                f"row {n + 1} of column {name!r} holds {cell[:40]!r}, which is no date that can be read",
                where=table.name,
                fix=FIX,
            )
        days[n] = moment.toordinal() + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400
    return days


def _order(cells: list[str], table: Table, name: str) -> str:
    """Which of day and month stands first in dates such as 31/01/2023, by those that leave no choice."""
    pairs = {cell: (int(m["one"]), int(m["two"])) for cell in cells if (m := SLASHED.fullmatch(cell))}
    day_first, month_first = any(one > 12 for one, _ in pairs.values()), any(two > 12 for _, two in pairs.values())
    unclear = [cell for cell, (one, two) in pairs.items() if one != two]
    if day_first == month_first and unclear:
        raise InputError(
            "E-DATE",
            f"the dates of column {name!r}, as {unclear[0]}, "
            + ("have the day first in some rows, the month in others" if day_first else "may begin with day or month"),
            where=table.name,
            fix=FIX,
        )
    return "day" if day_first else "month"


def _moment(cell: str, order: str) -> datetime | None:
    slashed = SLASHED.fullmatch(cell)
    if slashed:
        one, two = int(slashed["one"]), int(slashed["two"])
        return _built(slashed, *((two, one) if order == "day" else (one, two)))
    for form in FORMS:
        if match := form.fullmatch(cell):
            parts = match.groupdict()
            month = int(parts["month"]) if parts.get("month") else _month(parts["word"])
            return _built(match, month, int(parts["day"]))
    return None


def _month(word: str) -> int:
    """Number of a month by its English name or the first three letters of it, 0 for other words."""
    return next((n for n, name in enumerate(MONTHS, start=1) if word.lower().startswith(name)), 0)


def _built(match: re.Match, month: int, day: int) -> datetime | None:
    clock = [int(match[part] or 0) for part in ("hour", "minute", "second")]
    try:
        return datetime(int(match["year"]), month, day, *clock)
    except ValueError:
        # 30 February: the caller says where it stands.
        return None
