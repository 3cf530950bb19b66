"""Inputs that lie in files while they are computed with: what others do to the files meanwhile is seen, and told.

A mapped file that shrinks ends the process that looks at it, and one that
changes gives numbers that belong to no file at all. So inputs that fit are
taken into memory first; the files of the others are looked at before, at every
report of progress, and after the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError

State = tuple[int, int, int, int]


class InputFiles:
    """The files that the arrays of values are mapped from, as they were when this was made."""

    def __init__(self, values: dict[str, object]):
        paths = {path for value in values.values() for array in _arrays(value) for path in _files(array)}
        self.states: dict[Path, State | None] = {path: _state(path) for path in sorted(paths)}
        for path, state in self.states.items():
            if state is None:
                raise _changed(path, "is gone")

    def require_unchanged(self) -> None:
        """Refuse to go on with files that changed.

        Raises
        ------
        InputError
            ``E-INPUT-CHANGED``
        """
        for path, before in self.states.items():
            now = _state(path)
            if now is None:
                raise _changed(path, "was removed")
            if now != before:
                shorter = now[2] < before[2]
                raise _changed(path, f"was cut off from {before[2]} to {now[2]} bytes" if shorter else "was changed")


def held(values: dict[str, object], most: int) -> dict[str, object]:
    """The same inputs, those that are mapped from files in memory where they all take no more bytes than this.

    Raises
    ------
    InputError
        ``E-INPUT-CHANGED`` when a file changed meanwhile.
    """
    files = InputFiles(values)
    taken = sum(array.nbytes for value in values.values() for array in _arrays(value) if any(_files(array)))
    if not files.states or taken > most:
        return values
    copied = {}
    for name, value in values.items():
        # Before each: a file that was cut off must not be touched.
        files.require_unchanged()
        copied[name] = _in_memory(value)
    files.require_unchanged()
    return copied


def _in_memory(value: object) -> object:
    """A value of whatever kind with its arrays in memory; what has none that is mapped is the same object."""
    if not any(path for array in _arrays(value) for path in _files(array)):
        return value
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, Mapping):
        return {key: _in_memory(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_in_memory(part) for part in value)
    return replace(value, **{f.name: _in_memory(getattr(value, f.name)) for f in fields(value) if f.init})


def _arrays(value: object) -> Iterator[np.ndarray]:
    """All arrays that a value holds."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _arrays(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _arrays(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _arrays(part)


def _files(array: np.ndarray) -> Iterator[Path]:
    """The file an array is mapped from, through whatever views of it."""
    at: object = array
    while isinstance(at, np.ndarray):
        if isinstance(at, np.memmap) and at.filename is not None:
            yield Path(at.filename)
            return
        at = at.base


def _state(path: Path) -> State | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _changed(path: Path, how: str) -> InputError:
    return InputError(
        "E-INPUT-CHANGED",
        f"the file {how} while it was computed with; there is no result",
        where=path.name,
        fix="Wait until nothing writes to it any more, or copy it, then run again.",
    )
