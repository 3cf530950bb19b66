"""A worker process as the program that uses it sees it: submit, poll, cancel."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..data.result import Result
from ..errors import InputError
from ..system.plain_text import for_message
from ..system.private_folder import PrivateFolder
from ..worker import CANCEL_FILE
from .hand_over import SlowFolder
from .job_folder import gone
from .process_family import ProcessFamily
from .worker_answers import FINAL, answer_of
from .worker_values import plain_number, read_result, write_value

CANCEL_GRACE = 1.0  # s; then the process is ended
# What a generator of steps gives when there are none left.
WHOLE = object()
HAND_OVER_TIME = 0.02  # s that one call may spend on writing
LONGEST_LINE = 4096  # characters that a pipe takes at once on every system


@dataclass(frozen=True)
class Event:
    """Something the worker said about a job.

    kind : "progress", "log", "warning", "result", "error" or "cancelled".
    fraction : 0..1, of progress. text : for people.
    code, fix, package, extra : of an error. result : of a job that is done.
    """

    kind: str
    job: str
    text: str = ""
    fraction: float = 0.0
    code: str = ""
    fix: str = ""
    package: str = ""
    extra: str = ""
    result: Result | None = None


class Worker:
    """Starts the worker process when it is needed and keeps it warm.

    Parameters
    ----------
    python : path
        Interpreter of the process, or a launcher of one; in Slicer ``PythonSlicer``.
    paths : iterable of paths
        Searched for packages before others, e.g. to find analyses of one's own.
    grace : float, s
        What a cancelled job may take to stop by itself.

    Notes
    -----
    No method waits for the process, except `close`, and there are no threads: in
    Slicer a thread gets about one turn a second, because nothing gives up Python's
    lock while Qt waits. Large arrays are handed over by `poll`, some pieces at each
    call; what it gives is memory-mapped.
    """

    def __init__(self, python: str | Path = sys.executable, *, paths: Iterable = (), grace: float = CANCEL_GRACE):
        self.python, self.grace = str(python), grace
        self.paths = [str(path) for path in paths]
        self.jobs: dict[str, Path] = {}
        self.family: ProcessFamily | None = None
        self._numbers = itertools.count(1)
        self._orders: dict[str, dict] = {}
        self._deadlines: dict[str, float] = {}
        self._lost: list[Event] = []
        # In the order in which they were submitted, and in which they reach the worker.
        self._handing_over: dict[str, Iterator] = {}
        self._folder = PrivateFolder("jobs")
        self._root = self._folder.path

    @property
    def alive(self) -> bool:
        return self.family is not None and self.family.alive

    def start(self) -> None:
        """Start the process unless it runs."""
        if self.alive:
            return
        self.kill()
        # What the last process left undone died with it; the next one must not answer for it.
        self._lost += [self._died(job) for job in list(self.jobs)]
        self._launch()

    def submit(self, analysis: str, inputs: dict[str, object], parameters: dict | None = None, **surroundings) -> str:
        """Hand over a job and give back its number; `poll` writes what is large of it.

        Parameters
        ----------
        analysis : str
            Id, as `analyses` lists it.
        inputs : dict of input name to value
        parameters : dict
        surroundings
            ``seed``, ``threads``, ``device`` or ``memory_budget`` of the run.
        """
        given = {name: value for name, value in inputs.items() if value is not None}
        return self._submit({"analysis": analysis, "parameters": parameters or {}, **surroundings}, given)

    def submit_check(self, domain: str) -> str:
        """Have this installation compared with published references; the result holds a table, ``comparisons``."""
        return self._submit({"check": domain}, {})

    def poll(self) -> list[Event]:
        """What has been said since the last call; never waits."""
        events, self._lost = self._lost, []
        self._hand_over()
        # Before its answers are read: what it said last must not be missed.
        gone = self.jobs and not self.alive
        for said in self._answers_since():
            events += self._event(said)
        events += self._overdue()
        if gone and not self.alive:
            events += [self._died(job) for job in list(self.jobs)]
            self.kill()
        return events

    def wait(self, job: str, timeout: float = 3600.0) -> list[Event]:
        """All events of a job until it is done; for programs without an event loop."""
        end, events = time.monotonic() + timeout, []
        while time.monotonic() < end:
            events += [event for event in self.poll() if event.job == job]
            if events and events[-1].kind in FINAL:
                return events
            time.sleep(0.01)
        raise TimeoutError(f"job {job} took longer than {timeout:g} s")

    def cancel(self, job: str) -> None:
        """Ask a job to stop; if it does not within the grace time, its process is ended."""
        if job not in self.jobs:
            return
        with suppress(OSError):
            # Without its folder, it is told by its input, or ended.
            (self.jobs[job] / CANCEL_FILE).touch()
        self._deadlines[job] = time.monotonic() + self.grace
        if self._handing_over.pop(job, None) is not None:
            # The worker does not know it yet.
            self._lost.append(self._died(job))
            return
        self._say({"cancel": job})

    def kill(self) -> None:
        """End the process, and what it has started, at once."""
        if self.family is not None:
            self._lost += [event for said in self._answers_since() for event in self._event(said)]
            self.family.end()

    def close(self) -> None:
        """End the process and remove what was handed over."""
        self.jobs.clear()
        self._handing_over.clear()
        self.kill()
        self._folder.remove()

    def _launch(self) -> None:
        # Blocks of voxels already keep every core busy; threads inside their matrix products only get in the way.
        environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONUNBUFFERED": "1"}
        here = str(Path(__file__).resolve().parents[2])  # Not the library itself: its io would hide Python's.
        places = [*self.paths, here, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(places)
        try:
            self._folder.again()
            self.family = ProcessFamily([self.python, "-m", "SpatioTemporalLib.worker"], environment, self._root)
        except OSError as error:
            text = f"the process that computes cannot be started ({os.strerror(error.errno or 0).lower()})"
            fix = "Check that there is room in the temporary folder and that the installation is whole."
            raise InputError(
                "E-WORKER-START", text, where=for_message(error.filename or self.python), fix=fix
            ) from error

    def _submit(self, order: dict, inputs: dict[str, object]) -> str:
        self.start()
        job = str(next(self._numbers))
        folder = self._root / job
        try:
            self._folder.again()
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise gone(self._root, error) from error
        self.jobs[job] = folder
        self._handing_over[job] = self._handing({"run": job, "folder": str(folder), **order}, inputs, folder)
        self._hand_over()
        return job

    def _hand_over(self) -> None:
        """Go on handing over for a moment, the oldest job first."""
        end = time.monotonic() + HAND_OVER_TIME
        while self._handing_over and time.monotonic() < end:
            job, steps = next(iter(self._handing_over.items()))
            try:
                if next(steps, WHOLE) is not WHOLE:
                    continue
            except InputError as error:
                self._lost.append(self._not_handed_over(job, error.code, str(error), error.fix))
            except (OSError, ValueError) as error:
                text = f"the images could not be handed to the worker: {error}. Check that there is room on the disk."
                self._lost.append(self._not_handed_over(job, "E-HANDOVER", text))
            self._handing_over.pop(job, None)

    def _handing(self, order: dict, inputs: dict, folder: Path) -> Iterator[None]:
        waiting = SlowFolder(folder)
        order["inputs"] = {name: write_value(value, waiting, f"input-{name}") for name, value in inputs.items()}
        yield from waiting.writing()
        self._orders[order["run"]] = order
        self._say(order)

    def _not_handed_over(self, job: str, code: str, text: str, fix: str = "") -> Event:
        shutil.rmtree(self._forget(job), ignore_errors=True)
        return Event("error", job, text, code=code, fix=fix)

    def _say(self, order: dict) -> None:
        line = json.dumps(order, default=plain_number)
        if len(line) > LONGEST_LINE and "run" in order:
            # A pipe that is full would hold up who writes to it.
            file = self.jobs[order["run"]] / "order.json"
            file.write_text(line, encoding="utf-8")
            line = json.dumps({"order": str(file)})
        try:
            self.family.say(line)
        except (OSError, ValueError):
            # The process has ended; `poll` finds that out and says so.
            return

    def _answers_since(self) -> list[dict]:
        """What the worker has said since this was asked last."""
        try:
            lines = self.family.heard() if self.family is not None else []
        except InputError as error:
            self._lost += [self._not_handed_over(job, error.code, str(error), error.fix) for job in list(self.jobs)]
            self.family.end()
            return []
        answers = [answer for line in lines if (answer := answer_of(line)) is not None]
        for answer in answers:
            if answer["event"] == "ready":
                self.family.own = answer["process"]
        return answers

    def _event(self, said: dict) -> list[Event]:
        job, kind = said["job"], said["event"]
        if kind == "ready" or job not in self.jobs:
            return []
        if kind not in FINAL:
            return [Event(kind, job, said["message"], said["fraction"], said["code"])]
        folder = self._forget(job)
        try:
            result = read_result(said.get("result"), folder) if kind == "result" else None
        except InputError as error:
            return [Event("error", job, str(error), code=error.code, fix=error.fix)]
        finally:
            # Mapped arrays live on without a name; where a system forbids that, `close` removes them.
            shutil.rmtree(folder, ignore_errors=True)
        facts = {name: said[name] for name in ("code", "fix", "package", "extra")}
        return [Event(kind, job, said["text"] or said["message"], result=result, **facts)]

    def _forget(self, job: str) -> Path:
        self._deadlines.pop(job, None)
        self._handing_over.pop(job, None)
        self._orders.pop(job, None)
        return self.jobs.pop(job)

    def _overdue(self) -> list[Event]:
        late = [job for job, deadline in self._deadlines.items() if time.monotonic() > deadline]
        if not late:
            return []
        self.kill()
        late = [job for job in late if job in self.jobs]
        for job in late:
            shutil.rmtree(self._forget(job), ignore_errors=True)
        if self.jobs:
            # Those that waited behind it have done nothing wrong.
            self._launch()
            for order in self._orders.values():
                self._say(order)
        return [Event("cancelled", job, "The run was cancelled; its process had to be ended.") for job in late]

    def _died(self, job: str) -> Event:
        cancelled = job in self._deadlines
        shutil.rmtree(self._forget(job), ignore_errors=True)
        if cancelled:
            return Event("cancelled", job, "The run was cancelled.")
        cause = self.family.cause() if self.family is not None else "it was not started"
        fix = "Run it again; if it happens again, choose a smaller region or close other programs."
        text = f"The process that computes ended unexpectedly ({cause}). The scene is unchanged. {fix}"
        return Event("error", job, text, code="E-WORKER-DIED", fix=fix)
