"""One process at a time works on a case, whoever started it; nothing of one that was killed stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import InputError
from ...io.files.atomic import not_written
from ...io.output.folder import sweep_unfinished
from ...io.output.manifest import MANIFEST
from ...system.owner_lock import OwnerLock, is_left


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Refuse a case that another process works on at this moment.

    Raises
    ------
    InputError
        ``E-BATCH-BUSY``, ``E-BATCH-GONE``, and ``E-DISK-FULL`` or ``E-WRITE``.
    """
    require_folder(target.parents[1])
    path = _lock_of(target)
    try:
        target.parent.mkdir(exist_ok=True)
        if not is_left(path):
            raise FileExistsError
        path.unlink(missing_ok=True)
        lock = OwnerLock(path)
    except FileExistsError as error:
        text = "another process computes this case"
        raise InputError("E-BATCH-BUSY", text, where=target.name, fix="Wait until it has ended.") from error
    except OSError as error:
        raise not_written(target, error) from error
    try:
        yield
    finally:
        lock.release()


def require_folder(batch: Path) -> None:
    """Refuse to go on in a folder that is no longer there: to make it anew would mix with what lies there by then.

    Raises
    ------
    InputError
        ``E-BATCH-GONE``
    """
    if not (batch / MANIFEST).is_file():
        text = "the folder of the batch was moved, removed or replaced while it ran"
        fix = "Put it back where it was, or choose a new folder, and run the batch again."
        raise InputError("E-BATCH-GONE", text, where=batch.name, fix=fix)


def sweep_case(target: Path) -> None:
    """Remove what a process that was killed has left of a case."""
    with suppress(OSError):
        sweep_unfinished(target)
    path = _lock_of(target)
    with suppress(OSError):
        if path.exists() and is_left(path):
            path.unlink(missing_ok=True)


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")
