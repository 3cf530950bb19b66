"""Folders for what is handed between processes: voxels of patients, seen by nobody else, and gone with their owner.

A process that is killed leaves its folder behind. The next one sweeps it away:
only folders that are called so, that belong to the same user, and whose owner
does not hold their lock any more.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from .owner_lock import OLD, OwnerLock, is_left

PREFIX, LOCK = "spatiotemporal-", "owner.lock"


class PrivateFolder:
    """A new folder in the temporary folder that only this user can look into; `remove` takes it away.

    purpose : str
        Part of its name.

    Raises
    ------
    InputError
        ``E-TEMPORARY``
    """

    def __init__(self, purpose: str):
        sweep()
        try:
            self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-"))
            lock = OwnerLock(self.path / LOCK)
        except OSError as error:
            raise InputError(
                "E-TEMPORARY",
                f"the temporary folder cannot be written to ({os.strerror(error.errno or 0).lower()})",
                where=str(error.filename or ""),
                fix="Free some space there, or let the variable TMPDIR (TEMP on Windows) name another folder.",
            ) from error
        # At the end of the program, too, whoever forgot it.
        self._end = weakref.finalize(self, _remove, self.path, lock, os.getpid())

    def remove(self) -> None:
        """Take the folder away with all that is in it; the second time does nothing."""
        self._end()

    def inside(self, name: str) -> Path:
        """A new folder in it."""
        folder = self.path / name
        folder.mkdir(mode=0o700)
        return folder

    def again(self) -> None:
        """Make the folder once more when somebody took it away."""
        self.path.mkdir(mode=0o700, exist_ok=True)


def _remove(path: Path, lock: OwnerLock, owner: int) -> None:
    # A copy of the process that made it does not take it away from that one.
    if os.getpid() != owner:
        return
    shutil.rmtree(path, ignore_errors=True)
    lock.release()
    # Where a system lets no open file go, the lock was in the way.
    shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path | None = None) -> list[Path]:
    """Remove what processes that were killed have left in the temporary folder; gives what was removed."""
    removed = []
    with suppress(OSError):
        for path in sorted((folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*-*")):
            # Another process may sweep at the same time, and what is not ours stays as it is.
            with suppress(OSError):
                if _is_ours(path) and _is_left(path):
                    shutil.rmtree(path)
                    removed.append(path)
    return removed


def _is_ours(path: Path) -> bool:
    status = path.lstat()
    owner = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    # Not by a link: it may lead to anything.
    return stat.S_ISDIR(status.st_mode) and owner


def _is_left(path: Path) -> bool:
    lock = path / LOCK
    return is_left(lock) if lock.exists() else time.time() - path.lstat().st_mtime > OLD
