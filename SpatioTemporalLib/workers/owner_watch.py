"""Ends a process with its owner: when the pipe of its input closes, or its parent goes, whatever it computes.

A thread hears both, but gets no turn while a computation keeps Python's lock.
A second process, which does nothing else, needs no turn.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable

PARENT_EVERY = 0.3  # s
# Only one process is left after this; not told, it would go on.
GUARD_GRACE = 3.0  # s


def watch_parent(gone: Callable[[], None]) -> None:
    """Call a function, in a thread of its own, when the process that started this one has ended."""
    parent = os.getppid()

    def look() -> None:
        # Windows keeps the number of a parent that is gone; there the input tells.
        while os.getppid() == parent:
            time.sleep(PARENT_EVERY)
        gone()

    threading.Thread(target=look, daemon=True).start()


def guard_input(grace: float = GUARD_GRACE) -> int | None:
    """Start a process that kills this one a while after its standard input was closed by all who write to it.

    To be called before there are threads. Gives the id of the guard, None where
    the system cannot copy a process. The guard ends with the process it guards.
    """
    if not hasattr(os, "fork"):
        return None
    guarded = os.getpid()
    # Its other end closes when this process ends, however it does.
    life, held = os.pipe()
    guard = os.fork()
    if guard:
        os.close(life)
        return guard
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for descriptor in (1, 2, held):
            os.close(descriptor)
        _guard(guarded, life, grace)
    finally:
        os._exit(0)


def _guard(guarded: int, life: int, grace: float) -> None:
    ends = select.poll()
    # Asked for nothing, it tells only that nobody is left at the other end.
    ends.register(0, 0)
    ends.register(life, 0)
    if life in dict(ends.poll()):
        return
    last = select.poll()
    last.register(life, 0)
    if not last.poll(1000 * grace):
        os.kill(guarded, signal.SIGKILL)
