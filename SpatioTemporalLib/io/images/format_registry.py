"""The formats of images that are read, and which of them a file has."""

from __future__ import annotations

import functools

from ...system.declarations import Found, declarations
from .image_format import ImageFormat

FORMATS = f"{__package__.rpartition('.')[0]}.formats"
ENTRY_POINT_GROUP = "spatiotemporal.formats"
LONGEST_START = 4096  # bytes


@functools.cache
def found_formats() -> Found[ImageFormat]:
    """All formats, each in a module of `io.formats` or offered by another package, and what is broken of these.

    Raises
    ------
    TypeError
        If two claim the same name or ending.
    """
    found = declarations(ImageFormat, FORMATS, what="format", group=ENTRY_POINT_GROUP)
    owners: dict[str, str] = {}
    for declared in found.declared.values():
        for ending in declared.endings:
            if owners.setdefault(ending, declared.name) != declared.name:
                raise TypeError(f"the ending {ending} is claimed by {owners[ending]} and {declared.name}")
    return found


def image_formats() -> dict[str, ImageFormat]:
    """All formats by name, sorted."""
    return found_formats().declared


def endings(*, on_grid_only: bool = False) -> tuple[str, ...]:
    """The endings of all formats, longest first."""
    formats = [f for f in image_formats().values() if f.on_grid or not on_grid_only]
    return tuple(sorted((e for f in formats for e in f.endings), key=lambda e: (-len(e), e)))


def bytes_to_tell() -> int:
    """How many of the first bytes of a file tell its format."""
    marks = (at + len(mark) for f in image_formats().values() for at, mark in f.marks)
    return min(max(marks, default=0), LONGEST_START)


def format_of(name: str, start: bytes) -> ImageFormat | None:
    """The format of a file: by its first bytes, then by its name; None where neither says."""
    marked = next((f for f in image_formats().values() if f.is_marked(start)), None)
    return marked or format_named_by(name)


def format_named_by(name: str) -> ImageFormat | None:
    """The format of which a file's name has the ending."""
    ending = ending_of(name)
    return next((f for f in image_formats().values() if ending in f.endings), None)


def ending_of(name: str) -> str:
    """The ending of a format that a file's name has, "" for none."""
    return next((ending for ending in endings() if name.lower().endswith(ending)), "")


def listed(*, on_grid_only: bool = True) -> str:
    """The formats with their endings, for messages."""
    told = [str(f) for f in image_formats().values() if f.on_grid or not on_grid_only]
    return f"{', '.join(told[:-1])} and {told[-1]}"
