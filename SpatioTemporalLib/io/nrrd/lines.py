"""The lines of a NRRD header: standard fields and key/value pairs, and how they are escaped."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import Finding, Severity
from ..files.boundary import corrupt

ALIASES = {
    "datafile": "data file",
    "lineskip": "line skip",
    "byteskip": "byte skip",
    "blocksize": "block size",
    "oldmin": "old min",
    "oldmax": "old max",
    "sampleunits": "sample units",
    "axismins": "axis mins",
    "axismaxs": "axis maxs",
    "centerings": "centers",
}
FIELDS = {
    *ALIASES.values(),
    *("dimension", "type", "encoding", "endian", "content", "min", "max", "number", "sizes", "spacings"),
    *("thicknesses", "labels", "units", "kinds", "space", "space dimension", "space units", "space origin"),
    *("space directions", "measurement frame"),
}
ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


def entries_of(text: str, path: Path) -> tuple[dict[str, str], dict[str, str], list[Finding]]:
    """Fields, key/value pairs, and what stands in the header and is neither.

    Raises
    ------
    InputError
        For what is said twice with different values.
    """
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    strange = []
    # Only a line feed ends a line: to Python's splitlines, control characters within a name do so too.
    for line in text.split("\n")[1:]:
        line = line.removesuffix("\r")
        if line.startswith("#") or not line.strip():
            continue
        # Keys and fields are told apart by the first separator: ":=" or ":". A key may be called "space".
        name, colon, rest = line.partition(":")
        is_key = rest.startswith("=")
        if is_key:
            _put(keys, unescaped(name), unescaped(rest[1:]), path)
            continue
        field = name.strip().lower()
        field = ALIASES.get(field, field)
        if not colon or field not in FIELDS:
            strange.append(line)
            continue
        _put(fields, field, rest.strip(), path)
    if not strange:
        return fields, keys, []
    told = f"the header holds {strange[0][:60]!r}, which is no field of a NRRD file; it was left out"
    return fields, keys, [Finding("W-HEADER-FIELD", Severity.WARN, told, path.name)]


def escaped(text: str) -> str:
    """A key or value in one line; the format knows no sign for a carriage return, which becomes a space."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ")


def unescaped(text: str) -> str:
    """What an escaped key or value stood for."""
    return ESCAPED.sub(lambda found: {"n": "\n", "\\": "\\"}.get(found[1], found[0]), text)


def _put(entries: dict[str, str], name: str, value: str, path: Path) -> None:
    if entries.setdefault(name, value) != value:
        raise corrupt(path, f"the header says {name[:40]!r} twice, {entries[name][:40]!r} and {value[:40]!r}")
