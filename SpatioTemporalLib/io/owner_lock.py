"""Whether the process that made a folder still works in it, which no number of a process tells on another machine."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed
    fcntl = None

LOCK = "owner.lock"
# A folder without a lock is one just being made, or one whose file system knows no locks.
OLD = 24 * 3600.0  # s


class OwnerLock:
    """Held in a folder until it is released or its process ends, however it does."""

    def __init__(self, folder: Path):
        self._path = folder / LOCK
        self._file: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if fcntl is not None:
            # Some network file systems know no locks; what is left there is swept when it is old.
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Let go and take the lock's file away; the second time does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            with suppress(OSError):
                self._path.unlink()


def is_left(folder: Path) -> bool:
    """Whether the owner of a folder is gone."""
    lock = folder / LOCK
    if not lock.exists() or fcntl is None:
        return time.time() - folder.lstat().st_mtime > OLD
    held = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(held)
    return True
