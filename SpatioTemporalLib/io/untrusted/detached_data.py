"""Images whose header sends the reader to other files, or promises more than the memory holds."""

from __future__ import annotations

import math
import re
from pathlib import Path

from ...errors import InputError
from ...system.plain_text import for_message
from ..files.room import free_memory
from ..nrrd.header import TYPE_CODES
from .segment_extents import check_extents

MOST_HEADER = 2**22
NRRD, META = (".nrrd", ".nhdr"), (".mha", ".mhd")
NRRD_FIELD = re.compile(rb"^([^:=\n]+):(?!=)[ \t]*([^\r\n]*)", re.MULTILINE)
META_FIELD = re.compile(rb"^\s*(\w+)\s*=\s*([^\r\n]*)", re.MULTILINE)
FIELDS = set(
    "content number type blocksize dimension space spacedimension sizes spacings thicknesses axismins axismaxs centers "
    "centerings labels units kinds min max oldmin oldmax encoding endian lineskip byteskip sampleunits spaceunits "
    "spaceorigin spacedirections measurementframe datafile".split()
)
# Readers write what is wrong into a text of a thousand letters, and beyond its end.
LONGEST_FIELD = 512
META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 8, "FLOAT": 4, "DOUBLE": 8}


def check_data_file(path: Path, where: str, *, bundled: bool) -> None:
    """Refuse an image that Slicer would read and that leads elsewhere, or does not fit.

    Parameters
    ----------
    bundled : bool
        Whether the image comes from an archive and so may not take voxels from outside its folder.

    Raises
    ------
    InputError
        ``E-SCENE-PATH``, ``E-SCENE-SIZE``
    """
    ending = path.suffix.lower()
    if ending not in (*NRRD, *META):
        return
    with open(path, "rb") as stream:
        header = stream.read(MOST_HEADER)
    header = header.replace(b"\r\n", b"\n")
    if ending in NRRD:
        _check_lines(header.split(b"\n\n", 1)[0], path, where)
    fields = _nrrd_fields(header) if ending in NRRD else _meta_fields(header)
    detached = fields.get("data file") or fields.get("datafile") or fields.get("elementdatafile") or "LOCAL"
    if bundled and detached.split()[0].upper() != "LOCAL":
        # Nothing in a scene is saved so; a list or a pattern of names may lead anywhere.
        raise InputError(
            "E-SCENE-PATH",
            f"the image {for_message(path.name)} takes its voxels from another file, {for_message(detached)}",
            where=where,
            fix="Save the image in one file.",
        )
    needed, free = _claimed(fields, ending), free_memory()
    if free is not None and needed > free:
        raise InputError(
            "E-SCENE-SIZE",
            f"the image {for_message(path.name)} says that it takes {needed / 2**30:.4g} GiB of memory, "
            f"{free / 2**30:.1f} GiB are free",
            where=where,
            fix="Close other programs, or save the scene without this image.",
        )


def _check_lines(header: bytes, path: Path, where: str) -> None:
    """Refuse a header with lines that no writer writes: some end the process of the reader that complains of them."""
    first, *lines = header.split(b"\n")
    odd = [line for line in lines if line and not line.startswith(b"#") and not _is_field(line)]
    if odd or not re.fullmatch(rb"NRRD000[1-6]", first):
        told = for_message((odd or [first])[0][:80].decode("latin-1"), 40)
        raise InputError(
            "E-SCENE-READ",
            f"the header of the image {for_message(path.name)} is damaged: {told!r}",
            where=where,
            fix="Copy or export the scene again.",
        )


def _is_field(line: bytes) -> bool:
    name, colon, value = line.partition(b":")
    if value.startswith(b"="):
        return bool(name.strip())
    known = name.decode("latin-1").strip().lower().replace(" ", "") in FIELDS
    return bool(colon) and known and len(line) <= LONGEST_FIELD


def require_readable(path: Path, where: str) -> None:
    """Refuse a segmentation whose voxels cannot be read; Slicer's reader of segmentations ends the process then.

    Raises
    ------
    InputError
        ``E-SCENE-READ``
    """
    if path.suffix.lower() not in (*NRRD, *META):
        return
    check_extents(path, where)
    import SimpleITK

    try:
        SimpleITK.ReadImage(str(path))
    # Damaged files make third-party parsers fail in every way there is; a user can act on none of them.
    except Exception as error:
        why = for_message(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
        raise InputError(
            "E-SCENE-READ",
            f"the segmentation {for_message(path.name)} cannot be read: {why}",
            where=where,
            fix="Copy or export the scene again.",
        ) from error


def _nrrd_fields(header: bytes) -> dict[str, str]:
    return _fields(NRRD_FIELD, header.split(b"\n\n", 1)[0])


def _meta_fields(header: bytes) -> dict[str, str]:
    # ElementDataFile is the last field; the voxels follow it.
    end = re.search(rb"^\s*ElementDataFile\s*=[^\n]*", header, re.MULTILINE | re.IGNORECASE)
    return _fields(META_FIELD, header[: end.end()] if end else header)


def _fields(pattern: re.Pattern, header: bytes) -> dict[str, str]:
    found = pattern.findall(header)
    return {k.decode("latin-1").strip().lower(): v.decode("latin-1").strip() for k, v in found}


def _claimed(fields: dict[str, str], ending: str) -> float:
    """Bytes that the voxels take, as the header says; 0 where it cannot be understood, which Slicer then tells."""
    sizes = fields.get("sizes") if ending in NRRD else fields.get("dimsize")
    try:
        count = math.prod(max(int(size), 0) for size in (sizes or "0").split())
    except ValueError:
        return 0.0
    kind = fields.get("type", "") if ending in NRRD else fields.get("elementtype", "")
    if ending in NRRD:
        each = int(TYPE_CODES.get(kind.lower(), "u8")[1:])
    else:
        each = next((size for name, size in META_BYTES.items() if name in kind.upper()), 8)
    return float(min(count, 2**100)) * each
