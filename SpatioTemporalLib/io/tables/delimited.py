"""Text tables as spreadsheets write them: delimiters, decimal commas, byte order marks."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ...errors import Finding, InputError, Severity, counted
from ...system.memory import require_memory
from ..files.boundary import existing_file, reading
from ..files.plain_numbers import number
from ..images.time_axis import DECIMAL_COMMA
from .defused_cells import as_written

SIGNS = ";\t,"
ENOUGH = 2**20
LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|$)")
END_OF_LINE = re.compile(r"\r\n|\n|\r")
# Many at a time: a table may begin with a long description, or end with a million empty lines.
NOTHING = re.compile(r"(?:(?:#[^\r\n]*|[^\S\r\n]*)(?:\r\n|\n|\r|\Z)){1,10000}")
MAX_BYTES = 2**30
# A number of three letters becomes a text, a place in a list and a float.
MEMORY_PER_BYTE = 30
MOST_COLUMNS, LONGEST_HEADING, LONGEST_CELL = 100_000, 1000, 100_000
UNIT_IN_HEADING = re.compile(r"^(.*\S)\s*[\[(]([^\[\]()]*)[\])]$")


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
        text, findings = _decoded(path)
        delimiter = _delimiter(path, text)
        rows = _rows(text, delimiter, path)
        if len(rows) < 2:
            raise InputError(
                "E-TABLE",
                "has no rows below its headings",
                where=path.name,
                fix="Give a first row of headings such as 'time [s],Cp [mmol/L]' and one row for each value.",
            )
        (_, headings), *rows = rows
        _check_headings(headings, path)
        _check_lengths(headings, rows, path)
        commas = delimiter != "," and any(DECIMAL_COMMA.fullmatch(cell) for _, row in rows for cell in row)
        if commas:
            text = "decimal commas were read as decimal points"
            findings.append(Finding("R-DECIMAL-COMMA", Severity.REPAIR, text, path.name))
        return Delimited(path, headings, rows, commas, tuple(findings))


def name_and_unit(heading: str) -> tuple[str, str]:
    """``("Cp", "mmol/L")`` of ``Cp [mmol/L]`` or ``Cp (mmol/L)``; the unit may be ""."""
    match = UNIT_IN_HEADING.match(heading)
    return (match[1], match[2].strip()) if match else (heading, "")


def as_number(cell: str) -> float | None:
    """The finite number in a cell, NaN for an empty one, None for anything else."""
    return float("nan") if cell == "" or cell.lower() == "nan" else number(cell)


def _decoded(path: Path) -> tuple[str, list[Finding]]:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError("E-TOO-LARGE", "is larger than 1 GiB", where=path.name, fix="Split the table.")
    require_memory(MEMORY_PER_BYTE * size, path.name, "its cells")
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16"), []
    if b"\0" in data:
        raise InputError(
            "E-FILE-KIND", "is no text", where=path.name, fix="Save the table as CSV (UTF-8) from the spreadsheet."
        )
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        # What Excel writes as plain "CSV" in western Europe.
        text = "its letters are not UTF-8 and were read as those of western Europe (Windows-1252)"
        found = Finding("R-ENCODING", Severity.REPAIR, text, path.name)
        return data.decode("cp1252", errors="replace"), [found]


def _delimiter(path: Path, text: str) -> str:
    """The sign between cells: that of the headings, or of any row where they have none."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    start = _behind_nothing(text, 0)
    # The headings, or what begins with them: all of a large table need not be looked at for its sign.
    for part in (LINE.match(text, start)[1], text[start : start + ENOUGH]):
        outside_quotes = re.sub(r'"[^"]*"', "", part)
        if any(sign in outside_quotes for sign in SIGNS):
            return max(SIGNS, key=outside_quotes.count)
    return SIGNS[0]


def _behind_nothing(text: str, place: int) -> int:
    """Where the first line begins, from a place on, that is neither empty nor a comment."""
    while (found := NOTHING.match(text, place)) and found.end() > place:
        place = found.end()
    return place


def _rows(text: str, delimiter: str, path: Path) -> list[tuple[int, list[str]]]:
    """The rows without empty lines and comments, each with the number of its first line; quotes may hold line feeds.

    Only line feeds and carriage returns end a line: to Python's splitlines, control characters within a cell do so
    too.
    """
    begun: list[int] = []

    def lines():
        place, count = 0, 1
        while True:
            start = place if begun else _behind_nothing(text, place)
            if start == len(text):
                return
            if start > place:
                count += len(END_OF_LINE.findall(text, place, start))
            line = LINE.match(text, start)[0]
            begun.append(count)
            place, count = start + len(line), count + 1
            yield line

    reader, rows = csv.reader(lines(), delimiter=delimiter, strict=True), []
    while True:
        begun.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return rows
        except csv.Error as error:
            why = f"row {begun[0] if begun else len(rows) + 1} cannot be read ({error})"
            fix = "Write a quotation mark within a cell twice, and close those that begin one."
            raise InputError("E-TABLE-ROW", why, where=path.name, fix=fix) from error
        _check_size(cells, begun[0], path)
        rows.append((begun[0], [as_written(cell.strip()) for cell in cells]))


def _check_size(cells: list[str], number: int, path: Path) -> None:
    if len(cells) > MOST_COLUMNS or any(len(cell) > LONGEST_CELL for cell in cells):
        raise InputError(
            "E-TABLE-ROW",
            f"row {number} has {len(cells)} cells, the longest of {max(map(len, cells))} letters; at most "
            f"{MOST_COLUMNS} cells of {LONGEST_CELL} letters are read",
            where=path.name,
            fix="Check that it is a table, and split it.",
        )


def _check_headings(headings: list[str], path: Path) -> None:
    wrong = sorted(h for h, count in Counter(headings).items() if not h or count > 1 or len(h) > LONGEST_HEADING)
    numbers = [h for h in headings if as_number(h) is not None]
    if wrong or numbers:
        raise InputError(
            "E-TABLE-HEADING",
            f"the first row must name the columns, found {', '.join(repr(h[:80]) for h in (wrong or numbers)[:5])}",
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
