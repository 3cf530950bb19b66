"""A batch as a program that shows it sees it: started, heard of, stopped; never waited for."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from ..system.plain_text import for_message
from ..workers.process_family import ProcessFamily


class BatchProcess:
    """``spatiotemporal batch`` in a process of its own, which ends with the one that started it.

    Parameters
    ----------
    words : of the command, after ``batch``
    python : path
        Interpreter, or a launcher of one; in Slicer ``PythonSlicer``.
    paths : iterable of paths
        Searched for packages before others.
    """

    def __init__(self, words: Iterable[str], python: str | Path = sys.executable, *, paths: Iterable = ()):
        self._folder = Path(tempfile.mkdtemp(prefix="spatiotemporal-batch-"))
        here = str(Path(__file__).resolve().parents[2])
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        places = [*map(str, paths), here, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(places)
        command = [str(python), "-m", "SpatioTemporalLib", "batch", *words, "--json", "--end-with-input"]
        try:
            self.family = ProcessFamily(command, environment, self._folder)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            text = f"the process of the batch cannot be started ({os.strerror(error.errno or 0).lower()})"
            fix = "Check that there is room in the temporary folder and that the installation is whole."
            raise InputError("E-WORKER-START", text, where=for_message(python), fix=fix) from error
        self.stopping = False

    def poll(self) -> list[dict]:
        """What it said since the last call; ``{"event": "ended", "text": ...}`` comes last, once."""
        if self.family is None:
            return []
        # Before its words are read: what it said last must not be missed.
        alive = self.family.alive
        events = []
        for line in self.family.heard():
            with suppress(ValueError):
                events.append(json.loads(line))
        if not alive:
            code = self.family.launched.poll()
            cause = "" if code in (0, None) or self.stopping else self.family.cause().partition(": ")[2]
            self.close()
            events.append({"event": "ended", "code": code, "text": cause.removeprefix("spatiotemporal: ")})
        return events

    def outcome(self, meanwhile: Callable[[], object]) -> tuple[dict | None, str]:
        """What became of the cases once it has ended, None where it did not come to that, and why not.

        meanwhile : called again and again until then.
        """
        found = None
        try:
            while True:
                for event in self.poll():
                    if event["event"] == "outcome":
                        found = {key: value for key, value in event.items() if key != "event"}
                    elif event["event"] == "ended":
                        return found, event["text"]
                meanwhile()
                time.sleep(0.01)
        finally:
            self.close()

    def stop(self) -> None:
        """Ask it to stop: cases that run end, nothing half-written stays."""
        if self.family is None:
            return
        self.stopping = True
        # Not a signal: it would end the launcher, which is what is looked at, before the batch has tidied up.
        with suppress(OSError, ValueError):
            self.family.launched.stdin.close()

    def close(self) -> None:
        """End it at once, if it still runs, and let go of it; its cases hear of it and end too."""
        if self.family is not None:
            self.family.end()
            self.family = None
            shutil.rmtree(self._folder, ignore_errors=True)
