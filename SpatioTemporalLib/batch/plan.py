"""What a batch would do, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..context import Context
from ..errors import InputError, counted
from ..io.files.boundary import real_path
from ..version import __version__
from .table.cases import Case, CaseTable, cases_of, read_cases, unused_columns
from .table.finders import is_found, table_of_folder
from .table.options import StepOptions
from .table.pipeline import Pipeline, read_pipeline
from .work.identity import is_done, order_key, record_of

CASES = "cases"
RUNS, DONE, CHANGED, BROKEN = "runs", "is done", "was done otherwise", "cannot run"
MOST_TOLD = 10


@dataclass(frozen=True, eq=False)
class BatchPlan:
    """Cases, and for each what would become of it.

    states : for each case one of "runs", "is done", "was done otherwise" (from other files or settings: runs only where
    replacing is allowed) and "cannot run". unused : columns that no analysis takes.
    """

    pipeline: Pipeline
    table: CaseTable
    cases: list[Case]
    states: list[str]
    keys: list[str]
    out: Path
    unused: list[str]

    def count(self, state: str) -> int:
        return self.states.count(state)

    def target(self, number: int) -> Path:
        """The folder of a case."""
        return self.out / CASES / self.cases[number].name

    def order(self, number: int, *, threads: int, overwrite: bool) -> dict:
        """What `unit` is told for a case."""
        case = self.cases[number]
        steps = [[s.name, s.analysis, list(words)] for s, words in zip(self.pipeline.steps, case.steps)]
        gathered = {word: list(own) for word, own in case.gathered.items()}
        return {
            "version": __version__, "row": case.row, "key": self.keys[number], "steps": steps,
            "files": list(case.files), "gathered": gathered, "target": str(self.target(number)),
            "threads": threads, "overwrite": overwrite,
        }  # fmt: skip

    def __str__(self) -> str:
        told = [f"{self.pipeline.title}: {counted(len(self.cases), 'case')} of {self.table.where}"]
        told += [f"  {self.count(state)} {state}" for state in (RUNS, DONE, CHANGED, BROKEN) if self.count(state)]
        broken = [case for case, state in zip(self.cases, self.states) if state == BROKEN]
        told += [f"  row {case.row}, {case.name}: {case.problems[0]}" for case in broken[:MOST_TOLD]]
        if len(broken) > MOST_TOLD:
            told.append(f"  and {counted(len(broken) - MOST_TOLD, 'more')}")
        told += [f"  left out: {what}: {why}" for what, why in self.table.left_out[:MOST_TOLD]]
        if len(self.table.left_out) > MOST_TOLD:
            told.append(f"  and {len(self.table.left_out) - MOST_TOLD} more left out")
        if self.unused:
            told.append(f"  columns that are carried on only: {', '.join(self.unused)}")
        return "\n".join(told)


def plan_batch(
    what: str | Path | Pipeline,
    cases: str | Path | CaseTable,
    out: str | Path,
    *,
    common: Iterable[str] = (),
    context: Context | None = None,
) -> BatchPlan:
    """Look at every case without computing anything.

    Parameters
    ----------
    what : str, path or Pipeline
        Id of an analysis, or a file with a pipeline (.json).
    cases : path or CaseTable
        A table with one row a case, columns named as inputs and parameters; or a folder, BIDS or DICOM.
    out : path
        Folder of the batch.
    common : words
        Of the command, that hold for all cases, as ``("--relaxivity", "4.5")``; for an analysis alone.
    context : Context, optional
        Hears how far the sorting of files is, and can cancel.

    Raises
    ------
    InputError
        ``E-BATCH-CASES``, ``E-PIPELINE`` and what reading a table refuses.
    """
    pipeline = what if isinstance(what, Pipeline) else _pipeline(str(what))
    common = tuple(common)
    if common and not pipeline.single:
        text = f"{common[0]} holds for no step of a pipeline"
        raise InputError("E-PIPELINE", text, fix="Write parameters into the file of the pipeline.")
    names = [step.name for step in pipeline.steps]
    options = tuple(StepOptions(step, names[:n], common) for n, step in enumerate(pipeline.steps))
    table = cases if isinstance(cases, CaseTable) else _table(cases, options, context or Context())
    found, out = cases_of(table, options), real_path(out)
    keys = [order_key((s.name, s.analysis, words) for s, words in zip(pipeline.steps, case.steps)) for case in found]
    states = [_state(case, key, out / CASES / case.name) for case, key in zip(found, keys)]
    return BatchPlan(pipeline, table, found, states, keys, out, unused_columns(table, options))


def _pipeline(what: str) -> Pipeline:
    return read_pipeline(what) if what.lower().endswith(".json") else Pipeline.of(what)


def _table(cases: str | Path, options: tuple[StepOptions, ...], context: Context) -> CaseTable:
    if not is_found(cases):
        return read_cases(cases, lambda name: any(step.takes_text(name) for step in options))
    return table_of_folder(cases, options[0].analysis, lambda part: context.progress(part, "sorting files"))


def _state(case: Case, key: str, target: Path) -> str:
    if case.problems:
        return BROKEN
    if record_of(target) is None:
        return RUNS
    return DONE if is_done(target, key, case.files) else CHANGED
