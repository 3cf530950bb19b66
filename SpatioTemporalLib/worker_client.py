"""A worker process as the program that uses it sees it: submit, poll, cancel."""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .data.result import Result
from .errors import InputError
from .worker import CANCEL_FILE
from .worker_values import plain_number, read_result, write_value

CANCEL_GRACE = 1.0  # s; then the process is ended
FINAL = ("result", "error", "cancelled")


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
        Interpreter of the process; in Slicer that of ``PythonSlicer``.
    paths : iterable of paths
        Searched for packages before others, e.g. to find analyses of one's own.
    grace : float, s
        What a cancelled job may take to stop by itself.

    Notes
    -----
    No method waits for the process, except `close`. Arrays are written and read
    outside the caller's thread only while submitting; what `poll` gives is memory-mapped.
    """

    def __init__(self, python: str | Path = sys.executable, *, paths: Iterable = (), grace: float = CANCEL_GRACE):
        self.python, self.grace = str(python), grace
        self.paths = [str(path) for path in paths]
        self.jobs: dict[str, Path] = {}
        self.process: subprocess.Popen | None = None
        self._numbers = itertools.count(1)
        self._events: queue.Queue = queue.Queue()
        self._deadlines: dict[str, float] = {}
        self._lost: list[Event] = []
        self._last_words: list[str] = []
        # One thread hands over, so that jobs reach the worker in the order they were submitted.
        self._handing_over = ThreadPoolExecutor(1, thread_name_prefix="hand-over")
        self._saying = threading.Lock()
        self._root = Path(tempfile.mkdtemp(prefix="spatiotemporal-jobs-"))

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process unless it runs."""
        if self.alive:
            return
        # What the last process left undone died with it; the next one must not answer for it.
        self._lost += [self._died(job) for job in list(self.jobs)]
        # Blocks of voxels already keep every core busy; threads inside their matrix products only get in the way.
        environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONUNBUFFERED": "1"}
        here = str(Path(__file__).resolve().parent.parent)
        places = [*self.paths, here, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(places)
        self._last_words = []
        self.process = subprocess.Popen(
            [self.python, "-m", "SpatioTemporalLib.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        for listen in (self._hear_answers, self._hear_words):
            threading.Thread(target=listen, args=(self.process,), daemon=True).start()

    def submit(self, analysis: str, inputs: dict[str, object], parameters: dict | None = None, **surroundings) -> str:
        """Hand over a job and give back its number; arrays are written in the background.

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
        while not self._events.empty():
            events += self._event(self._events.get())
        events += self._overdue()
        if self.jobs and not self.alive and self._events.empty():
            events += [self._died(job) for job in list(self.jobs)]
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
        (self.jobs[job] / CANCEL_FILE).touch()
        self._deadlines[job] = time.monotonic() + self.grace
        self._say({"cancel": job})

    def kill(self) -> None:
        """End the process at once."""
        if self.alive:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End the process and remove what was handed over."""
        self.jobs.clear()
        self.kill()
        self._handing_over.shutdown(cancel_futures=True)
        shutil.rmtree(self._root, ignore_errors=True)

    def _submit(self, order: dict, inputs: dict[str, object]) -> str:
        self.start()
        job = str(next(self._numbers))
        folder = self._root / job
        folder.mkdir()
        self.jobs[job] = folder
        self._handing_over.submit(self._hand_over, {"run": job, "folder": str(folder), **order}, inputs, folder)
        return job

    def _hand_over(self, order: dict, inputs: dict, folder: Path) -> None:
        try:
            order["inputs"] = {name: write_value(value, folder, f"input-{name}") for name, value in inputs.items()}
            # A job that was given up meanwhile must not start in a process that was started since.
            if order["run"] in self.jobs:
                self._say(order)
        except InputError as error:
            self._events.put(_error(order["run"], error.code, str(error), error.fix))
        except OSError as error:
            text = f"the images could not be handed to the worker: {error}. Check that there is room on the disk."
            self._events.put(_error(order["run"], "E-HANDOVER", text))

    def _say(self, order: dict) -> None:
        try:
            with self._saying:
                self.process.stdin.write(json.dumps(order, default=plain_number) + "\n")
                self.process.stdin.flush()
        except (OSError, ValueError):
            # The process has ended; `poll` finds that out and says so.
            return

    def _hear_answers(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            try:
                self._events.put(json.loads(line))
            except ValueError:
                self._last_words.append(line)

    def _hear_words(self, process: subprocess.Popen) -> None:
        for line in process.stderr:
            self._last_words = [*self._last_words[-20:], line.rstrip()]

    def _event(self, said: dict) -> list[Event]:
        job, kind = said.get("job", ""), said["event"]
        if kind == "ready" or job not in self.jobs:
            return []
        if kind not in FINAL:
            return [Event(kind, job, said.get("message", ""), said.get("fraction", 0.0), said.get("code", ""))]
        folder = self._forget(job)
        try:
            result = read_result(said["result"], folder) if kind == "result" else None
        except (OSError, ValueError, KeyError) as error:
            text = f"the result could not be read ({error}). Run it again."
            return [Event("error", job, text, code="E-HANDOVER")]
        finally:
            # Mapped arrays live on without a name; where a system forbids that, `close` removes them.
            shutil.rmtree(folder, ignore_errors=True)
        text = said.get("text") or said.get("message", "")
        facts = {name: said.get(name, "") for name in ("code", "fix", "package", "extra")}
        return [Event(kind, job, text, result=result, **facts)]

    def _forget(self, job: str) -> Path:
        self._deadlines.pop(job, None)
        return self.jobs.pop(job)

    def _overdue(self) -> list[Event]:
        late = [job for job, deadline in self._deadlines.items() if time.monotonic() > deadline]
        if not late:
            return []
        self.kill()
        for job in late:
            shutil.rmtree(self._forget(job), ignore_errors=True)
        return [Event("cancelled", job, "The run was cancelled; its process had to be ended.") for job in late]

    def _died(self, job: str) -> Event:
        cancelled = job in self._deadlines
        shutil.rmtree(self._forget(job), ignore_errors=True)
        if cancelled:
            return Event("cancelled", job, "The run was cancelled.")
        fix = "Run it again; if it happens again, choose a smaller region or close other programs."
        text = f"The process that computes ended unexpectedly ({self._cause()}). The scene is unchanged. {fix}"
        return Event("error", job, text, code="E-WORKER-DIED", fix=fix)

    def _cause(self) -> str:
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"signal {name}; often the system ran out of memory"
        words = next((line for line in reversed(self._last_words) if line.strip()), "it left no message")
        return f"exit code {code}: {words}"


def _error(job: str, code: str, text: str, fix: str = "") -> dict[str, object]:
    return {"event": "error", "job": job, "code": code, "text": text, "fix": fix}
