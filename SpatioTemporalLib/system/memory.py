"""How much memory there is, and refusing what would not fit before anything is set aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import InputError

GIB = 2**30
# The system, and what is computed from the image, need some too.
LEFT_FREE = 0.1
UNLIMITED = 2**60


def available_memory() -> int:
    """Bytes that this process can still have: the least of what machine, container and limits allow."""
    return max(0, min(_of_machine(), _of_container(), _of_process()))


def require_memory(count: int, where: str, what: str) -> None:
    """Refuse work that needs more memory than there is.

    Parameters
    ----------
    count : int    Bytes that are needed.
    where : str    The file, for the message.
    what : str     What they are needed for, e.g. "its voxels".

    Raises
    ------
    InputError
        ``E-MEMORY`` with what is needed and what there is.
    """
    available = int(available_memory() * (1 - LEFT_FREE))
    if count > available:
        raise InputError(
            "E-MEMORY",
            f"{what} would need {_size(count)} of memory, {_size(available)} can be had",
            where=where,
            fix="Check that the header is right; if it is, close other programs, or crop or split the image.",
        )


def _size(count: int) -> str:
    return f"{count / GIB:.3g} GiB" if count >= 0.1 * GIB else f"{count / 2**20:.3g} MiB"


def _of_machine() -> int:
    if sys.platform == "win32":
        return _of_windows()
    facts = _words("/proc/meminfo")
    if "MemAvailable:" in facts:
        return 1024 * int(facts[facts.index("MemAvailable:") + 1])
    try:
        # Where it is not known what is free, half of what is built in.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return UNLIMITED


def _of_windows() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "page", "free_page", "virtual", "own", "more")
        ]

    status = Status()
    status.length = ctypes.sizeof(Status)
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.free) if known else UNLIMITED


def _of_container() -> int:
    """What the limit of a container leaves, where there is one."""
    for limit, used, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        most, now = (_words(f"/sys/fs/cgroup/{name}")[:1] for name in (limit, used))
        if most and now and most[0].isdigit() and int(most[0]) < UNLIMITED:
            facts = _words(f"/sys/fs/cgroup/{stat}")
            # Copies of files that the system gives up when memory is short.
            given_up = int(facts[facts.index(cache) + 1]) if cache in facts else 0
            return int(most[0]) - int(now[0]) + given_up
    return UNLIMITED


def _of_process() -> int:
    if sys.platform == "win32":
        return UNLIMITED
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _words("/proc/self/statm")[:1]
    if limit == resource.RLIM_INFINITY or not pages:
        return UNLIMITED
    return limit - int(pages[0]) * resource.getpagesize()


def _words(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
