"""Whether the process that made something still works on it, which no number of a process tells on another machine."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed
    fcntl = None

# What a lock is worth that nobody holds, where a file system may know no locks.
OLD = 24 * 3600.0  # s


class OwnerLock:
    """A file that is held until it is released or its process ends, however it does."""

    def __init__(self, path: Path):
        self._path = path
        # Held before it has its name: between the two, another process would take it for one that was left.
        new = path if fcntl is None else path.with_name(f"{path.name}.new")
        self._file: int | None = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if fcntl is not None:
            # Some network file systems know no locks; what is left there is swept when it is old.
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(new, path)

    def release(self) -> None:
        """Let go and take the file away; the second time does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            with suppress(OSError):
                self._path.unlink()


def is_left(lock: Path) -> bool:
    """Whether nobody holds a lock any more, or there is none."""
    if not os.path.lexists(lock):
        return True
    if fcntl is None:
        with suppress(PermissionError):
            lock.unlink()
            return True
        return False
    held = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - lock.lstat().st_mtime > OLD
    finally:
        os.close(held)
    return True
