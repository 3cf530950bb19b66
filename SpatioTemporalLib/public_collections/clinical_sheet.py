"""A table of clinical facts as it was published: a spreadsheet, or a text table."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..io.files.boundary import existing_file, reading
from ..io.tables.delimited import read_delimited
from ..system.packages import require

SPREADSHEETS = (".xlsx", ".xlsm")
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 2**28, 100_000, 1000


@dataclass(frozen=True)
class Sheet:
    """Cells as texts.

    rows : (number in the file, cells by heading) of each row that is not empty.
    """

    file: str
    headings: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def column(self, heading: str) -> list[str]:
        return [cells[heading] for _, cells in self.rows]


def read_sheet(path: str | os.PathLike, wanted: Sequence[str]) -> Sheet:
    """The rows of a table; of a spreadsheet those of the sheet with most of the headings that are wanted.

    Raises
    ------
    InputError
        ``E-TABLE`` when no sheet has one of them, and for files that are no table.
    MissingPackageError
        For a spreadsheet without openpyxl.
    """
    path = existing_file(path)
    if path.suffix.lower() in SPREADSHEETS:
        return _spreadsheet(path, wanted)
    table = read_delimited(path)
    columns = [table.column(index) for index in range(len(table.headings))]
    rows = [(number, dict(zip(table.headings, cells))) for (number, _), cells in zip(table.rows, zip(*columns))]
    return _checked(Sheet(path.name, tuple(table.headings), tuple(rows)), wanted)


def _spreadsheet(path: Path, wanted: Sequence[str]) -> Sheet:
    openpyxl = require("openpyxl", package="openpyxl", extra="spreadsheets", purpose="Reading a spreadsheet")
    with reading(path, "a spreadsheet"):
        with zipfile.ZipFile(path) as packed:
            # What unpacks to more than this is no table of patients.
            size = sum(part.file_size for part in packed.infolist())
        if size > MOST_BYTES:
            raise InputError(
                "E-TOO-LARGE", f"unpacks to {size} bytes", where=path.name, fix="Save its sheet alone as CSV."
            )
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = [_rows_of(path.name, sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
        finally:
            book.close()
    return _checked(max(sheets, key=lambda sheet: _shared(sheet, wanted)), wanted)


def _rows_of(file: str, rows: Iterable[tuple]) -> Sheet:
    headings: tuple[str, ...] = ()
    found = []
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            break
        cells = tuple(_text(cell) for cell in row[:MOST_COLUMNS])
        if not any(cells):
            continue
        if not headings:
            headings = cells
        else:
            found.append((number, dict(zip(headings, cells + ("",) * (len(headings) - len(cells))))))
    return Sheet(file, tuple(filter(None, headings)), tuple(found))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell).strip()


def _shared(sheet: Sheet, wanted: Sequence[str]) -> int:
    return len(set(sheet.headings) & set(wanted))


def _checked(sheet: Sheet, wanted: Sequence[str]) -> Sheet:
    if not _shared(sheet, wanted) or not sheet.rows:
        raise InputError(
            "E-TABLE",
            f"has no row below headings such as {', '.join(wanted[:3])}",
            where=sheet.file,
            fix="Give the table of clinical data of the collection.",
        )
    twice = [heading for heading, count in Counter(sheet.headings).items() if count > 1]
    if twice:
        raise InputError(
            "E-TABLE-HEADING", f"two columns are called {twice[0][:80]!r}", where=sheet.file, fix="Rename one of them."
        )
    return sheet
