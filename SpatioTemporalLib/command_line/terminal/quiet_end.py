"""The end of a command whose reader has gone, as ``spatiotemporal list | head`` has it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

READER_GONE = 141  # as a shell reports a program that SIGPIPE ended


def open_closed_streams() -> None:
    """Let what a shell closed (``2>&-``) lead nowhere.

    Otherwise there is no stream to ask whether it is a terminal, and the next
    file that is opened takes its number, into which other libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - until the process ends


@contextmanager
def quiet_where_nobody_reads() -> Iterator[None]:
    """Flush what was printed, and end the program without a word where that finds no reader.

    Python would say so itself when it closes its streams, after everything else.
    """
    try:
        try:
            yield
        finally:
            for stream in _open_streams():
                stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in _open_streams():
            _turned(stream, nowhere)
        sys.exit(READER_GONE)


def _open_streams() -> list:
    """Standard output and error, without those that were closed before the program began."""
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _turned(stream, nowhere: int) -> None:
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        # A stream that is no file has no pipe that could break.
        return
