"""A process together with whatever it starts, ended as one.

``PythonSlicer`` is a launcher: the process that one starts waits for another
one, and ending it leaves the other running.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

POSIX = os.name == "posix"


class ProcessFamily:
    """A process started with a pipe for its input, and all processes it starts.

    Its output goes into files in a folder, not pipes: they are read without waiting on every system.

    own : id of the process that does the work, once it has told it; that of the launcher else.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path):
        self._output, self._words = folder / "output.txt", folder / "words.txt"
        # A session of its own is a group of processes that can be ended together.
        apart = {"start_new_session": True} if POSIX else {"creationflags": subprocess.CREATE_NO_WINDOW}
        with open(self._output, "wb") as output, open(self._words, "wb") as words:
            self.launched = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=words, env=environment, **apart
            )
        self.own = self.launched.pid
        self._ended, self._read_to, self._begun = False, 0, b""

    @property
    def alive(self) -> bool:
        """Whether the process that was started runs."""
        return self.launched.poll() is None

    def say(self, line: str) -> None:
        """Write a line to the input; OSError or ValueError when nobody reads it any more."""
        self.launched.stdin.write(line.encode("utf-8") + b"\n")
        self.launched.stdin.flush()

    def heard(self) -> list[bytes]:
        """The whole lines it has written since this was asked last."""
        if not self._output.exists():
            return []
        with open(self._output, "rb") as file:
            file.seek(self._read_to)
            more = file.read()
        self._read_to += len(more)
        *lines, self._begun = (self._begun + more).split(b"\n")
        return lines

    def end(self) -> None:
        """End all processes at once; the second time does nothing, for then their numbers may be others'."""
        if self._ended:
            return
        self._ended = True
        # Who does not hear the signal sees the end of the input.
        with suppress(OSError):
            self.launched.stdin.close()
        if POSIX:
            with suppress(OSError):
                os.killpg(self.launched.pid, signal.SIGKILL)
        elif self.alive:
            self.launched.kill()
        if self.own != self.launched.pid:
            with suppress(OSError):
                os.kill(self.own, signal.SIGKILL if POSIX else signal.SIGTERM)
        self.launched.wait()

    def cause(self) -> str:
        """Why it has ended: the signal, or the exit code and its last words."""
        code = self.launched.poll()
        number = -code if code is not None and code < 0 else (code or 0) - 128  # a launcher tells of a signal so
        if POSIX and number in set(signal.Signals):
            return f"signal {signal.Signals(number).name}; often the system ran out of memory"
        words = self._words.read_text(encoding="utf-8", errors="replace") if self._words.exists() else ""
        return f"exit code {code}: {next(filter(str.strip, reversed(words.splitlines())), 'it left no message')}"
