"""The cases of a batch: rows of a table, each with the words of the command that runs it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError, SpatioTemporalError, counted
from ...io.files.boundary import real_path
from ...io.tables.delimited import Delimited, read_delimited
from .options import StepOptions

NAMED_BY = ("case", "participant_id", "session", "task", "run")
NOT_IN_A_NAME = re.compile(r"[^\w.-]+")
LONGEST_NAME = 80  # bytes


@dataclass(frozen=True)
class CaseTable:
    """Texts of cases by column, and the folder that relative paths are of.

    numbers : of the rows in the file, for messages. gathered : files that a cell stands for which names no path, by
    this cell. left_out : what was found beside and is no case, (what, why) each.
    """

    where: str
    folder: Path
    columns: dict[str, list[str]]
    numbers: tuple[int, ...]
    gathered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, number: int) -> dict[str, str]:
        return {name: cells[number] for name, cells in self.columns.items()}


@dataclass(frozen=True)
class Case:
    """One row.

    name : of its folder. steps : the words of the command for each step; what begins with @ is an earlier step.
    problems : why it cannot run, in words; empty when it can. files : that it is made from. gathered : those of them
    that words stand for, by these.
    """

    row: int
    name: str
    steps: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    problems: tuple[str, ...]
    gathered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_cases(path: str | Path, is_text: Callable[[str], bool] = lambda name: False) -> CaseTable:
    """A table of cases, comma, semicolon or tab between columns.

    is_text : whether a column holds texts and lists, in which a comma between numbers is no decimal comma.

    Raises
    ------
    InputError
        What `read_table` refuses, and ``E-BATCH-CASES`` for a table without rows.
    """
    table = read_delimited(path)
    headings = [heading.strip() for heading in table.headings]
    columns = {name: _cells(table, n, is_text(name)) for n, name in enumerate(headings)}
    if not table.rows:
        raise InputError("E-BATCH-CASES", "holds no case", where=table.path.name, fix="Write one row a case.")
    return CaseTable(table.path.name, real_path(table.path).parent, columns, tuple(row for row, _ in table.rows))


def _cells(table: Delimited, number: int, as_they_are: bool) -> list[str]:
    cells = [cells[number] for _, cells in table.rows] if as_they_are else table.column(number)
    return [cell.strip() for cell in cells]


def cases_of(table: CaseTable, options: tuple[StepOptions, ...]) -> list[Case]:
    """The cases of a table for the steps of a pipeline.

    Raises
    ------
    InputError
        ``E-BATCH-CASES`` when two have the same name.
    """
    names = [_name(table.row(n), n) for n in range(len(table))]
    rows: dict[str, list[int]] = {}
    for name, row in zip(names, table.numbers):
        # Some file systems tell neither case nor ways of writing an accent apart.
        rows.setdefault(name.casefold(), []).append(row)
    twice = [own for own in rows.values() if len(own) > 1]
    if twice:
        first = names[table.numbers.index(twice[0][0])]
        raise InputError(
            "E-BATCH-CASES",
            f"rows {twice[0][0]} and {twice[0][1]} would both be the case {first}, in which only letters, digits, . _ "
            f"and - count; so it is with {counted(len(twice), 'name')}",
            where=table.where,
            fix="Name each row in a column 'case', or by participant_id, session, task and run.",
        )
    return [_case(table, n, name, options) for n, name in enumerate(names)]


def unused_columns(table: CaseTable, options: tuple[StepOptions, ...]) -> list[str]:
    """Columns that no step takes and that do not name a case."""
    taken = {column for step in options for column in step.columns(table.columns)}
    return [name for name in table.columns if name not in taken and name not in NAMED_BY]


def _name(row: dict[str, str], number: int) -> str:
    parts = [row["case"]] if row.get("case") else [row[key] for key in NAMED_BY[1:] if row.get(key)]
    plain = NOT_IN_A_NAME.sub("_", unicodedata.normalize("NFC", "_".join(parts))).strip("._")
    text = plain.encode()[:LONGEST_NAME].decode(errors="ignore").strip("._")
    return text or f"case-{number + 1:05d}"


def _case(table: CaseTable, number: int, name: str, options: tuple[StepOptions, ...]) -> Case:
    row, steps, files, problems = table.row(number), [], [], []
    for step in options:
        words, own, missing = step.words(row, table.folder, table.gathered)
        steps.append(tuple(words))
        files += own
        problems += missing
        if not missing:
            try:
                step.check(words)
            except SpatioTemporalError as error:
                problems.append(str(error))
    parts = {part for words in steps for word in words for part in word.split(",")} if table.gathered else ()
    gathered = {part: table.gathered[part] for part in sorted(parts) if part in table.gathered}
    return Case(table.numbers[number], name, tuple(steps), tuple(dict.fromkeys(files)), tuple(problems), gathered)
