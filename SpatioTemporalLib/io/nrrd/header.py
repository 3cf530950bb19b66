"""The text header of NRRD files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import Finding, InputError, Severity
from ..files.boundary import corrupt
from ..files.plain_numbers import number, whole
from .lines import entries_of

# Frame labels and instance UIDs of a long series take megabytes, not more.
MAX_HEADER_BYTES = 64 * 2**20
DATA_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
TYPE_CODES = {name: code for code, names in DATA_TYPES.items() for name in names}
# Signs that turn the axes of a space into right, anterior, superior.
SPACE_SIGNS = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
MM_PER_UNIT = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3}
ON_GRID = {"domain", "space"}
COLOURS = {"rgb-color", "rgba-color", "hsv-color", "xyz-color", "3-color", "4-color"}


@dataclass(frozen=True)
class NrrdHeader:
    """What a NRRD header says.

    fields : standard fields by lower-case name. keys : key/value pairs.
    sizes : along each axis of the file, fastest first. dtype : as stored.
    frame_axis : which file axis runs over frames, or None for one volume.
    affine : (4, 4) IJK to RAS, mm.
    """

    fields: dict[str, str]
    keys: dict[str, str]
    sizes: tuple[int, ...]
    dtype: np.dtype
    frame_axis: int | None
    affine: np.ndarray
    findings: tuple[Finding, ...]

    def of_axis(self, field: str, axis: int) -> str:
        """Entry of a per-axis field such as ``units``, "" when there is none."""
        entries = quoted(self.fields.get(field, ""))
        return entries[axis] if axis < len(entries) else ""


def parse_header(text: str, path: Path, *, components_are_frames: bool = False) -> NrrdHeader:
    """The header from its lines (without the data)."""
    fields, keys, findings = entries_of(text, path)
    sizes = _sizes(fields, path)
    directions = _directions(fields, path)
    frame_axis, kind = _frame_axis(fields, sizes, directions, path)
    if frame_axis is not None:
        _refuse_components(kind, keys, sizes[frame_axis], path, components_are_frames)
    return NrrdHeader(
        fields=fields,
        keys=keys,
        sizes=sizes,
        dtype=_dtype(fields, path),
        frame_axis=frame_axis,
        affine=_affine(fields, directions, frame_axis, path, findings),
        findings=tuple(findings),
    )


def quoted(text: str) -> list[str]:
    """The entries of ``"" "time" "s"``, or the words of an unquoted list."""
    parts = text.split('"')
    return parts[1::2] if len(parts) > 1 else text.split()


def _sizes(fields: dict, path: Path) -> tuple[int, ...]:
    sizes = tuple(whole(word) for word in fields.get("sizes", "").split())
    dimension = whole(fields.get("dimension", ""))
    if dimension is None or None in sizes:
        raise corrupt(path, "the header gives no image size (sizes, dimension)")
    if len(sizes) != dimension or not sizes or min(sizes) < 1:
        raise corrupt(path, f"the header gives the impossible image size {sizes} for {dimension} axes")
    return sizes


def _dtype(fields: dict, path: Path) -> np.dtype:
    name = fields.get("type", "").lower()
    if name not in TYPE_CODES:
        raise InputError(
            "E-DTYPE",
            f"voxels of NRRD type {name[:40]!r} are not supported",
            where=path.name,
            fix="Save the image as short or float.",
        )
    dtype = np.dtype(TYPE_CODES[name])
    if dtype.itemsize == 1:
        return dtype
    order = {"little": "<", "big": ">"}.get(fields.get("endian", "").lower())
    if order is None:
        raise corrupt(path, "the header does not say in which byte order the voxels are (endian)")
    return dtype.newbyteorder(order)


def _directions(fields: dict, path: Path) -> list[np.ndarray | None] | None:
    """One vector a file axis, None for axes that are not in space; None without directions."""
    if "space directions" not in fields:
        return None
    # Vectors are written both as (1,0,0) and as (1, 0, 0).
    words = fields["space directions"].replace(", ", ",").split()
    vectors = [None if word.lower() == "none" else _vector(word, path) for word in words]
    lengths = {len(vector) for vector in vectors if vector is not None}
    if lengths == {4} and len(vectors) == 4:
        return _without_time(vectors, path)
    if lengths != {3}:
        raise InputError(
            "E-DIM",
            f"lies in a space of {' or '.join(map(str, sorted(lengths))) or 'no'} dimensions, three were expected",
            where=path.name,
            fix="Save it as a volume or as a sequence of volumes.",
        )
    return vectors


def _without_time(vectors: list, path: Path) -> list[np.ndarray | None]:
    """ITK writes series as four-dimensional images whose last axis is time, with no unit."""
    table = np.array([np.zeros(4) if vector is None else vector for vector in vectors])
    if table[3, :3].any() or table[:3, 3].any():
        raise corrupt(path, "the fourth axis of the image is not separate from the three in space")
    return [*table[:3, :3], None]


def _vector(word: str, path: Path) -> np.ndarray:
    numbers = [number(part.strip()) for part in word[1:-1].split(",")]
    if None in numbers or word[:1] != "(" or word[-1:] != ")":
        raise corrupt(path, f"the header holds {word[:40]!r}, a vector of finite numbers such as (1,0,0) was expected")
    return np.array(numbers)


def _frame_axis(fields: dict, sizes: tuple, directions: list | None, path: Path) -> tuple[int | None, str]:
    """The file axis that runs over frames, or None, and its kind."""
    kinds = [kind.lower() for kind in fields.get("kinds", "").split()]
    if directions is not None and len(directions) != len(sizes):
        raise corrupt(path, f"the header gives {len(directions)} space directions for {len(sizes)} axes")
    if directions is not None:
        others = [axis for axis, direction in enumerate(directions) if direction is None]
    elif kinds:
        others = [axis for axis, kind in enumerate(kinds[: len(sizes)]) if kind not in ON_GRID]
    else:
        others = list(range(3, len(sizes)))
    if len(sizes) - len(others) != 3 or len(others) > 1:
        raise InputError(
            "E-DIM",
            f"has {len(sizes)} axes of which {len(sizes) - len(others)} lie in space; "
            "three in space and at most one over frames were expected",
            where=path.name,
            fix="Save it as a volume or as a sequence of volumes.",
        )
    if not others:
        return None, ""
    kind = kinds[others[0]] if others[0] < len(kinds) else "list"
    return others[0], "list" if kind in ON_GRID else kind


def _refuse_components(kind: str, keys: dict, count: int, path: Path, are_frames: bool) -> None:
    if kind == "complex":
        raise InputError(
            "E-COMPLEX",
            "the image holds complex numbers",
            where=path.name,
            fix="Convert it to magnitude first (absolute value).",
        )
    if kind in COLOURS:
        raise InputError(
            "E-COLOUR",
            "the image holds colours, not one value per voxel",
            where=path.name,
            fix="Convert it to grey values first.",
        )
    # Slicer's multi-volumes are vectors by their kind, but say what their components are.
    if kind not in ("list", "time", "none", "???") and "MultiVolume.FrameLabels" not in keys and not are_frames:
        raise InputError(
            "E-VECTOR",
            f"holds vectors of {count} components (kind {kind}), not frames over time",
            where=path.name,
            fix="If the components are frames, give their times (times=..., --times, or --frame-interval), or save it "
            "from Slicer as a volume sequence (.seq.nrrd).",
        )


def _affine(fields: dict, directions: list | None, frame_axis: int | None, path: Path, findings: list) -> np.ndarray:
    signs, scale = _space(fields, path, findings)
    affine = np.eye(4)
    if directions is not None:
        columns = np.array([d for d in directions if d is not None])
        affine[:3, :3] = (columns * scale).T
    else:
        affine[:3, :3] = np.diag(_spacings(fields, frame_axis, path, findings))
    if fields.get("space origin"):
        # A fourth number is ITK's time of the first frame, without a unit.
        origin = _vector(fields["space origin"].replace(", ", ","), path)
        if len(origin) != (4 if fields.get("space directions", "").replace(", ", ",").count(",") > 11 else 3):
            raise corrupt(path, f"the header's space origin has {len(origin)} numbers, three were expected")
        affine[:3, 3] = origin[:3] * scale
    else:
        text = "the header gives no origin; where the image lies in the patient is not known"
        findings.append(Finding("W-GEO-ORIGIN", Severity.WARN, text, path.name))
    affine[:3] *= np.array(signs, dtype=float)[:, None]
    # A zero that was negated would be written as -0.
    return affine + 0.0


def _space(fields: dict, path: Path, findings: list) -> tuple[tuple[int, int, int], np.ndarray]:
    space = fields.get("space", "").lower()
    if space and space not in SPACE_SIGNS:
        raise InputError(
            "E-NRRD-SPACE",
            f"the space {space[:40]!r} is not supported",
            where=path.name,
            fix="Save the image in left-posterior-superior or right-anterior-superior space, as Slicer does.",
        )
    if not space or "space directions" not in fields:
        text = "the header gives no orientation; left and right cannot be told (left-posterior-superior is assumed)"
        findings.append(Finding("W-GEO-ORIENTATION", Severity.WARN, text, path.name))
    units = [unit.lower() for unit in quoted(fields.get("space units", ""))][:3] or [""] * 3
    unknown = [unit for unit in units if unit not in MM_PER_UNIT]
    if unknown or len(units) != 3:
        raise InputError(
            "E-GEO-SPACING",
            f"lengths are in {fields['space units'][:40]}, which is no known unit of length",
            where=path.name,
            fix='Save the image in mm (space units: "mm" "mm" "mm").',
        )
    scale = np.array([MM_PER_UNIT[unit] for unit in units])
    if (scale != 1).any():
        text = "lengths in the header were converted to mm"
        findings.append(Finding("R-LENGTH-UNIT", Severity.REPAIR, text, path.name))
    return SPACE_SIGNS.get(space, (-1, -1, 1)), scale


def _spacings(fields: dict, frame_axis: int | None, path: Path, findings: list) -> list[float]:
    words = fields.get("spacings", "").split()
    if not words:
        text = "the header gives no size of voxels (spacings); 1 mm was taken, lengths and volumes mean nothing"
        findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, path.name))
        return [1.0, 1.0, 1.0]
    spacings = [number(word) for axis, word in enumerate(words) if axis != frame_axis]
    if None in spacings or len(spacings) != 3:
        raise corrupt(path, f"the header gives the spacings {' '.join(words)[:60]}")
    return spacings
