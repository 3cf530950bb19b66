"""Cases whose segmentations lie in files that a table names: read one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...data.curve import Table
from ...data.units import factor_between
from ...data.volumes import LabelMap, Map
from ...errors import InputError
from ...kinds.kind import Given
from ...kinds.registry import read
from ..table_columns import MISSING, cells_of, numbers_of, word_of

PATIENT, CASE = ("participant_id", "patient"), ("case", "session_id", "visit", "frame")
TIMES = {"days": "d", "time": "s"}


@contextmanager
def told_of_row(row: int, column: str) -> Iterator[None]:
    """Errors inside name the row, counted from 1, and the column of the table too: of many files it is one."""
    try:
        yield
    except InputError as error:
        where = f"row {row + 1}, {column}"
        inner = f"{where} ({error.where})" if error.where and not error.where.startswith(where) else where
        raise type(error)(error.code, error.message, where=inner, fix=error.fix) from error


@dataclass(frozen=True, eq=False)
class CaseTable:
    """Whose each row of a table is, when it was, and where its files are.

    patients, cases : (R,) texts. times : (R,) in `time_unit`, or None. files : by column, (R,) paths or "".
    """

    patients: np.ndarray
    cases: np.ndarray
    times: np.ndarray | None
    time_unit: str
    files: Mapping[str, list[str]] = field(default_factory=dict)
    folder: str = ""

    @property
    def order(self) -> np.ndarray:
        """(R,) row numbers by patient, then by time."""
        times = np.zeros(len(self.patients)) if self.times is None else self.times
        return np.lexsort([times, self.patients])

    def labels(self, column: str, row: int) -> LabelMap | None:
        """The segmentation that a row names, None where the cell is empty."""
        return self._read(LabelMap, column, row, None)

    def map(self, column: str, row: int) -> Map | None:
        """The map, a ratio, that a row names, None where the cell is empty."""
        return self._read(Map, column, row, "1")

    def _read(self, kind: type, column: str, row: int, unit: str | None):
        name = self.files[column][row]
        if not name:
            return None
        path = Path(self.folder).expanduser() / name
        if not path.exists():
            raise InputError(
                "E-CASE-FILE",
                f"there is no file {name!r}, which row {row + 1} names as {column}",
                where=str(Path(self.folder) or Path.cwd()),
                fix="Correct the table, or choose the folder in which its files lie.",
            )
        with told_of_row(row, column):
            return read(kind, Given(None, [str(path)], column, unit=unit))


def case_table(table: Table, columns: list[str], folder: str, patient: str = "") -> CaseTable:
    """What a table says of its rows.

    Parameters
    ----------
    columns : those that name files
    folder : in which the files lie, "" for the working directory
    patient : column that tells patients apart; the usual ones when empty, each row a patient of its own without one

    Raises
    ------
    InputError
        ``E-TABLE`` for a column that is missing, a row without a patient, or a patient with two rows at one time.
    """
    rows = [str(n + 1) for n in range(table.row_count)]
    own = patient or next((name for name in PATIENT if name in table.columns), "")
    patients = [word_of(cell) for cell in cells_of(table, own)] if own else rows
    if "" in patients:
        raise InputError(
            "E-TABLE", f"row {patients.index('') + 1} has no {own}", where=table.name,
            fix="Say whose it is: cases of a patient are no independent ones.",
        )  # fmt: skip
    named = next((name for name in CASE if name in table.columns), "")
    cases = [word_of(cell) for cell in table.columns[named]] if named else rows
    files = {name: [_path(cell) for cell in cells_of(table, name)] for name in columns}
    times, unit = _times(table, patients)
    return CaseTable(np.array(patients), np.array(cases), times, unit, files, folder)


def _path(cell: object) -> str:
    text = str(cell).strip()
    return "" if text.lower() in MISSING else text


def _times(table: Table, patients: list[str]) -> tuple[np.ndarray | None, str]:
    name = next((name for name in TIMES if name in table.columns), "")
    if not name:
        return None, ""
    unit = TIMES[name]
    factor = factor_between(table.units.get(name, unit), unit)
    times = numbers_of(table, name)
    if factor is None or not np.isfinite(times).all():
        raise InputError(
            "E-TABLE", f"column {name!r} must hold a time in {unit} in each row", where=table.name,
            fix="Fill its cells, or call it otherwise where it is not the time of a case.",
        )  # fmt: skip
    seen: dict[tuple, int] = {}
    for row, key in enumerate(zip(patients, times.tolist())):
        if key in seen:
            raise InputError(
                "E-TABLE",
                f"rows {seen[key] + 1} and {row + 1} are of {key[0]} at the same {name}, {key[1]:g} {unit}",
                where=table.name,
                fix="Correct the patient or the time, or delete the row that stands twice.",
            )
        seen[key] = row
    return times * factor, unit
