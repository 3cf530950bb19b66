"""Ctrl+C in the command: quiet at any moment, also before there is anything that could catch it.

Imported before everything else, so nothing of the library is used here.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

INTERRUPTED, TERMINATED = 130, 143
COMMAND = "spatiotemporal"
_heard: list[int] = []


def is_command() -> bool:
    """Whether this process is the command, and not a program that uses the library."""
    started = Path(sys.argv[0]).stem if getattr(sys, "argv", None) else ""
    return started == COMMAND or sys.orig_argv[1:3] == ["-m", __package__]


def end_at_once() -> None:
    """From now on an interruption ends the process without a word, as long as it starts."""
    if is_command() and _may_be_heard():
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def hear() -> None:
    """From now on an interruption is a KeyboardInterrupt, a second one the end, and SIGTERM an orderly end."""
    if is_command() and _may_be_heard():
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def ignore() -> None:
    """From now on an interruption comes too late: everything is done and said."""
    if is_command():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def was_heard() -> bool:
    """Whether there was an interruption, whatever became of its exception on the way up through compiled code."""
    return bool(_heard)


def _interrupt(number: int, frame: object) -> None:
    if _heard:
        os._exit(INTERRUPTED)
    _heard.append(number)
    raise KeyboardInterrupt


def _may_be_heard() -> bool:
    # A shell that starts a command in the background asks it not to listen.
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
