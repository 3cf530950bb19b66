"""One process at a time works on a case, whoever started it; nothing of one that was killed stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import InputError
from ...io.output.folder import sweep_unfinished
from ...system.owner_lock import OwnerLock, is_left


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Refuse a case that another process works on at this moment.

    Raises
    ------
    InputError
        ``E-BATCH-BUSY``
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = _lock_of(target)
    try:
        if not is_left(path):
            raise FileExistsError
        path.unlink(missing_ok=True)
        lock = OwnerLock(path)
    except FileExistsError as error:
        text = "another process computes this case"
        raise InputError("E-BATCH-BUSY", text, where=target.name, fix="Wait until it has ended.") from error
    try:
        yield
    finally:
        lock.release()


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
