"""Text tables as spreadsheets write them: delimiters, decimal commas, byte order marks."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import Finding, InputError, Severity, counted
from .boundary import existing_file, reading
from .time_axis import DECIMAL_COMMA

MAX_BYTES = 2**30
UNIT_IN_HEADING = re.compile(r"^(.*\S)\s*[\[(]([^\[\]()]*)[\])]$")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Delimited:
    """The cells of a text table.

    headings : as written. rows : (row number in the file, cells), all as long
    as the headings. decimal_comma : whether 1,5 means one and a half.
    """

    path: Path
    headings: list[str]
    rows: list[tuple[int, list[str]]]
    decimal_comma: bool
    findings: tuple[Finding, ...]

    def column(self, index: int) -> list[str]:
        """One column's cells, decimal commas turned into points."""
        cells = [cells[index] for _, cells in self.rows]
        if not self.decimal_comma:
            return cells
        return [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]


def read_delimited(path: str | os.PathLike) -> Delimited:
    """A table whose first row (after lines that begin with #) holds the headings.

    Raises
    ------
    InputError
        For files that are no text, have no rows, headings that are empty or
        stand twice, or rows of another length.
    """
    path = existing_file(path)
    with reading(path, "a text table"):
        text = _decoded(path)
        numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
        if len(numbered) < 2:
            raise InputError(
                "E-TABLE",
                "has no rows below its headings",
                where=path.name,
                fix="Give a first row of headings such as 'time [s],Cp [mmol/L]' and one row for each value.",
            )
        delimiter = _delimiter(path, numbered[0][1])
        headings = _cells(numbered[0][1], delimiter)
        _check_headings(headings, path)
        rows = [(n, _cells(line, delimiter)) for n, line in numbered[1:]]
        _check_lengths(headings, rows, path)
        commas = delimiter != "," and any(DECIMAL_COMMA.fullmatch(cell) for _, row in rows for cell in row)
        findings = ()
        if commas:
            text = "decimal commas were read as decimal points"
            findings = (Finding("R-DECIMAL-COMMA", Severity.REPAIR, text, path.name),)
        return Delimited(path, headings, rows, commas, findings)


def name_and_unit(heading: str) -> tuple[str, str]:
    """``("Cp", "mmol/L")`` of ``Cp [mmol/L]`` or ``Cp (mmol/L)``; the unit may be ""."""
    match = UNIT_IN_HEADING.match(heading)
    return (match[1], match[2].strip()) if match else (heading, "")


def as_number(cell: str) -> float | None:
    """The number in a cell, NaN for an empty one, None for anything else."""
    if cell == "" or cell.lower() == "nan":
        return float("nan")
    return float(cell) if NUMBER.fullmatch(cell) else None


def _decoded(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise InputError("E-TOO-LARGE", "is larger than 1 GiB", where=path.name, fix="Split the table.")
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\0" in data:
        raise InputError(
            "E-FILE-KIND", "is no text", where=path.name, fix="Save the table as CSV (UTF-8) from the spreadsheet."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes as plain "CSV" in western Europe.
        return data.decode("cp1252", errors="replace")


def _delimiter(path: Path, heading: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    outside_quotes = re.sub(r'"[^"]*"', "", heading)
    return max(";\t,", key=outside_quotes.count)


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def _check_headings(headings: list[str], path: Path) -> None:
    wrong = sorted({h for h in headings if not h or headings.count(h) > 1})
    numbers = [h for h in headings if as_number(h) is not None]
    if wrong or numbers:
        raise InputError(
            "E-TABLE-HEADING",
            f"the first row must name the columns, found {', '.join(repr(h) for h in (wrong or numbers)[:5])}",
            where=path.name,
            fix="Give each column one name and its unit, such as 'time [s],Cp [mmol/L]'.",
        )


def _check_lengths(headings: list[str], rows: list[tuple[int, list[str]]], path: Path) -> None:
    wrong = [n for n, cells in rows if len(cells) != len(headings)]
    if wrong:
        raise InputError(
            "E-TABLE-ROW",
            f"row {wrong[0]} has not {len(headings)} cells as the headings have"
            + (f", nor have {counted(len(wrong) - 1, 'other')}" if len(wrong) > 1 else ""),
            where=path.name,
            fix="Put decimal numbers with a comma into quotes, or use a semicolon between the cells.",
        )
