"""The image files that the tables of a cohort name: wherever they lie, only images are opened, and nothing else told.

A table may come from somebody else, and its cells may name anything on this
machine. So what is no image is neither listed, sized nor hashed, and what lies
outside the folder of the study is told.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from pathlib import Path

from ...errors import Finding, InputError, Severity, counted
from ...system.plain_text import for_message
from ..formats.dicom import DICOM
from ..images.format_registry import LONGEST_START, endings
from .checks import Problems

# A series of a follow-up study has hundreds of files; a folder of many more is no series, but a disk.
MOST_FILES, MOST_DEPTH = 20_000, 3


def check_files(files: list[tuple[int, Path]], file: str, problems: Problems) -> None:
    """What these rows name is there, and images: files, or folders of DICOM files."""
    known: dict[Path, tuple[str, str] | None] = {}
    for row, path in files:
        if path not in known:
            known[path] = _problem(path)
        if known[path] is not None:
            problems.add(known[path][0], file, row, known[path][1])


def check_images(files: list[tuple[str, int, Path]], file: str, problems: Problems) -> None:
    """No image belongs to two participants; masks may well be alike, as where nothing is left.

    files : (participant, row, path) of each image.
    """
    by_size = defaultdict(list)
    for participant, row, path in files:
        parts = files_in(path)
        if parts:
            by_size[sum(part.stat().st_size for part in parts)].append((participant, row, path))
    for alike in by_size.values():
        # Only files of equal size can be equal; the others need not be read.
        if len({participant for participant, _, _ in alike}) > 1:
            _refuse_shared(alike, file, problems)


def check_places(files: list[tuple[int, Path]], folder: Path, file: str) -> list[Finding]:
    """A warning when images lie outside the folder of the study."""
    inside = os.path.join(os.path.realpath(folder), "")
    outside = [(row, path) for row, path in files if not os.path.realpath(path).startswith(inside)]
    if not outside:
        return []
    row, path = outside[0]
    many = counted(len(outside), "image lies", "images lie")
    text = f"{many} outside the study's folder, the first is {for_message(path, 200)} (row {row})"
    return [Finding("W-COHORT-OUTSIDE", Severity.WARN, text, file)]


def files_in(path: Path) -> list[Path]:
    """The files of an image: itself, or the DICOM files in its folder; none where there is no image."""
    if _is_folder(path):
        try:
            return _dicom_files(path)
        except (OSError, _TooMany):
            return []
    return [path] if _is_image(path, endings(on_grid_only=True)) else []


def identity_of(path: Path) -> str:
    """Names, sizes and dates of the files of an image.

    Raises
    ------
    InputError
        ``E-FILE-MISSING`` when it is gone since the tables were read.
    """
    parts = files_in(path)
    try:
        told = [(part, part.stat()) for part in parts]
    except OSError:
        told = []
    if not told:
        raise InputError("E-FILE-MISSING", "is gone, or no image any more", where=path.name, fix="Check the path.")
    return "; ".join(f"{part} {status.st_size} {status.st_mtime_ns}" for part, status in told)


class _TooMany(Exception):
    """A folder that is no folder of a series."""


def _problem(path: Path) -> tuple[str, str] | None:
    """Code and words for what is no image."""
    name = for_message(path.name)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return "E-FILE-MISSING", f"there is no file {name}"
    if stat.S_ISDIR(mode):
        try:
            return None if _dicom_files(path) else ("E-FILE-KIND", f"the folder {name} holds no DICOM image")
        except _TooMany:
            return "E-FILE-KIND", f"{name} is no folder of one series: it holds more than {MOST_FILES} files"
        except OSError as error:
            return "E-FILE-ACCESS", f"the folder {name} cannot be read ({os.strerror(error.errno or 0).lower()})"
    return None if _is_image(path, endings(on_grid_only=True)) else ("E-FILE-KIND", f"{name} is no image")


def _dicom_files(folder: Path) -> list[Path]:
    found, looked_at, waiting = [], 0, [(folder, 0)]
    while waiting:
        inner, depth = waiting.pop()
        with os.scandir(inner) as entries:
            for entry in entries:
                looked_at += 1
                if looked_at > MOST_FILES:
                    raise _TooMany
                # Links to folders are not followed, so a loop of links ends here.
                if entry.is_dir(follow_symlinks=False):
                    waiting += [(Path(entry.path), depth + 1)] if depth < MOST_DEPTH else []
                elif _is_image(Path(entry.path), DICOM.endings):
                    found.append(Path(entry.path))
    return sorted(found)


def _is_image(path: Path, known: tuple[str, ...]) -> bool:
    """By its name or DICOM's mark; a pipe or a device is none and not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        if path.name.lower().endswith(known):
            return True
        with open(path, "rb") as stream:
            return DICOM.is_marked(stream.read(LONGEST_START))
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _refuse_shared(alike: list[tuple[str, int, Path]], file: str, problems: Problems) -> None:
    first: dict[str, tuple[str, int]] = {}
    for participant, row, path in alike:
        try:
            digest = " ".join(_digest(part) for part in files_in(path))
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            problems.add("E-FILE-ACCESS", file, row, f"{for_message(path.name)} cannot be read ({why})")
            continue
        owner, owner_row = first.setdefault(digest, (participant, row))
        if owner != participant:
            text = f"{path.name} of participant {participant} is the same image as that of {owner} in row {owner_row}"
            problems.add("E-LEAK", file, row, text)


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
