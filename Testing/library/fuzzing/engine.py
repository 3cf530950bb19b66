"""Damaged, hostile and absurd variants of real files, and what a reader made of each.

A kind of file is declared by `Kind(name, seeds, read)`: the files of one valid case and how they are read.
A new kind is one module in ``kinds/`` with a function ``kinds()`` that gives a list of them.
"""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from library.fuzzing.mutation import mutated
from library.fuzzing.reading import Reading, differences

from SpatioTemporalLib.errors import SpatioTemporalError

OUTCOMES = ("refused", "identical", "told", "legal", "silent", "foreign", "hang", "memory", "crash")
FAULTS = ("silent", "foreign", "hang", "memory", "crash")
SECONDS_FOR_ONE = 20
# A file of a few kilobytes that makes the process this much larger was believed too much.
MEMORY_FOR_ONE = 256 * 2**20


@dataclass(frozen=True)
class Kind:
    """One kind of file that is read.

    name : str
    seeds : list of (file name, bytes)
        The files of one valid case; each input has one of them damaged. Names may hold folders ("a/b.dcm").
    read : callable(folder) -> Reading or anything that can be compared with ==
        Reads the case from the folder it lies in. Use `reading.reading_of` for the library's own types.
    legal : callable(folder, what was read, names of the facts that differ) -> bool, optional
        Whether what differs is what the damaged file plainly says, by a way of reading that is not the library's.
    fixed : names of files that are left as they are, such as the ground of a test.
    inputs : how many the tests read; the long run reads as many as there is time for.
    """

    name: str
    seeds: list[tuple[str, bytes]]
    read: Callable[[Path], object]
    legal: Callable[[Path, object, list[str]], bool] | None = None
    fixed: tuple[str, ...] = ()
    inputs: int = 150


@dataclass(frozen=True)
class Outcome:
    """What came of one input, and why; `detail` is what a person needs to find the fault."""

    number: int
    outcome: str
    detail: str


class TooLong(BaseException):
    """Not an `Exception`, so that no reader takes it for a damaged file."""


def write_files(folder: Path, files: list[tuple[str, bytes]]) -> None:
    """Write a case into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def whole(kind: Kind, folder: Path) -> object:
    """What the undamaged files hold."""
    write_files(folder, kind.seeds)
    return kind.read(folder)


def outcome_of(kind: Kind, folder: Path, true: object, seed: int, number: int) -> Outcome:
    """Damage the case by a number that always does the same, read it, and judge."""
    names = [name for name, _ in kind.seeds if name not in kind.fixed]
    files, what = mutated(kind.seeds, names, f"{kind.name} {seed} {number}")
    write_files(folder, files)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with _limited(SECONDS_FOR_ONE):
            found = kind.read(folder)
    except SpatioTemporalError as error:
        if _came_from(error, MemoryError):
            return Outcome(number, "memory", f"{what}: {error}")
        return _unless_swollen(Outcome(number, "refused", f"{what}: {error}"), before)
    except TooLong:
        return Outcome(number, "hang", what)
    except MemoryError:
        return Outcome(number, "memory", what)
    except BaseException as error:  # noqa: BLE001 - anything else is what is looked for
        return Outcome(number, "foreign", f"{what}: {type(error).__name__}: {error}")
    return _unless_swollen(_judged(kind, folder, true, found, number, what), before)


def _judged(kind: Kind, folder: Path, true: object, found: object, number: int, what: str) -> Outcome:
    differ = differences(true, found)
    if not differ:
        return Outcome(number, "identical", what)
    told = set(found.findings) - set(true.findings) if isinstance(found, Reading) else set()
    if told:
        return Outcome(number, "told", f"{what}: {differ}; {sorted(told)}")
    if kind.legal is not None and kind.legal(folder, found, differ):
        return Outcome(number, "legal", f"{what}: {differ}")
    return Outcome(number, "silent", f"{what}: {differ}")


def _unless_swollen(outcome: Outcome, before: int) -> Outcome:
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if grown <= MEMORY_FOR_ONE:
        return outcome
    return Outcome(outcome.number, "memory", f"{grown / 2**20:.0f} MiB, {outcome.outcome}; {outcome.detail}")


def _came_from(error: BaseException | None, kind: type) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def _limited(seconds: int):
    def stop(number, frame):
        raise TooLong

    former = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
