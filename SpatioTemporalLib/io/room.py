"""How much room there is on this machine, so that what a file claims is refused before it is tried."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

MEMORY_FACTS = Path("/proc/meminfo")
# Of a container, by the two versions of the kernel's interface.
LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def free_memory() -> int | None:
    """Bytes that may still be taken, None where the system does not tell."""
    known = [_available(), *(_left_of(*files) for files in LIMITS)]
    return min((bytes_ for bytes_ in known if bytes_ is not None), default=None)


def free_disk(folder: str | os.PathLike) -> int:
    """Bytes that may still be written to a folder that is there."""
    return shutil.disk_usage(folder).free


def _available() -> int | None:
    if sys.platform == "win32":
        return _available_on_windows()
    try:
        lines = MEMORY_FACTS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        pass
    try:
        # Where only the whole is told, half of it is taken to be in use.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (OSError, ValueError, AttributeError):
        return None


def _available_on_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "free_pages", "space", "free_space")),
            ("extended", ctypes.c_ulonglong),
        ]

    status = Status(length=ctypes.sizeof(Status))
    return status.free if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _left_of(limit: str, used: str) -> int | None:
    try:
        return max(int(Path(limit).read_text(encoding="ascii")) - int(Path(used).read_text(encoding="ascii")), 0)
    except (OSError, ValueError):
        return None
