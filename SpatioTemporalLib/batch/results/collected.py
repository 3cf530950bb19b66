"""The tables of a batch: what was found in all cases, which files there are, and what failed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...context import Context
from ...errors import InputError
from ...io.files.atomic import atomic_path
from ...io.output.results import SUMMARY
from ...io.tables.delimited import read_delimited
from ...io.tables.file import write_rows
from ..plan import BatchPlan
from ..table.cases import NAMED_BY
from ..table.options import moved
from ..work.identity import record_of

RESULTS, CASES_OUT, FAILURES, PAGE, TABLES = "results.csv", "cases_out.csv", "failures.csv", "index.html", "tables"
STATISTICS = "statistics"
FAILURE_COLUMNS = ["row", "case", "code", "message", "attempts"]


@dataclass(frozen=True)
class Finished:
    """A case whose results are there. outputs : file of each output by its name, with the step before it where there
    are several. kinds : of these."""

    number: int
    name: str
    folder: Path
    outputs: dict[str, Path]
    kinds: dict[str, str]


@dataclass(frozen=True)
class Collected:
    """Files of a batch. tables : one a table that the analysis gives, of all cases."""

    results: Path | None
    cases: Path
    failures: Path
    page: Path
    tables: dict[str, Path]


def collect(plan: BatchPlan, failures: list[tuple], context: Context | None = None) -> Collected:
    """Write the tables and the page of what is finished; the same cases give the same bytes."""
    # What a row that failed had given before is not what its files give now.
    failed = {row for row, *_ in failures}
    rows = [n for n, case in enumerate(plan.cases) if case.row not in failed]
    finished = [case for n in rows if (case := finished_case(plan, n)) is not None]
    told = [name for name in plan.table.columns if name in NAMED_BY[1:] or name in plan.unused]
    paths = _columns_of_paths(plan)
    facts = [name for name in told if name not in paths]
    tables = {}
    for name in _table_names(finished):
        path = plan.out / TABLES / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        tables[name] = _merged(path, name, finished, plan, facts)
    main = next((n for n in tables if n.rpartition(".")[2] == STATISTICS), next(iter(tables), ""))
    results = plan.out / RESULTS
    if main:
        with atomic_path(results) as temporary:
            temporary.write_bytes(tables[main].read_bytes())
    else:
        results.unlink(missing_ok=True)
    told_failures = write_rows(plan.out / FAILURES, FAILURE_COLUMNS, sorted(failures))
    cases = write_rows(plan.out / CASES_OUT, *_cases_out(plan, finished))
    from .page import write_page

    page = write_page(plan, finished, failures, results if main else None)
    if context is not None:
        context.progress(1.0, "collected")
    return Collected(results if main else None, cases, told_failures, page, tables)


def finished_case(plan: BatchPlan, number: int) -> Finished | None:
    """What a case of a plan has left, None where it is not finished by this plan's order."""
    folder = plan.target(number)
    record = record_of(folder)
    if record is None or record.get("order") != plan.keys[number]:
        return None
    outputs, kinds = {}, {}
    for step in plan.pipeline.steps:
        place = folder if plan.pipeline.single else folder / step.name
        summary = json.loads((place / SUMMARY).read_text(encoding="utf-8"))
        for name, told in summary["outputs"].items():
            own = name if plan.pipeline.single else f"{step.name}.{name}"
            outputs[own], kinds[own] = place / Path(told["file"]).name, told["kind"]
    return Finished(number, plan.cases[number].name, folder, outputs, kinds)


def _table_names(finished: Iterable[Finished]) -> list[str]:
    return list(dict.fromkeys(name for case in finished for name, kind in case.kinds.items() if kind == "Table"))


def _merged(path: Path, name: str, finished: list[Finished], plan: BatchPlan, facts: list[str]) -> Path:
    """One table of the rows of all cases, which are read one after the other: there may be ten thousand."""
    having = [case for case in finished if name in case.outputs]
    having = [case for case in having if _has_rows(case.outputs[name])]
    headings = list(
        dict.fromkeys(heading for case in having for heading in read_delimited(case.outputs[name]).headings)
    )

    def rows() -> Iterator[list]:
        for case in having:
            own = [case.name, *(plan.table.columns[fact][case.number] for fact in facts)]
            table = read_delimited(case.outputs[name])
            place = {heading: n for n, heading in enumerate(table.headings)}
            for _, cells in table.rows:
                yield [*own, *(cells[place[h]] if h in place else "" for h in headings)]

    # What an output calls the same as the batch does is told apart.
    return write_rows(
        path, ["case", *facts, *(f"{h} (of the table)" if h in ("case", *facts) else h for h in headings)], rows()
    )


def _has_rows(path: Path) -> bool:
    """Whether a table has any: where nothing was found there are headings alone."""
    try:
        read_delimited(path)
    except InputError as error:
        if error.code == "E-TABLE":
            return False
        raise
    return True


def _cases_out(plan: BatchPlan, finished: list[Finished]) -> tuple[list[str], Iterator[list[str]]]:
    outputs = list(dict.fromkeys(name for case in finished for name in case.outputs))
    given = [name for name in plan.table.columns if name != "case"]
    made = {name: f"{name} (result)" if name in given else name for name in outputs}
    paths = _columns_of_paths(plan)

    def rows() -> Iterator[list[str]]:
        for case in finished:
            row = plan.table.row(case.number)
            own = [(name in paths and moved(row[name], plan.table.folder, plan.out)) or row[name] for name in given]
            there = [os.path.relpath(case.outputs[n], plan.out) if n in case.outputs else "" for n in outputs]
            yield [case.name, *own, os.path.relpath(case.folder, plan.out), *there]

    return ["case", *given, "result", *made.values()], rows()


def _columns_of_paths(plan: BatchPlan) -> set[str]:
    """Columns of which a cell leads to a file; a group that is called as a folder is written without a slash."""
    found = set()
    for name, cells in plan.table.columns.items():
        taken = name not in NAMED_BY and name not in plan.unused
        for cell in cells if name not in NAMED_BY else ():
            if moved(cell, plan.table.folder, plan.out) is None:
                continue
            if taken or "/" in cell or os.sep in cell or not (plan.table.folder / cell).is_dir():
                found.add(name)
                break
    return found
