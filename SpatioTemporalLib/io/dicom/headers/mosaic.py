"""Siemens mosaics: one picture with all slices of a volume beside and below one another, cut into its tiles."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....errors import Finding, GeometryError, InputError, Severity
from .siemens_csa import csa_numbers

MOSAIC = "MOSAIC"
# Elements of private blocks: the group, its creator, and the last two digits of the element.
COUNT, TIMES = (0x0019, "SIEMENS MR HEADER", 0x0A), (0x0019, "SIEMENS MR HEADER", 0x29)
CSA_IMAGE = (0x0029, "SIEMENS CSA HEADER", 0x10)
# Of a group with several creators, the blocks that are looked at.
BLOCKS = range(0x10, 0x14)
PRIVATE_TAGS = [
    (group << 16) + element
    for group, ends in ((0x0019, (0x0A, 0x29)), (0x0029, (0x10,)))
    for block in BLOCKS
    for element in (block, *((block << 8) + end for end in ends))
]
CSA_NAMES = ("NumberOfImagesInMosaic", "SliceNormalVector", "MosaicRefAcqTimes")
PARALLEL = 1e-3
# Scanners write times in steps of 2.5 ms.
SAME_TIME_S = 0.01


@dataclass(frozen=True)
class Tile:
    """Of a mosaic: how many stand along each edge, and when this slice was taken, s from the first, or None.

    doubts : what to tell of the whole mosaic.
    """

    edge: int
    time: float | None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mosaic:
    """What is known of a mosaic.

    positions : (N, 3) of the first pixel of each slice, LPS mm. edge : tiles along each edge. times : (N,) s from the
    first, or None. doubts : what to tell.
    """

    positions: np.ndarray
    edge: int
    times: tuple[float, ...] | None
    doubts: tuple[str, ...]

    def tile(self, number: int) -> Tile:
        return Tile(self.edge, None if self.times is None else self.times[number], self.doubts)


def is_mosaic(header) -> bool:
    return MOSAIC in [str(word) for word in header.get("ImageType") or ()]


def without_private(header):
    """The same header, less what only mosaics are asked for where it is none: each of thousands of files holds it."""
    if not is_mosaic(header):
        for tag in PRIVATE_TAGS:
            if tag in header:
                del header[tag]
    return header


def mosaic_of(header, position, orientation, spacing, path: Path) -> Mosaic:
    """What a header says of its mosaic.

    Parameters
    ----------
    position, orientation, spacing : ImagePositionPatient, ImageOrientationPatient and PixelSpacing

    Raises
    ------
    InputError
        ``E-DICOM-MOSAIC`` without a number of slices, with two, or where tiles
        cannot be cut; ``E-FILE-CORRUPT`` for a damaged CSA header.
    GeometryError
        ``E-GEO-AFFINE`` where the normal of the slices is not at right angles to them.

    Notes
    -----
    ImagePositionPatient is that of a picture as large as the mosaic about the
    centre of the first slice (SPM; NiBabel, "Siemens mosaic format"):

    t = i + R (columns - own columns) / 2 dx + C (rows - own rows) / 2 dy.
    """
    csa = _csa_of(header, path)
    count = _count_of(header, csa, path)
    edge = math.ceil(math.sqrt(count))
    rows, columns = int(header.Rows), int(header.Columns)
    if rows % edge or columns % edge:
        text = f"its picture of {columns}×{rows} pixels cannot be cut into {edge}×{edge} tiles for its {count} slices"
        raise _refused(path, text)
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    normal, doubts = _normal(np.cross(along, down), csa.get(CSA_NAMES[1]), path)
    step, more = _between_slices(header, count, path)
    first = np.array(position) + along * spacing[1] * (columns - columns // edge) / 2
    first = first + down * spacing[0] * (rows - rows // edge) / 2
    times, of_times = _times_of(header, csa, count, path)
    positions = first + normal * step * np.arange(count)[:, None]
    return Mosaic(positions, edge, times, (*doubts, *more, *of_times))


def cut(pictures: np.ndarray, edge: int) -> np.ndarray:
    """(edge², J, I) tiles of one picture (1, rows, columns), row by row."""
    _, rows, columns = pictures.shape
    apart = pictures.reshape(edge, rows // edge, edge, columns // edge)
    return apart.transpose(0, 2, 1, 3).reshape(edge * edge, rows // edge, columns // edge)


def slice_times(volumes: list, name: str) -> tuple[tuple[float, ...] | None, list[Finding]]:
    """``slice_times`` in the order of the slices, and what is doubtful about a mosaic; volumes : T lists of K frames.

    The second volume says when slices were taken: sequences of several bands
    write other times into the first (dcm2niix does the same).
    """
    if volumes[0][0].tile is None:
        return None, []
    doubts = dict.fromkeys(text for volume in volumes for text in volume[0].tile.doubts)
    findings = [Finding("W-DICOM-MOSAIC", Severity.WARN, text, name) for text in doubts]
    table = [[frame.tile.time for frame in volume] for volume in (volumes[1:] or volumes)]
    if any(time is None for times in table for time in times):
        return None, findings
    times, repetition = np.array(table), volumes[0][0].facts.get("repetition_time")
    if (np.abs(times - times[0]) > SAME_TIME_S).any():
        text = "times of the slices differ from volume to volume; they were left out"
    elif repetition is not None and times[0].max() >= repetition:
        text = f"times of the slices reach {times[0].max():g} s, the repetition time is {repetition:g} s; left out"
    else:
        return tuple(times[0].tolist()), findings
    return None, [*findings, Finding("W-DICOM-MOSAIC", Severity.WARN, text, name)]


def _count_of(header, csa: dict, path: Path) -> int:
    given = {"(0019,100A)": _private(header, COUNT), CSA_NAMES[0]: (csa.get(CSA_NAMES[0]) or (None,))[0]}
    known = {where: _first(value) for where, value in given.items() if value is not None}
    if not known:
        raise _refused(path, "is a Siemens mosaic that does not say how many slices it holds (0019,100A)")
    if len(set(known.values())) > 1:
        raise _refused(path, f"gives two numbers of slices: {', '.join(f'{n:g} in {w}' for w, n in known.items())}")
    count = next(iter(known.values()))
    if not (count.is_integer() and 1 <= count <= min(int(header.Rows), int(header.Columns)) ** 2):
        raise _refused(path, f"is a Siemens mosaic of {count:g} slices, which cannot be")
    return int(count)


def _normal(right_handed: np.ndarray, given, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    right_handed = right_handed / np.linalg.norm(right_handed)
    if given is None:
        return right_handed, (
            "nothing says in which direction the slices of the mosaic follow one another (SliceNormalVector of the "
            "CSA header); they were taken to follow the right-hand rule",
        )
    along = float(np.dot(given, right_handed)) if len(given) == 3 else 0.0
    if abs(abs(along) - 1) > PARALLEL:
        raise GeometryError(
            "E-GEO-AFFINE",
            "the normal of its slices (SliceNormalVector of the CSA header) is not at right angles to its rows and "
            "columns (ImageOrientationPatient)",
            where=path.name,
            fix="Export the series again from the scanner or archive.",
        )
    return (right_handed if along > 0 else -right_handed), ()


def _between_slices(header, count: int, path: Path) -> tuple[float, tuple[str, ...]]:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        value = header.get(keyword)
        if value and math.isfinite(float(value)) and float(value) > 0:
            text = f"the mosaic has no SpacingBetweenSlices; its slices were placed {float(value):g} mm apart, their "
            doubts = (f"{text}thickness",) if keyword == "SliceThickness" and count > 1 else ()
            return float(value), doubts
    if count > 1:
        raise _refused(path, "does not say how far apart its slices are (SpacingBetweenSlices (0018,0088))")
    return 0.0, ()


def _times_of(header, csa: dict, count: int, path: Path) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Times in s from the earliest: with motion correction, scanners write them from another slice on."""
    given = _private(header, TIMES)
    given = csa.get(CSA_NAMES[2]) if given is None else given
    if given is None:
        return None, ()
    if len(given) != count:
        return None, (f"{len(given)} times of slices (MosaicRefAcqTimes) for {count} slices; they were left out",)
    seconds = np.array(given) / 1000
    return tuple((seconds - seconds.min()).round(9).tolist()), ()


