"""The entries of Siemens' CSA header, a binary list inside one DICOM element: nothing in it is trusted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...files.boundary import corrupt

SECOND_FORM = b"SV10"
# Name, multiplicity, kind of value, a number of the scanner's software, number of items, and one that means nothing.
ENTRY, ITEM = struct.Struct("<64si4siii"), struct.Struct("<4i")
# Scanners write about a hundred entries of up to a few hundred items.
MOST_ENTRIES, MOST_ITEMS = 1000, 1000


def csa_numbers(data: bytes, names: tuple[str, ...], path: Path) -> dict[str, tuple[float, ...]]:
    """Numbers of the entries that are asked for, those without a value left out.

    Raises
    ------
    InputError
        ``E-FILE-CORRUPT`` where counts or lengths cannot be, an entry ends past
        the header, or a value is no number. What comes after all that is asked
        for is not looked at.

    Notes
    -----
    Layout as SPM and NiBabel found it ("Siemens format DICOM with CSA header",
    NiBabel's documentation). The first form gives the length of an item larger
    by the number of items of the first entry; items are filled up to 4 bytes.
    """
    found = {}
    for name, values in _entries(data, path):
        if name in names and values:
            found[name] = _as_numbers(values, name, path)
            if len(found) == len(names):
                break
    return found


def _entries(data: bytes, path: Path) -> Iterator[tuple[str, list[bytes]]]:
    second = data[:4] == SECOND_FORM
    place, added = (8 if second else 0), 0
    (count,), place = _unpacked(struct.Struct("<I4x"), data, place, path)
    if not 0 < count <= MOST_ENTRIES:
        raise _damaged(path, f"gives itself {count} entries")
    for number in range(count):
        (name, multiplicity, _, _, items, _), place = _unpacked(ENTRY, data, place, path)
        if not 0 <= items <= MOST_ITEMS or multiplicity < 0:
            raise _damaged(path, f"gives an entry {items} items")
        if number == 0 and not second:
            added = items
        values = []
        for _ in range(items):
            lengths, place = _unpacked(ITEM, data, place, path)
            length = lengths[1] if second else lengths[0] - added
            if not 0 <= length <= len(data) - place:
                raise _damaged(path, f"has an item of {length} bytes where {len(data) - place} are left")
            values.append(data[place : place + length])
            place += length + -length % 4
        yield _text(name), values[: multiplicity or items]


def _unpacked(layout: struct.Struct, data: bytes, place: int, path: Path) -> tuple[tuple, int]:
    if place + layout.size > len(data):
        raise _damaged(path, f"ends within an entry, after {len(data)} bytes")
    return layout.unpack_from(data, place), place + layout.size


def _as_numbers(values: list[bytes], name: str, path: Path) -> tuple[float, ...]:
    texts = [_text(value) for value in values]
    # There are more places than values: the first empty one ends them.
    texts = texts[: texts.index("")] if "" in texts else texts
    try:
        numbers = tuple(float(text) for text in texts)
    except ValueError:
        raise _damaged(path, f"holds a value of {name} that is no number") from None
    if not np.isfinite(numbers).all():
        raise _damaged(path, f"holds a value of {name} that is not finite")
    return numbers


def _text(value: bytes) -> str:
    return value.split(b"\0", 1)[0].decode("latin-1").strip()


def _damaged(path: Path, what: str):
    return corrupt(
        path, f"its CSA header (0029,1010) {what}", fix="Export the file again, or convert the series with dcm2niix."
    )
