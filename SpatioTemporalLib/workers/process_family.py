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

from ..errors import InputError
from ..system.plain_text import for_message

POSIX = os.name == "posix"
AT_ONCE, LONGEST_ANSWER = 2**24, 2**28  # bytes
REASONS = {
    "SIGBUS": "a file that it was reading was cut off, its drive went away, or the temporary folder is full",
    "SIGKILL": "often the system ran out of memory",
    "SIGSEGV": "a fault in one of the packages that it uses, or a damaged installation",
    "SIGILL": "a package was built for another processor",
    "SIGXCPU": "the system's limit on computing time was reached",
}


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
        # Held open: what was written is read to its end though somebody clears the temporary folder.
        self._heard, self._last_words = open(self._output, "rb"), open(self._words, "rb")
        self._ended, self._begun, self._said = False, b"", ""

    @property
    def alive(self) -> bool:
        """Whether the process that was started runs."""
        return self.launched.poll() is None

    def say(self, line: str) -> None:
        """Write a line to the input; OSError or ValueError when nobody reads it any more."""
        self.launched.stdin.write(line.encode("utf-8") + b"\n")
        self.launched.stdin.flush()

    def heard(self) -> list[bytes]:
        """The whole lines it has written since this was asked last.

        Raises
        ------
        InputError
            ``E-WORKER-LINE`` for a line without end.
        """
        if self._heard.closed:
            return []
        lines: list[bytes] = []
        while more := self._heard.read(AT_ONCE):
            *whole, self._begun = (self._begun + more).split(b"\n")
            lines += whole
            if len(self._begun) > LONGEST_ANSWER:
                self._begun = b""
                raise InputError(
                    "E-WORKER-LINE",
                    f"the process that computes wrote more than {LONGEST_ANSWER / 2**20:.0f} MiB in one line",
                    fix="Run it again; if it happens again, choose a smaller region.",
                )
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
        self._said = self._said_last()
        # An open file keeps its folder on some systems.
        for file in (self._heard, self._last_words):
            file.close()

    def cause(self) -> str:
        """Why it has ended: the signal, or the exit code and its last words."""
        code = self.launched.poll()
        number = -code if code is not None and code < 0 else (code or 0) - 128  # a launcher tells of a signal so
        if POSIX and number in set(signal.Signals):
            name = signal.Signals(number).name
            return f"signal {name}; {REASONS.get(name, 'often the system ran out of memory')}"
        return f"exit code {code}: {self._said if self._ended else self._said_last()}"

    def _said_last(self) -> str:
        self._last_words.seek(0, os.SEEK_END)
        self._last_words.seek(max(self._last_words.tell() - 4096, 0))
        words = self._last_words.read().decode("utf-8", errors="replace")
        return for_message(next(filter(str.strip, reversed(words.splitlines())), "it left no message"), 300)
