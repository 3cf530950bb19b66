"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import InputError

UNFINISHED = ".unfinished-"
# Nobody writes one file for so long.
OLD = 24 * 3600.0  # s
NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def atomic_path(final: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `final` that takes its name once the block ends well.

    Nothing stays behind after an exception, Ctrl+C included: neither a half
    written file under the final name nor the temporary one.

    Raises
    ------
    InputError
        ``E-DISK-FULL`` when the disk is full, ``E-WRITE`` when the folder
        cannot be written to, ``E-OUTPUT-FILE`` when a folder, a device or a
        pipe has the name.
    """
    final = Path(final)
    _require_replaceable(final)
    # Not derived from the final name, which may already be as long as a name can be.
    temporary = final.parent / f"{UNFINISHED}{uuid.uuid4().hex[:12]}"
    try:
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, final)
    except OSError as error:
        raise not_written(final, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    with suppress(OSError):
        flush_to_disk(final.parent)


def _require_replaceable(final: Path) -> None:
    """Refuse what is no file: whoever has the rights would find it replaced by one, /dev/null for everybody."""
    try:
        status = os.stat(final)
    except ValueError as error:
        raise not_written(final, OSError(errno.EINVAL, str(error))) from error
    except OSError:
        # Not there, or not to be looked at: writing says so.
        return
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            "E-OUTPUT-FILE", "is a folder, a device or a pipe, not a file", where=final.name, fix="Choose another name."
        )


def sweep_files(folder: Path) -> None:
    """Remove the files that processes have left in a folder which were killed long ago while they wrote."""
    for path in folder.glob(f"{UNFINISHED}{'[0-9a-f]' * 12}"):
        # Another process may do the same at this moment.
        with suppress(OSError):
            if path.is_file() and not path.is_symlink() and time.time() - path.stat().st_mtime > OLD:
                path.unlink()


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or the entries of a folder, would survive a power cut."""
    # Windows flushes only files opened for writing, and no folders at all.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def not_written(final: Path, error: OSError) -> InputError:
    """Why a file or folder could not be written, in words."""
    if error.errno in NO_SPACE:
        return InputError(
            "E-DISK-FULL",
            "the disk is full; nothing was written",
            where=final.name,
            fix="Free some space or choose another folder, then save again.",
        )
    return InputError(
        "E-WRITE",
        f"cannot be written to folder {final.parent.name or final.parent} "
        f"({os.strerror(error.errno).lower() if error.errno else error})",
        where=final.name,
        fix="Check that the folder exists, that you may write to it and that the name is allowed.",
    )
