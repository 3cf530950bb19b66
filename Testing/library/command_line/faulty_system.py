"""The command in a process of its own, on a system that kills it or whose disk is full at a chosen moment."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

from SpatioTemporalLib import cli

# What writes, renames and removes, as Python's audit events call it; each is a moment at which all may end.
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


def run_command(arguments, root: Path, *, fault: str = "", at: int = -1) -> tuple[int, int]:
    """Exit code of the command, negative for the signal that ended it, and how many moments below a folder it had.

    fault : "kill" ends the process at that moment, "full" lets every change from there on fail as on a full disk.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        code = 99
        # What it says is not asked for here.
        sys.stdout = sys.stderr = open(os.devnull, "w")
        try:
            moments = _counted(str(root), fault, at)
            code = cli.main([str(a) for a in arguments])
            os.write(writing, str(moments[0]).encode())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as counted:
        said = counted.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), int(said or -1)


def _counted(root: str, fault: str, at: int) -> list[int]:
    moments = [0]

    def look(event: str, arguments: tuple) -> None:
        if not _is_change(event, arguments, root):
            return
        moments[0] += 1
        if fault == "kill" and moments[0] > at:
            os.kill(os.getpid(), signal.SIGKILL)
        # Names can still be given and taken when no byte can be written any more.
        if fault == "full" and moments[0] > at and event in ("open", "os.mkdir"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(look)
    return moments


def _is_change(event: str, arguments: tuple, root: str) -> bool:
    if event == "open":
        path, mode, flags = arguments
        # Without a mode it is the system's own call, which tells by its flags.
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))
    elif event in CHANGES:
        path, writes = arguments[0], True
    else:
        return False
    return writes and isinstance(path, (str, os.PathLike)) and str(os.fspath(path)).startswith(root)
