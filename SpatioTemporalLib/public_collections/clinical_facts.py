"""Clinical facts of the collection Colorectal-Liver-Metastases: what was known before, afterwards, and what came."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.curve import Table
from ..errors import Finding, InputError, Severity
from ..io.cohort.checks import Problems
from ..io.cohort.files import ID
from ..io.tables.delimited import as_number
from ..steps.survival.clinical_table import AFTERWARDS, OUTCOMES
from .clinical_sheet import Sheet, read_sheet

BEFORE = {
    "age": "years",
    "sex": "",
    "body_mass_index": "kg/m2",
    "major_comorbidity": "",
    "node_positive_primary": "",
    "synchronous_crlm": "",
    "multiple_metastases": "",
    "max_tumor_size": "",
    "bilobar_disease": "",
    "extrahep_disease": "",
    "carcinoembryonic_antigen": "",
    "clinrisk_score": "",
    "clinrisk_stratified": "",
    "chemo_before_liver_resection": "",
    "preoperative_pve": "",
}
"""Columns known before the operation, with their units where they have one."""

ENDPOINTS = {
    "overall_survival": ("overall_survival_months", "vital_status"),
    "dfs": ("months_to_DFS_progression", "vital_status_DFS"),
    "liver_dfs": ("months_to_liver_DFS_progression", "vital_status_liver_DFS"),
}
"""Time in months, and event, of each endpoint; without disease also ends with death."""

# Beside empty cells; both signs stand in the tables that are about.
MISSING = (999.0, -999.0)


@dataclass(frozen=True)
class Facts:
    """What the table says of each patient.

    names : of the patients. columns_before, columns_afterwards, outcomes : cells by heading, one for each name.
    """

    file: str
    names: tuple[str, ...]
    columns_before: dict[str, list[str]]
    columns_afterwards: dict[str, list[str]]
    outcomes: dict[str, list[str]]
    findings: tuple[Finding, ...]

    def before(self, names: Sequence[str]) -> Table:
        """Of some patients what was known before the operation, and the endpoints."""
        units = {name: unit for name, unit in BEFORE.items() if unit}
        units |= {name: "months" for name in self.outcomes if name.endswith("_time")}
        return self._table({**self.columns_before, **self.outcomes}, units, names, "participants")

    def afterwards(self, names: Sequence[str]) -> Table:
        """Of some patients what was known only afterwards."""
        return self._table(self.columns_afterwards, {}, names, "afterwards")

    def _table(self, columns: dict[str, list[str]], units: dict[str, str], names: Sequence[str], called: str) -> Table:
        rows = [self.names.index(name) for name in names]
        chosen = {heading: [cells[row] for row in rows] for heading, cells in columns.items()}
        return Table({ID: list(names), **chosen}, {n: u for n, u in units.items() if n in chosen}, called)


def clinical_facts(path: str | os.PathLike, folders: Collection[str]) -> Facts:
    """The facts of a table whose patients are called as their folders.

    Raises
    ------
    InputError
        ``E-OUTCOME`` with all rows whose times or events cannot be, ``E-ID`` and ``E-ID-DUP`` when patients cannot be
        told.
    """
    sheet = read_sheet(path, (*(column for pair in ENDPOINTS.values() for column in pair), *BEFORE))
    called = _column_of_names(sheet, folders)
    problems = Problems()
    names = _names(sheet, called, problems)
    outcomes = _outcomes(sheet, problems)
    problems.raise_all(Path(path).name, "Correct these cells, or leave empty what is not known.")
    before, afterwards = (
        {name: [_known(cell) for cell in sheet.column(name)] for name in wanted if name in sheet.headings}
        for wanted in (BEFORE, AFTERWARDS)
    )
    used = {called, *before, *afterwards, *OUTCOMES}
    others = [heading for heading in sheet.headings if heading not in used]
    text = f"left out, since it is not known whether they were known before the operation: {', '.join(others)}"
    findings = (Finding("I-COLUMNS", Severity.NOTE, text, sheet.file),) if others else ()
    return Facts(sheet.file, tuple(names), before, afterwards, outcomes, findings)


def _column_of_names(sheet: Sheet, folders: Collection[str]) -> str:
    """The column with most cells that are names of folders."""
    shared = {heading: len(set(sheet.column(heading)) & set(folders) - {""}) for heading in sheet.headings}
    best = max(shared, key=shared.get)
    if not shared[best]:
        raise InputError(
            "E-ID",
            "in no column stands the name of a patient's folder, such as CRLM-CT-1001",
            where=sheet.file,
            fix="Give the folder of the download, and the table that goes with it.",
        )
    return best


def _names(sheet: Sheet, column: str, problems: Problems) -> list[str]:
    first: dict[str, int] = {}
    for number, cells in sheet.rows:
        name = cells[column]
        if not name:
            problems.add("E-ID", sheet.file, number, f"the column {column} is empty")
        elif first.setdefault(name, number) != number:
            problems.add("E-ID-DUP", sheet.file, number, f"{name} stands in row {first[name]} already")
    return sheet.column(column)


def _outcomes(sheet: Sheet, problems: Problems) -> dict[str, list[str]]:
    """Time and event of each endpoint that the table has."""
    found: dict[str, list[str]] = {}
    for endpoint, (time, event) in ENDPOINTS.items():
        if time not in sheet.headings or event not in sheet.headings:
            continue
        for number, cells in sheet.rows:
            _check_outcome(cells[time], cells[event], (time, event), number, sheet.file, problems)
        found[f"{endpoint}_time"] = sheet.column(time)
        found[f"{endpoint}_event"] = [cell and str(int(as_number(cell) or 0)) for cell in sheet.column(event)]
    if not found:
        listed = " and ".join(ENDPOINTS["overall_survival"])
        raise InputError(
            "E-TABLE", f"has no outcome, such as {listed}", where=sheet.file, fix="Give the collection's own table."
        )
    return found


def _check_outcome(time: str, event: str, columns: tuple[str, str], row: int, file: str, problems: Problems) -> None:
    """Empty cells are not known; whatever else is no time above 0 and no event of 0 or 1 is a problem."""
    months, happened = (as_number(cell) if cell else None for cell in (time, event))
    if time and (months is None or not months > 0 or months in MISSING):
        problems.add("E-OUTCOME", file, row, f"{columns[0]} is {time[:40]!r}, months above 0 were expected")
    if event and happened not in (0, 1):
        problems.add("E-OUTCOME", file, row, f"{columns[1]} is {event[:40]!r}, 1 (it happened) or 0 was expected")


def _known(cell: str) -> str:
    return "" if as_number(cell) in MISSING else cell
