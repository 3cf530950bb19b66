"""What can be wrong with the tables of a cohort, all of it found before anything is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from ...errors import Finding, InputError, Severity, counted
from ...system.plain_text import for_message
from ..tables.delimited import as_number

# Numbers that hospitals write for "not known".
MISSING_CODES = {-1.0, -9.0, -99.0, -999.0, 99.0, 999.0, 9999.0}
MOST_YEARS = 15.0
SPLITS = {"train", "validation", "test", "external"}
ISO_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
SPREADSHEET_DAY = re.compile(r"[2-5]\d{4}(\.\d+)?")
SHOWN, LONGEST = 40, 300
FIX = "Correct these cells; declare codes for missing values with missing=(...)."
# More digits than a number in a spreadsheet has; whole numbers stay as they are below.
WHOLE_BELOW = 2.0**53


@dataclass(frozen=True)
class Codes:
    """missing : cells that mean "not known". real : columns whose odd numbers are values."""

    missing: Collection[str]
    real: Collection[str]


@dataclass(frozen=True)
class Column:
    """Cells of one column of a table, with their row numbers in the file."""

    file: str
    name: str
    rows: list[int]
    cells: list[str]


@dataclass
class Problems:
    """Problems so far, each with its code, file and row."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, code: str, file: str, row: int | None, text: str) -> None:
        # Cells may be of any length, and hold anything.
        self.found.append((code, f"{file}{f' row {row}' if row else ''}: {for_message(text, LONGEST)}"))

    def raise_all(self, where: str, fix: str = FIX) -> None:
        """One `InputError` that tells all problems; with their common code if they have one."""
        if not self.found:
            return
        codes = {code for code, _ in self.found}
        listed = "".join(f"\n  {text}" for _, text in self.found[:SHOWN])
        more = f"\n  and {len(self.found) - SHOWN} more" if len(self.found) > SHOWN else ""
        raise InputError(
            codes.pop() if len(codes) == 1 else "E-COHORT",
            f"{counted(len(self.found), 'problem')} in the tables:{listed}{more}\n",
            where=where,
            fix=fix,
        )


def check_ids(ids: list[str], rows: list[int], splits: list[str], file: str, problems: Problems) -> None:
    """Each participant stands once, and in one split."""
    first: dict[str, int] = {}
    for index, (participant, row) in enumerate(zip(ids, rows)):
        if not participant:
            problems.add("E-ID", file, row, "the participant_id is empty")
        elif participant in first:
            before = first[participant]
            if splits and splits[index] != splits[before]:
                text = f"participant {participant} is in {splits[index]}, but in row {rows[before]} in {splits[before]}"
                problems.add("E-LEAK", file, row, text)
            else:
                problems.add("E-ID-DUP", file, row, f"participant {participant} stands in row {rows[before]} already")
        else:
            first[participant] = index
        if splits and splits[index] not in SPLITS:
            text = f"the split {splits[index]!r} is none of {', '.join(sorted(SPLITS))}"
            problems.add("E-SPLIT", file, row, text)


def check_known(ids: list[str], rows: list[int], known: list[str], file: str, problems: Problems) -> None:
    """Visits belong to participants, and each participant has one."""
    by_number = {k.lstrip("0"): k for k in known}
    for participant, row in zip(ids, rows):
        if participant in known:
            continue
        twin = by_number.get(participant.lstrip("0"))
        hint = f"; {twin} is: did a spreadsheet drop the leading zeros?" if twin else ""
        problems.add("E-ID", file, row, f"participant {participant!r} is not in participants.csv{hint}")
    for participant in sorted(set(known) - set(ids) - {""}):
        problems.add("E-VISIT-NONE", file, None, f"participant {participant} has no visit")


def typed_column(column: Column, codes: Codes, problems: Problems) -> list:
    """A column as numbers when most of its cells are, else as text; missing cells are NaN or ""."""
    present = [(cell, row) for cell, row in zip(column.cells, column.rows) if cell not in codes.missing]
    numbers = {row: as_number(cell) for cell, row in present}
    if not present or sum(n is not None for n in numbers.values()) * 2 <= len(present):
        return ["" if cell in codes.missing else cell for cell in column.cells]
    for cell, row in present:
        if numbers[row] is None:
            text = f"{cell!r} among the numbers of the column {column.name}; if it means missing: missing=({cell!r},)"
            problems.add("E-TABLE-VALUE", column.file, row, text)
    if column.name not in codes.real:
        _suspect_codes({row: n for row, n in numbers.items() if n is not None}, column, problems)
    typed = [math.nan if numbers.get(row) is None else numbers[row] for row in column.rows]
    return [int(n) for n in typed] if all(abs(n) < WHOLE_BELOW and n == int(n) for n in typed) else typed


def _suspect_codes(numbers: dict[int, float], column: Column, problems: Problems) -> None:
    usual = [n for n in numbers.values() if n not in MISSING_CODES]
    for row, number in numbers.items():
        if number not in MISSING_CODES or not usual:
            continue
        # Nobody else is below zero, or anywhere near so large.
        if (number < 0 <= min(usual)) or (number > 0 and number > 1.5 * max(usual)):
            text = (
                f"{number:g} in the column {column.name} looks like a code for a missing value; declare it "
                f"(missing=('{number:g}',)) or say that it is real (real=({column.name!r},))"
            )
            problems.add("E-MISSING-CODE", column.file, row, text)


def day_of(cell: str, row: int, file: str, problems: Problems) -> float:
    """Days on the calendar of a date such as 2024-02-29, NaN with a problem otherwise."""
    match = ISO_DATE.fullmatch(cell)
    try:
        if match:
            return float(date(*(int(part) for part in match.groups())).toordinal())
        what = "looks like a spreadsheet's day number" if SPREADSHEET_DAY.fullmatch(cell) else "is no such date"
    except ValueError:
        what = "is no day of the calendar"
    problems.add("E-DATE", file, row, f"{cell!r} {what}; write dates as YYYY-MM-DD")
    return math.nan


def check_span(days: list[float], participant: str, file: str) -> list[Finding]:
    """A warning when visits span more years than a study lasts, as after de-identification."""
    years = (max(days) - min(days)) / 365.25
    if years <= MOST_YEARS:
        return []
    text = f"the visits of participant {participant} span {years:.0f} years; were their dates shifted separately?"
    return [Finding("W-VISIT-SPAN", Severity.WARN, text, file)]
