"""Zip archives from anywhere: every name, size and claim is checked before anything is unpacked."""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import InputError
from ...system.plain_text import for_message, is_device
from ..files.room import free_disk, free_memory

MOST_DEPTH, LONGEST_NAME = 32, 255
# Deflate cannot shrink data more than 1032:1; an entry that promises more lies.
MOST_GAIN = 1100
# Voxels of nothing shrink as much; what shrinks more than this is unpacked only where it fits the memory.
USUAL_GAIN = 100
SPARE_DISK = 2**28
PIECE = 2**20
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


@dataclass(frozen=True)
class Rules:
    """What is let in, and how its refusals are called.

    code : its refusals are ``<code>-PATH``, ``<code>-SIZE`` and ``damaged``.
    most_gain : how many times an entry may grow.
    """

    code: str
    damaged: str
    fix: str
    most_files: int = 100_000
    most_bytes: int = 2**40
    most_gain: int = MOST_GAIN


def checked_entries(path: Path, rules: Rules) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by their names, after all that it claims was looked at; nothing is unpacked.

    Raises
    ------
    InputError
        ``<code>-PATH`` for names that lead elsewhere, links, devices and names
        that stand twice, ``<code>-SIZE`` for what is too much, ``damaged``.
    """
    with _told(path.name, "the archive", rules), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > rules.most_files:
        raise _too_much(path.name, f"holds {len(entries)} files, at most {rules.most_files} are read", rules)
    for entry in entries:
        _check_entry(entry, path.name, rules)
    _check_names([(entry.filename, entry.is_dir()) for entry in entries], path.name, rules)
    _check_sum(entries, path, rules)
    return {entry.filename: entry for entry in entries if not entry.is_dir()}


def unpack(path: Path, folder: Path, rules: Rules) -> list[Path]:
    """Unpack an archive into an empty folder and give back the files; raises as `checked_entries`.

    Slicer's own unpacking follows the names wherever they lead.
    """
    entries = checked_entries(path, rules)
    needed, free = sum(entry.file_size for entry in entries.values()), free_disk(folder)
    if needed > free - SPARE_DISK:
        text = f"would take {_amount(needed)} on the disk, {_amount(free)} are free"
        raise InputError(f"{rules.code}-SIZE", text, where=path.name, fix="Free some space on the disk.")
    with zipfile.ZipFile(path) as archive:
        return [_unpacked(archive, entry, folder, path.name, rules) for entry in entries.values()]


def content(path: Path, name: str, rules: Rules) -> bytes:
    """All of one file of an archive, to its last check sum."""
    with _told(path.name, for_message(name), rules), zipfile.ZipFile(path) as archive:
        return archive.read(name)


def require_inside(name: str, where: str, rules: Rules) -> None:
    """Refuse names that lead out of a folder on any system, or name a device."""
    path = PurePosixPath(name)
    parts = name.rstrip("/").split("/")
    leads = "\\" in name or ":" in name or path.is_absolute() or any(part.strip(" .") == "" for part in parts)
    if leads:
        raise _elsewhere(name, "leads outside of it", where, rules)
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or any(is_device(part) for part in parts):
        raise _elsewhere(name, "is no name of a file on every system", where, rules)
    if len(parts) > MOST_DEPTH or any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts):
        raise _elsewhere(name, "is too long", where, rules)


def _check_entry(entry: zipfile.ZipInfo, where: str, rules: Rules) -> None:
    # The name as it is written, too: zipfile ends it at a zero and turns the system's separators.
    for name in {entry.filename, entry.orig_filename}:
        require_inside(name, where, rules)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _elsewhere(entry.filename, "is a link or a device", where, rules)
    if entry.flag_bits & 1:
        text = f"{for_message(entry.filename)} is encrypted"
        raise InputError(rules.damaged, text, where=where, fix="Save it without a password.")
    if entry.compress_type not in (STORED, DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise InputError(rules.damaged, "is packed in an unknown way", where=where, fix=rules.fix)
    # Other methods than deflate have no such bound of their own.
    if entry.file_size > rules.most_gain * max(entry.compress_size, 1024):
        grown = f"{for_message(entry.filename)} would grow to {_amount(entry.file_size)}"
        raise _too_much(where, grown, rules)


def _check_names(names: list[tuple[str, bool]], where: str, rules: Rules) -> None:
    """No name stands twice, as systems compare them, and no file is a folder too."""
    seen: dict[str, bool] = {}
    for name, is_folder in names:
        parts = [part.rstrip(" .") for part in unicodedata.normalize("NFC", name.rstrip("/")).casefold().split("/")]
        for depth in range(1, len(parts) + 1):
            key, folder = "/".join(parts[:depth]), is_folder or depth < len(parts)
            if key in seen and not (folder and seen[key]):
                raise _elsewhere(name, "stands twice", where, rules)
            seen[key] = folder


def _check_sum(entries: list[zipfile.ZipInfo], path: Path, rules: Rules) -> None:
    total, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > rules.most_bytes:
        raise _too_much(
            path.name, f"holds {_amount(total)} in all, at most {_amount(rules.most_bytes)} are read", rules
        )
    # Entries that lie over one another are each small, and together without end.
    if sum(entry.compress_size for entry in entries) > size:
        raise _too_much(path.name, f"claims {_amount(total)} within {_amount(size)}", rules)
    memory = free_memory()
    if memory is not None and total > USUAL_GAIN * size and total > memory // 2:
        raise _too_much(path.name, f"would grow from {_amount(size)} to {_amount(total)}, more than fits here", rules)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, where: str, rules: Rules) -> Path:
    target = folder / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = 0
    with _told(where, for_message(entry.filename), rules):
        # "x": what is there already is never written to.
        with archive.open(entry) as source, open(target, "xb") as stream:
            while piece := source.read(PIECE):
                written += len(piece)
                stream.write(piece)
        if written != entry.file_size:
            raise zipfile.BadZipFile(f"{written} bytes instead of {entry.file_size}")
    return target


@contextmanager
def _told(where: str, what: str, rules: Rules) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except DAMAGE as error:
        why = for_message(str(error) or type(error).__name__)
        raise InputError(rules.damaged, f"{what} cannot be read: {why}", where=where, fix=rules.fix) from error
    except MemoryError as error:
        raise _too_much(where, f"{what} does not fit the memory", rules) from error
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else for_message(error)
        raise InputError(rules.damaged, f"{what} cannot be read ({why})", where=where, fix=rules.fix) from error


def _elsewhere(name: str, why: str, where: str, rules: Rules) -> InputError:
    text = f"holds the file {for_message(name, 60)!r}, which {why}"
    return InputError(f"{rules.code}-PATH", text, where=where, fix="Do not use it; get it anew from where it came.")


def _too_much(where: str, text: str, rules: Rules) -> InputError:
    return InputError(f"{rules.code}-SIZE", text, where=where, fix="Do not use this archive.")


def _amount(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{max(count / 2**20, 0.1):.1f} MiB"
