"""Carries a batch out: hands out cases, tries again what died, writes down what happened, and collects."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..context import Context
from ..errors import Cancelled, InputError, ParameterError, SpatioTemporalError, counted
from ..io.files.atomic import not_written
from ..io.output.folder import working_folder
from ..system.owner_lock import OwnerLock, is_left
from .events import EventLog
from .plan import BROKEN, CHANGED, DONE, BatchPlan
from .results.collected import Collected, collect
from .work.case_lock import require_folder
from .work.child import Limits, run_order
from .work.engines import Engine, LocalEngine, local_workers
from .work.identity import OTHERWISE

ATTEMPTS = 3
BUSY_PAUSE = 1.0  # s
STOP, LOCK = ".stop", ".running.lock"


@dataclass(frozen=True)
class BatchSettings:
    """How a batch runs.

    workers : cases side by side, 0 for as many as memory and cores allow. memory : MiB a case may take, 0 for no limit.
    seconds : likewise. threads : of each case.

    Raises
    ------
    ParameterError
        For a number that cannot be.
    """

    workers: int = 0
    memory: int = 0
    seconds: float = 0.0
    threads: int = 1
    overwrite: bool = False

    def __post_init__(self):
        least = {"workers": (self.workers, 0), "memory": (self.memory, 0), "time": (self.seconds, 0)}
        for name, (value, lowest) in (least | {"threads": (self.threads, 1)}).items():
            if not (math.isfinite(value) and value >= lowest):
                text = f"{name} = {value:g} cannot be; {lowest} or more was expected"
                raise ParameterError("E-PARAMETER", text, fix=f"Give another --{name}, or leave it out.")


@dataclass
class BatchOutcome:
    """What became of the cases.

    computed : by this run. already : before it. failures : (row, name, code, message, attempts) of each.
    stopped : why the whole batch was given up, "" when it was not. collected : the tables and the page.
    """

    computed: int = 0
    already: int = 0
    failures: list[tuple[int, str, str, str, int]] = field(default_factory=list)
    stopped: str = ""
    collected: Collected | None = None

    @property
    def whole(self) -> bool:
        return not self.failures and not self.stopped

    def __str__(self) -> str:
        told = f"{counted(self.computed, 'case')} computed, {self.already} done before, {len(self.failures)} failed"
        lines = [told, *(f"  row {row}, {name}: {message}" for row, name, _, message, _ in self.failures[:10])]
        if len(self.failures) > 10:
            lines.append(f"  and {len(self.failures) - 10} more in failures.csv")
        return "\n".join([*lines, *([f"given up: {self.stopped}"] if self.stopped else [])])


def run_batch(
    plan: BatchPlan, settings: BatchSettings = BatchSettings(), *, engine: Engine | None = None, context=None
) -> BatchOutcome:
    """Compute what is not done yet, and collect all results.

    Parameters
    ----------
    plan : BatchPlan
    settings : BatchSettings
    engine : Engine, optional
        Processes of this machine unless given.
    context : Context, optional
        Gets progress, and can cancel: cases that run are stopped, nothing half-written is left, and the next run of the
        same plan goes on.

    Returns
    -------
    BatchOutcome

    Raises
    ------
    InputError
        ``E-BATCH-RUNNING`` when another process works in the folder.
    Cancelled
    """
    context = context or Context()
    out = working_folder(plan.out, "batch")
    lock = _only_one(out)
    try:
        engine = engine or LocalEngine(settings.workers or local_workers(settings.memory * 2**20))
        run = _Run(plan, settings, engine, context, EventLog(out))
        try:
            return run.carried_out()
        finally:
            run.log.close()
    finally:
        lock.release()


def _only_one(out: Path) -> OwnerLock:
    path = out / LOCK
    if not is_left(path):
        text = "another process computes this batch"
        raise InputError("E-BATCH-RUNNING", text, where=str(out), fix="Wait until it has ended, or stop it.")
    try:
        path.unlink(missing_ok=True)
        (out / STOP).unlink(missing_ok=True)
        return OwnerLock(path)
    except OSError as error:
        raise not_written(path, error) from error


class _Run:
    """One run of a batch."""

    def __init__(self, plan: BatchPlan, settings: BatchSettings, engine: Engine, context: Context, log: EventLog):
        self.plan, self.settings, self.engine, self.context, self.log = plan, settings, engine, context, log
        self.outcome = BatchOutcome()
        self.waiting: deque[dict] = deque()
        self.busy_until: dict[int, float] = {}
        self.part: dict[int, float] = {}
        self.stop = threading.Event()
        self.numbers = {case.row: n for n, case in enumerate(plan.cases)}

    def carried_out(self) -> BatchOutcome:
        for number, (case, state) in enumerate(zip(self.plan.cases, self.plan.states)):
            if state == DONE:
                self.outcome.already += 1
            elif state == BROKEN:
                self._fail(case.row, "E-BATCH-ROW", "; ".join(case.problems), 0)
            else:
                self.waiting.append(self._order(number))
        self.todo = max(len(self.waiting), 1)
        self.log.add("begun", cases=len(self.plan.cases), to_run=len(self.waiting), workers=self.engine.workers)
        limits = Limits(self.settings.memory * 2**20, self.settings.seconds, str(self.plan.out / STOP))
        try:
            while self.waiting and not self.outcome.stopped:
                for order, answer in self.engine.answers(self._next, limits, self.stop, self._told):
                    self._took(order, answer)
                    self._progress()
                # What is left waits for another process.
                time.sleep(0.1 if self.waiting else 0.0)
        except (KeyboardInterrupt, SystemExit, Cancelled):
            self._cancel()
            raise
        finally:
            self.stop.set()
        require_folder(self.plan.out)
        self.outcome.collected = _collected(self.plan, self.outcome.failures, self.context)
        self.log.add("ended", computed=self.outcome.computed, failed=len(self.outcome.failures))
        return self.outcome

    def _order(self, number: int) -> dict:
        return self.plan.order(number, threads=self.settings.threads, overwrite=self.settings.overwrite)

    def _next(self) -> dict | None:
        """The next order; one whose case another process works on waits a while."""
        self._progress()
        if self.outcome.stopped:
            return None
        for _ in range(len(self.waiting)):
            order = self.waiting.popleft()
            if self.busy_until.get(order["row"], 0.0) <= time.monotonic():
                self.log.add("started", row=order["row"], attempt=order.get("attempt", 1))
                return order
            self.waiting.append(order)
        return None

    def _took(self, order: dict, answer: dict) -> None:
        row, attempt, event = order["row"], order.get("attempt", 1), answer["event"]
        self.part.pop(row, None)
        if event == "finished":
            already = bool(answer.get("already"))
            self.outcome.already += already
            self.outcome.computed += not already
            facts = {key: round(answer[key], 3) for key in ("seconds", "peak_mib") if key in answer}
            self.log.add("finished", row=row, already=already, **facts)
        elif event == "failed" and answer["code"] == "E-BATCH-BUSY":
            self.busy_until[row] = time.monotonic() + BUSY_PAUSE
            self.waiting.append(order)
        elif event == "failed":
            self._fail(row, answer["code"], answer["message"], attempt)
            if answer.get("stop"):
                self.outcome.stopped = answer["message"]
        elif event == "killed" and attempt < ATTEMPTS:
            self.log.add("retried", row=row, attempt=attempt, message=answer["message"])
            self.waiting.append({**order, "attempt": attempt + 1})
        elif event == "killed":
            text = f"its process died {ATTEMPTS} times ({answer['message']}); it is not tried again"
            self._fail(row, "E-BATCH-DIED", text, attempt)

    def _fail(self, row: int, code: str, message: str, attempts: int) -> None:
        self.log.add("failed", row=row, code=code, attempts=attempts)
        self.outcome.failures.append((row, self.plan.cases[self.numbers[row]].name, code, message, attempts))

    def _told(self, order: dict, event: dict) -> None:
        self.part[order["row"]] = float(event.get("fraction", 0.0))

    def _progress(self) -> None:
        ended = self.outcome.computed + len(self.outcome.failures)
        fraction = min((ended + sum(list(self.part.values()))) / self.todo, 1.0)
        failed = f", {len(self.outcome.failures)} failed" if self.outcome.failures else ""
        self.context.progress(0.97 * fraction, f"{self.outcome.computed} of {self.todo} computed{failed}")

    def _cancel(self) -> None:
        """Stop what runs: here by the event, on other machines by a file that all of them see."""
        self.stop.set()
        if self.engine.elsewhere:
            # Without it workers elsewhere end their cases, whole, and nothing is lost.
            with suppress(OSError):
                (self.plan.out / STOP).touch()
        self.log.add("cancelled", computed=self.outcome.computed)


def _collected(plan: BatchPlan, failures: list[tuple], context: Context | None = None) -> Collected:
    try:
        return collect(plan, failures, context)
    except OSError as error:
        raise not_written(plan.out, error) from error


def collect_done(plan: BatchPlan) -> tuple[Collected, int]:
    """The tables and the page of what is done by now, and how many cases are not; computes nothing.

    Raises
    ------
    InputError
        ``E-OUTPUT-...`` for a folder that is not one of a batch, ``E-BATCH-RUNNING`` while one runs in it.
    """
    why = {
        CHANGED: ("E-BATCH-CHANGED", OTHERWISE),
        BROKEN: ("E-BATCH-ROW", ""),
    }
    lock = _only_one(working_folder(plan.out, "batch"))
    try:
        still = [
            (case.row, case.name, code, text or "; ".join(case.problems), 0)
            for case, state in zip(plan.cases, plan.states)
            if state != DONE
            for code, text in (why.get(state, ("E-BATCH-OPEN", "is not computed yet, or failed")),)
        ]
        return _collected(plan, still), len(still)
    finally:
        lock.release()


def run_row(plan: BatchPlan, number: int, settings: BatchSettings = BatchSettings()) -> dict:
    """Compute one case of a plan in a process of its own, for schedulers that allow nothing else; see `collect`."""
    if not 0 <= number < len(plan.cases):
        raise InputError("E-BATCH-CASES", f"there is no case {number}", fix=f"Give 0 to {len(plan.cases) - 1}.")
    case, state = plan.cases[number], plan.states[number]
    if state == BROKEN:
        raise InputError("E-BATCH-ROW", "; ".join(case.problems), where=f"row {case.row}", fix="Correct the table.")
    working_folder(plan.out, "batch")
    order = plan.order(number, threads=settings.threads, overwrite=settings.overwrite)
    answer = run_order(order, Limits(settings.memory * 2**20, settings.seconds))
    if answer["event"] != "finished":
        raise SpatioTemporalError(answer.get("message", answer["event"]))
    return answer
