"""Folders of results: they appear whole or not at all, and nothing that is somebody else's is lost to them."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import InputError, counted
from ...system.owner_lock import OwnerLock, is_left
from ..files.atomic import NO_SPACE, UNFINISHED, flush_to_disk, not_written, sweep_files
from ..files.boundary import real_path
from .manifest import (
    JUNK,
    MANIFEST,
    Manifest,
    changed_files,
    files_below,
    manifest_of,
    read_manifest,
    remove_files,
    write_manifest,
)

FINISHED, LOCK = ".finished-", ".lock"
KINDS = {
    "result": "the results of an analysis",
    "dicom": "DICOM objects",
    "bundle": "a bundle",
    "cohort": "a cohort",
    "evaluation": "an evaluation",
    "demo": "a demonstration",
    "simulation": "what was simulated",
    "training": "the state of a training run",
    "regions": "regions of a cohort",
    "batch": "a batch of cases",
}


@contextmanager
def output_folder(folder: str | os.PathLike, kind: str, *, overwrite: bool = False) -> Iterator[Path]:
    """A new folder to write into, whose content is put in place as a whole when the block ends well.

    What would be refused at the end is refused at the start: the folder has to
    be new, empty, or hold an earlier output of the same kind. That is replaced
    where `overwrite` allows it, and only the files that were written then; what
    else lies there stays. After an exception, an interruption or the death of
    the process everything is as it was before, or the new output is whole: an
    exchange that was cut off is completed when the folder is next used.

    Parameters
    ----------
    folder : path        Made when it is not there.
    kind : str           One of `KINDS`.

    Raises
    ------
    InputError
        ``E-OUTPUT-...`` when the folder is not free, ``E-DISK-FULL`` and
        ``E-WRITE`` when it cannot be written to.
    """
    target = real_path(folder)
    _require_free(target, kind, overwrite)
    with _begun(target) as new, _in_words(target, new):
        yield new
        for name in files_below(new):
            flush_to_disk(new / name)
        write_manifest(new, manifest_of(new, kind))
        _put_in_place(new, target)


def require_free(folder: str | os.PathLike, kind: str, *, overwrite: bool) -> None:
    """Refuse at once what `output_folder` would refuse, for work that writes only at its end."""
    target = real_path(folder)
    _require_free(target, kind, overwrite)
    with _begun(target):
        # That this much can be made is what was asked.
        return


def working_folder(folder: str | os.PathLike, kind: str) -> Path:
    """A folder of this program that is kept from run to run; gives its path.

    Raises
    ------
    InputError
        ``E-OUTPUT-...`` when it holds anything else.
    """
    target = real_path(folder)
    with _in_words(target):
        if not _is_known(target, kind):
            target.mkdir(parents=True, exist_ok=True)
            write_manifest(target, Manifest(kind, {}))
        for place in (target, *(path for path in target.rglob("*") if path.is_dir())):
            sweep_files(place)
    return target


def sweep_unfinished(folder: str | os.PathLike) -> None:
    """Remove what processes that were killed have left of an output for this folder."""
    target = real_path(folder)
    for place in {target, target.parent}:
        if place.is_dir():
            _sweep(place, target)


def _require_free(target: Path, kind: str, overwrite: bool) -> None:
    with _in_words(target):
        known = _is_known(target, kind)
    if not known:
        return
    if not overwrite:
        raise InputError(
            "E-OUTPUT-EXISTS",
            f"holds {KINDS[kind]} already",
            where=str(target),
            fix="Choose another folder, or allow replacing them (--overwrite).",
        )
    changed = changed_files(target, read_manifest(target))
    if changed:
        raise InputError(
            "E-OUTPUT-CHANGED",
            f"{counted(len(changed), 'file')} there changed since {'it was' if len(changed) == 1 else 'they were'} "
            f"written, the first is {changed[0]}",
            where=str(target),
            fix="Move what you want to keep elsewhere, or choose another folder.",
        )


def _is_known(target: Path, kind: str) -> bool:
    """Whether a folder holds an output of this kind; False where it is new or empty, an error where it is another's."""
    if target.is_symlink():
        raise InputError("E-OUTPUT-FILE", "is a link to itself", where=str(target), fix="Choose another name.")
    if not target.exists():
        return False
    if not target.is_dir():
        raise InputError("E-OUTPUT-FILE", "is a file, not a folder", where=str(target), fix="Choose another name.")
    _complete(target)
    _sweep(target, target)
    there = sorted(p.name for p in target.iterdir() if p.name not in JUNK and not p.name.startswith(UNFINISHED))
    if not there:
        return False
    own = read_manifest(target)
    if own is not None and own.kind == kind:
        return True
    held = f"{there[0]} and {counted(len(there) - 1, 'other')}" if len(there) > 1 else there[0]
    what = f"{KINDS[own.kind]}, not {KINDS[kind]}" if own and own.kind in KINDS else f"what is not ours: {held}"
    raise InputError(
        "E-OUTPUT-FOREIGN", f"holds {what}", where=str(target), fix="Choose a folder that is new or empty."
    )


