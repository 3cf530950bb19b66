"""The text header of MetaImage files (.mha, .mhd)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import Finding, InputError, Severity
from ..files.boundary import corrupt
from ..files.plain_numbers import number, whole

MAX_HEADER_BYTES = 2**20
DATA_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
# Names that the format has for one and the same thing; the first that is there counts.
MATRIX, PLACE = ("TransformMatrix", "Rotation", "Orientation"), ("Offset", "Position", "Origin")
SPACING, BYTE_ORDER = ("ElementSpacing", "ElementSize"), ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
# ITK writes what it knows besides under names of its own, such as "0008|0016".
KEY = re.compile(r"[!-<>-~][ -<>-~]{0,199}")
KNOWN = {
    *("ObjectType", "NDims", "DimSize", "BinaryData", "CompressedData", "CompressedDataSize", "DistanceUnits"),
    *("ElementType", "ElementNumberOfChannels", "ElementDataFile", "HeaderSize", "ElementToIntensityFunctionSlope"),
    *("ElementToIntensityFunctionOffset", *MATRIX, *PLACE, *SPACING, *BYTE_ORDER),
}
MM_PER_UNIT = {"": 1.0, "?": 1.0, "mm": 1.0, "um": 1e-3, "cm": 10.0}
UNIT_LENGTH = 1e-3
# Names of the format that say nothing that is used here, and how alike a slip of the pen is.
OTHERS = {"ElementMin", "ElementMax", "ElementNBits", "ObjectSubType", "CenterOfRotation", "CompressionLevel"}
NEARLY = 0.85
LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class MetaHeader:
    """What a MetaImage header says.

    shape : (K, J, I). channels : values a voxel. dtype : as stored. affine : (4, 4) IJK to RAS, mm.
    compressed : whether the voxels are, and `packed_bytes` how long they are then, None where it is not said.
    skip : bytes before the voxels in their file. data_file : its name, None where they follow the header.
    """

    shape: tuple[int, int, int]
    channels: int
    dtype: np.dtype
    affine: np.ndarray
    compressed: bool
    packed_bytes: int | None
    skip: int
    data_file: str | None
    findings: tuple[Finding, ...]


def parse_header(text: str, path: Path) -> MetaHeader:
    """The header from its lines, all of it checked before any voxel is touched."""
    fields = Fields(_entries(text, path), path)
    if fields.text("ObjectType", "Image") != "Image":
        raise InputError(
            "E-FILE-KIND",
            f"holds a MetaIO {fields.text('ObjectType')[:40]}, no image",
            where=path.name,
            fix="Give an image.",
        )
    shape, findings = _shape(fields), []
    channels = fields.whole("ElementNumberOfChannels", 1)
    if not 1 <= channels <= 100_000:
        raise corrupt(path, f"the header gives {channels} values per voxel")
    if not fields.flag("BinaryData", True):
        raise InputError(
            "E-ENCODING",
            "the voxels are written as text (BinaryData = False), which is not supported",
            where=path.name,
            fix="Save the image with binary data.",
        )
    packed, name = fields.whole("CompressedDataSize", -1), fields.text("ElementDataFile")
    affine = _affine(fields, findings)
    _tell_of_scaling(fields, findings)
    _tell_of_slips(fields, findings)
    return MetaHeader(
        shape=shape,
        channels=channels,
        dtype=_dtype(fields),
        affine=affine,
        compressed=fields.flag("CompressedData", False),
        packed_bytes=packed if packed > 0 else None,
        skip=fields.whole("HeaderSize", 0),
        data_file=None if name.upper() == "LOCAL" else name,
        findings=tuple(findings),
    )


class Fields:
    """The entries of a header, asked for by name and kind; what is wrong is said with the name."""

    def __init__(self, entries: dict[str, str], path: Path):
        self.entries, self.path = entries, path

    def first(self, names: tuple[str, ...]) -> str | None:
        """The first of several names that is there, None where none is."""
        return next((name for name in names if name in self.entries), None)

    def text(self, name: str, default: str | None = None) -> str:
        if name not in self.entries and default is None:
            raise corrupt(self.path, f"the header does not say its {name}")
        return self.entries.get(name, default)

    def whole(self, name: str, default: int) -> int:
        return self.wholes(name, 1)[0] if name in self.entries else default

    def wholes(self, name: str, count: int) -> list[int]:
        wholes = [whole(word) for word in self.text(name).split()]
        if len(wholes) != count or None in wholes:
            raise self.wrong(name, f"{count} whole numbers" if count > 1 else "a whole number")
        return wholes

    def numbers(self, name: str, count: int) -> np.ndarray:
        numbers = [number(word) for word in self.text(name).split()]
        if len(numbers) != count or None in numbers:
            raise self.wrong(name, f"{count} numbers")
        return np.array(numbers)

    def flag(self, name: str, default: bool) -> bool:
        word = self.entries.get(name, str(default)).lower()
        if word not in ("true", "false", "t", "f", "1", "0"):
            raise self.wrong(name, "True or False")
        return word in ("true", "t", "1")

    def wrong(self, name: str, expected: str) -> InputError:
        return corrupt(self.path, f"the header's {name} is {self.text(name)[:60]!r}, {expected} was expected")


def _entries(text: str, path: Path) -> dict[str, str]:
    entries: dict[str, str] = {}
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not KEY.fullmatch(key):
            raise corrupt(path, f"the header holds the line {line[:60]!r}, 'Name = Value' was expected")
        if entries.setdefault(key, value) != value:
            raise corrupt(path, f"the header says {key} twice, {entries[key][:40]!r} and {value[:40]!r}")
    return entries


def _shape(fields: Fields) -> tuple[int, int, int]:
    axes = fields.wholes("NDims", 1)[0]
    if axes != 3:
        raise InputError(
            "E-DIM",
            f"has {axes} axes, three were expected",
            where=fields.path.name,
            fix="Save series as .nii.gz or .seq.nrrd, and single images as volumes.",
        )
    sizes = fields.wholes("DimSize", 3)
    if min(sizes) < 1:
        raise corrupt(fields.path, f"the header gives the impossible image size {'×'.join(map(str, sizes))}")
    return tuple(reversed(sizes))


def _dtype(fields: Fields) -> np.dtype:
    name = fields.text("ElementType")
    if name not in DATA_TYPES:
        raise InputError(
            "E-DTYPE",
            f"voxels of MetaImage type {name[:40]!r} are not supported",
            where=fields.path.name,
            fix="Save the image as MET_SHORT or MET_FLOAT.",
        )
    key = fields.first(BYTE_ORDER)
    return np.dtype((">" if key and fields.flag(key, False) else "<") + DATA_TYPES[name])


def _affine(fields: Fields, findings: list[Finding]) -> np.ndarray:
    where, affine = fields.path.name, np.eye(4)
    scale = _mm_per_unit(fields, findings)
    matrix, place, spacing = fields.first(MATRIX), fields.first(PLACE), fields.first(SPACING)
    # One row of the file is the direction of one axis.
    rows = fields.numbers(matrix, 9).reshape(3, 3) if matrix else np.eye(3)
    if not (np.abs(rows) <= 2).all() or (np.abs(np.linalg.norm(rows, axis=1) - 1) > UNIT_LENGTH).any():
        raise corrupt(fields.path, f"the header's {matrix} holds no directions: its rows have not the length 1")
    sizes = fields.numbers(spacing, 3) if spacing else np.ones(3)
    affine[:3, :3] = rows.T * sizes * scale
    affine[:3, 3] = fields.numbers(place, 3) * scale if place else 0.0
    affine[:3] *= LPS_TO_RAS[:, None]
    missing = [words for key, words in ((matrix, "directions"), (place, "origin")) if key is None]
    if missing:
        text = f"the header gives no {' and no '.join(missing)}; where the image lies in the patient is not known"
        findings.append(Finding("W-GEO-ORIENTATION", Severity.WARN, text, where))
    if spacing is None:
        text = "the header gives no size of voxels (ElementSpacing); 1 mm was taken, lengths and volumes mean nothing"
        findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, where))
    return affine + 0.0


def _mm_per_unit(fields: Fields, findings: list[Finding]) -> float:
    unit = fields.text("DistanceUnits", "").lower()
    if unit not in MM_PER_UNIT:
        raise fields.wrong("DistanceUnits", "mm, cm or um")
    if MM_PER_UNIT[unit] != 1:
        text = "lengths in the header were converted to mm"
        findings.append(Finding("R-LENGTH-UNIT", Severity.REPAIR, text, fields.path.name))
    return MM_PER_UNIT[unit]


def _tell_of_scaling(fields: Fields, findings: list[Finding]) -> None:
    for key, neutral in (("ElementToIntensityFunctionSlope", 1.0), ("ElementToIntensityFunctionOffset", 0.0)):
        if key in fields.entries and fields.numbers(key, 1)[0] != neutral:
            text = (
                f"the header gives a scaling ({key} = {fields.text(key)[:40]}), which ITK does not use: nor is it here"
            )
            findings.append(Finding("W-SLOPE", Severity.WARN, text, fields.path.name))


def _tell_of_slips(fields: Fields, findings: list[Finding]) -> None:
    """Names that are nearly those of the format: what they say was not understood."""
    for key in fields.entries:
        nearly = difflib.get_close_matches(key, KNOWN, n=1, cutoff=NEARLY) if key not in KNOWN | OTHERS else []
        if nearly:
            text = f"the header holds {key[:40]!r}, which is nearly {nearly[0]}; it was left out"
            findings.append(Finding("W-HEADER-FIELD", Severity.WARN, text, fields.path.name))