def _csa_of(header, path: Path) -> dict[str, tuple[float, ...]]:
    element = _element(header, CSA_IMAGE)
    data = element.value if element is not None else None
    return csa_numbers(data, CSA_NAMES, path) if isinstance(data, bytes) and data else {}


def _private(header, which: tuple[int, str, int]) -> tuple[float, ...] | None:
    """Numbers of a private element; None where it is missing, empty or no numbers."""
    element = _element(header, which)
    value = None if element is None else element.value
    if isinstance(value, bytes):
        # Of unknown kind where the file does not name it: whole numbers of two bytes, or doubles.
        kind = "H" if which is COUNT else "d"
        size = struct.calcsize(kind)
        value = list(struct.unpack(f"<{len(value) // size}{kind}", value)) if value and len(value) % size == 0 else None
    if value is None or value == "":
        return None
    values = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    try:
        numbers = tuple(float(v) for v in values)
    except (TypeError, ValueError):
        return None
    return numbers if numbers and np.isfinite(numbers).all() else None


def _element(header, which: tuple[int, str, int]):
    group, creator, end = which
    for block in BLOCKS:
        owner = header.get((group, block))
        if owner is not None and str(owner.value).strip() == creator:
            return header.get((group, (block << 8) + end))
    return None


def _first(value) -> float:
    return float(value[0] if isinstance(value, tuple) else value)


def _refused(path: Path, what: str) -> InputError:
    return InputError(
        "E-DICOM-MOSAIC",
        what,
        where=path.name,
        fix="Export the original images with their private elements, or convert the series to NIfTI with dcm2niix and "
        "read that.",
    )