@contextmanager
def _begun(target: Path) -> Iterator[Path]:
    """A folder to write into that is gone at the end if it was not put in place."""
    with _in_words(target):
        missing = [parent for parent in target.parents if not parent.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the folder itself where it exists: what lies above it may not be ours to write to.
        beside = target if target.exists() else target.parent
        for place in {beside, target.parent}:
            _sweep(place, target)
        new = beside / f"{UNFINISHED}{_mark(target)}-{uuid.uuid4().hex[:8]}"
        # Before the folder, and gone after it: a folder without a lock has no owner any more.
        lock = OwnerLock(_lock_of(new))
    try:
        with _in_words(target):
            new.mkdir()
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)
        lock.release()
        for parent in missing:
            # Only those in which nothing came to lie.
            with suppress(OSError):
                parent.rmdir()


def _lock_of(new: Path) -> Path:
    return new.with_name(f"{new.name}{LOCK}")


def _mark(target: Path) -> str:
    return hashlib.sha256(target.name.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _sweep(beside: Path, target: Path) -> None:
    """Remove what processes that were killed have left of outputs for this folder."""
    for path in sorted(beside.glob(f"{UNFINISHED}{_mark(target)}-*")):
        new = path.with_name(path.name.removesuffix(LOCK))
        with suppress(OSError):
            if is_left(_lock_of(new)):
                if new.is_dir() and not new.is_symlink():
                    shutil.rmtree(new)
                _lock_of(new).unlink(missing_ok=True)


def _put_in_place(new: Path, target: Path) -> None:
    if not target.exists():
        os.rename(new, target)
        return
    old = read_manifest(target)
    _require_nothing_taken(new, target, old.files if old else {})
    # From here on the new output counts: what follows is completed even after the death of this process.
    finished = target / new.name.replace(UNFINISHED, FINISHED)
    os.rename(new, finished)
    try:
        _exchange(finished, target)
    except KeyboardInterrupt:
        _exchange(finished, target)
        raise


def _complete(target: Path) -> None:
    """Put in place what a process had finished that died before it could."""
    for finished in sorted(target.glob(f"{FINISHED}*")):
        if finished.is_symlink() or not finished.is_dir():
            continue
        # Its list is moved last; without one nothing is left to do, or it was never ours.
        if read_manifest(finished) is None and any(finished.iterdir()):
            continue
        old = read_manifest(target)
        changed = changed_files(target, old) if old else []
        _require_nothing_taken(
            finished, target, {n: s for n, s in old.files.items() if n not in changed} if old else {}
        )
        _exchange(finished, target)


def _require_nothing_taken(new: Path, target: Path, own: dict[str, str]) -> None:
    taken = _taken(new, target, own)
    if taken:
        aside = _free_name(target)
        os.rename(new, aside)
        raise InputError(
            "E-OUTPUT-TAKEN",
            f"{taken} there is not ours and would be replaced",
            where=str(target),
            fix=f"Nothing was replaced; the output is in {aside}.",
        )


def _exchange(finished: Path, target: Path) -> None:
    """Remove an earlier output and move a finished one to its place; can be cut off anywhere and done again."""
    old = read_manifest(target)
    if old is not None:
        remove_files(target, old)
    names = sorted(files_below(finished), key=lambda name: name == MANIFEST)
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(finished / name, target / name)
    shutil.rmtree(finished)
    with suppress(OSError):
        flush_to_disk(target)


def _taken(new: Path, target: Path, own: dict[str, str]) -> str:
    """The first thing in the way that is not part of the earlier output, "" where there is none."""
    for name in files_below(new):
        path = target / name
        if name != MANIFEST and name not in own and (path.is_symlink() or path.exists()):
            return name
        for above in path.parents[: len(Path(name).parts) - 1]:
            if above.is_symlink() or (above.exists() and not above.is_dir()):
                return above.relative_to(target).as_posix()
    return ""


def _free_name(target: Path) -> Path:
    number = 2
    while (found := target.with_name(f"{target.name} ({number})")).exists():
        number += 1
    return found


@contextmanager
def _in_words(target: Path, new: Path | None = None) -> Iterator[None]:
    """What goes wrong in writing, said with the folder's name; other failures pass as they are."""
    try:
        yield
    except OSError as error:
        if new is None or _concerns(error, new, target):
            raise not_written(target, error) from error
        raise


def _concerns(error: OSError, *folders: Path) -> bool:
    # A full disk is told by the file that is written to, which does not say its name.
    paths = [str(name) for name in (error.filename, error.filename2) if isinstance(name, (str, os.PathLike))]
    return error.errno in NO_SPACE or any(path.startswith(str(folder)) for path in paths for folder in folders)
