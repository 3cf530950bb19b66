"""``python -m SpatioTemporalLib.worker``: runs analyses for another program, which never waits for them.

Reads one JSON object a line from standard input::

    {"run": "7", "folder": ..., "analysis": ..., "inputs": {...}, "parameters": {...}}
    {"run": "8", "folder": ..., "check": "kinetics"}
    {"cancel": "7"}
    {"order": file}    a longer one, from a file

and writes one a line to standard output: ``ready`` once, then for each job
``progress``, ``log`` and ``warning`` as they come, and in the end one of
``result``, ``error`` or ``cancelled``. Arrays lie in the job's folder; see
`worker_values`. A file called ``cancel`` in that folder cancels too. The end of
standard input, or of the process that started it, ends the process: it never
outlives the program it works for. ``ready`` says its id, for who started a
launcher has another one.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from .context import Context
from .errors import Cancelled, InputError, MissingPackageError, SpatioTemporalError
from .run import run
from .system.plain_text import for_message
from .validation.domains import check_result
from .workers.job_folder import gone
from .workers.owner_watch import guard_input, watch_parent
from .workers.worker_orders import lines_of, order_of
from .workers.worker_values import plain_number, read_value, write_result

CANCEL_FILE = "cancel"
PROGRESS_EVERY = 0.05  # s; more often than this nobody can read it
END_OF_INPUT_GRACE = 2.0  # s


class Service:
    """Takes jobs one after the other and answers through `send`."""

    def __init__(self, send: Callable[[dict], None]):
        self.send = send
        self.jobs: queue.Queue = queue.Queue()
        self.waiting: set[str] = set()
        self.contexts: dict[str, Context] = {}
        self.cancelled: set[str] = set()
        self.lock = threading.Lock()

    def listen(self, lines: Iterable[bytes | str | None]) -> None:
        """Take orders until there are no more; meant for a thread of its own."""
        for line in lines:
            try:
                self._order(order_of(line))
            except InputError as error:
                self.send(_in_words("", error))
        self.stop()

    def stop(self) -> None:
        """Take no more jobs, and cancel the one that runs."""
        self.jobs.put(None)
        for job in list(self.contexts):
            self.cancel(job)

    def cancel(self, job: str) -> None:
        """Stop a job; one that has not begun is answered at once, whatever runs before it."""
        with self.lock:
            self.cancelled.add(job)
            if job in self.contexts:
                self.contexts[job].cancel()
            begun = job not in self.waiting
            self.waiting.discard(job)
        if not begun:
            self.send({"event": "cancelled", "job": job, "message": "The run was cancelled before it began."})

    def work(self) -> None:
        """Run jobs until the input ends."""
        while (order := self.jobs.get()) is not None:
            self._run(order)

    def _order(self, order: dict) -> None:
        if "cancel" in order:
            self.cancel(order["cancel"])
            return
        with self.lock:
            self.waiting.add(order["run"])
        self.jobs.put(order)

    def _run(self, order: dict) -> None:
        job = order["run"]
        with self.lock:
            if job not in self.waiting:
                return
            self.waiting.remove(job)
        try:
            self.send({"event": "result", "job": job, "result": self._result(order)})
        except Cancelled as stopped:
            self.send({"event": "cancelled", "job": job, "message": str(stopped)})
        except BaseException as error:  # noqa: BLE001 - whatever happens, the other side hears of it in words
            self.send(_in_words(job, error))
        finally:
            with self.lock:
                self.contexts.pop(job, None)

    def _result(self, order: dict) -> dict[str, object]:
        job, folder = order["run"], Path(order["folder"])
        if not folder.is_dir():
            raise gone(folder)
        context = self._context(job, folder, order)
        if "check" in order:
            return write_result(check_result(order["check"], context), folder)
        inputs = {name: read_value(described, folder) for name, described in order.get("inputs", {}).items()}
        result = run(order["analysis"], context=context, **inputs, **order.get("parameters", {}))
        for finding in result.findings:
            self.send({"event": "warning", "job": job, "code": finding.code, "message": str(finding)})
        return write_result(result, folder)

    def _context(self, job: str, folder: Path, order: dict) -> Context:
        given = {name: order[name] for name in ("device", "threads", "seed", "memory_budget") if name in order}
        # The folder is this user's alone.
        context = Context(report=_Progress(self.send, job), own_files=True, **given)
        _watch_file(context, folder / CANCEL_FILE)
        with self.lock:
            if job in self.cancelled:
                context.cancel()
            self.contexts[job] = context
        return context


class _Progress:
    """Sends progress, but not more often than anybody can read it."""

    def __init__(self, send: Callable[[dict], None], job: str):
        self.send, self.job = send, job
        self.last, self.message = 0.0, None

    def __call__(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if now - self.last >= PROGRESS_EVERY or fraction >= 1 or message != self.message:
            self.send({"event": "progress", "job": self.job, "fraction": fraction, "message": message})
            if message != self.message:
                self.send({"event": "log", "job": self.job, "message": message})
            self.last, self.message = now, message


def _watch_file(context: Context, path: Path) -> None:
    """Let a file cancel the context too, seen whenever progress is reported."""
    report = context.report

    def report_unless_cancelled(fraction: float, message: str) -> None:
        report(fraction, message)
        if path.exists():
            context.cancel()
            raise Cancelled("The run was cancelled; nothing was written.")

    context.report = report_unless_cancelled


def _in_words(job: str, error: BaseException) -> dict[str, object]:
    if isinstance(error, InputError):
        return _refusal(job, error.code, error.message, error.fix, where=error.where, text=str(error))
    if isinstance(error, MissingPackageError):
        return _refusal(job, "E-PACKAGE", str(error), "", package=error.package, extra=error.extra)
    if isinstance(error, MemoryError):
        fix = "Choose a smaller region, or close other programs."
        return _refusal(job, "E-MEMORY", "there is not enough memory for this run", fix)
    if isinstance(error, SpatioTemporalError):
        return _refusal(job, "E-RUN", str(error), "")
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    message = f"the analysis stopped unexpectedly: {type(error).__name__}: {for_message(error, 300)} ({place})"
    return _refusal(job, "E-INTERNAL", message, "This is a fault of the software; please report it with these words.")


def _refusal(job: str, code: str, message: str, fix: str, *, text: str = "", **facts) -> dict[str, object]:
    whole = text or f"{message}{f'. {fix}' if fix else ''} [{code}]"
    return {"event": "error", "job": job, "code": code, "message": message, "fix": fix, "text": whole, **facts}


def _sender(stream: TextIO) -> Callable[[dict], None]:
    lock = threading.Lock()

    def send(answer: dict) -> None:
        line = json.dumps(answer, default=plain_number)
        with lock:
            stream.write(line + "\n")
            stream.flush()

    return send


def main() -> None:
    guard_input()
    # What a library prints would be taken for an answer: it goes to standard error instead.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    service = Service(_sender(answers))

    def left_alone() -> None:
        # The program that started this is gone. A job that does not hear is not waited for.
        service.stop()
        time.sleep(END_OF_INPUT_GRACE)
        os._exit(0)

    def listen() -> None:
        service.listen(lines_of(sys.stdin.buffer))
        left_alone()

    threading.Thread(target=listen, daemon=True).start()
    watch_parent(left_alone)
    service.send({"event": "ready", "process": os.getpid()})
    service.work()


if __name__ == "__main__":
    main()
