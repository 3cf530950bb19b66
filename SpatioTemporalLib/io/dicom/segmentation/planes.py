"""Where the frames of a DICOM segmentation lie: in any order, and only where something is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....data.geometry import Geometry
from ....errors import Finding, GeometryError, InputError, Severity
from ...images.image import placed
from ..headers.claims import require_room
from ..headers.facts import number_of
from ..headers.grid import LPS_TO_RAS, SAME_SLICE_MM

# Of the distance between slices: positions are text, rounded.
UNEVEN = 0.02
SAME_DIRECTION = 1e-4
# Frames two and three slices apart lie on slices of a fifth; finer ones are no slices any more.
MOST_PARTS = 4


@dataclass(frozen=True, eq=False)
class Planes:
    """Frames of a segmentation.

    segments : (N,) number of the segment each is of. positions : (N, 3) LPS mm of its first pixel.
    rows, columns : (3,) LPS mm, from a pixel to the one below, and to the one beside it.
    spacing : mm between slices by the header, None where it does not say; thickness : of the only slice.
    """

    segments: np.ndarray
    positions: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    spacing: float | None
    thickness: float | None


@dataclass(frozen=True, eq=False)
class Lattice:
    """Slices that all frames lie on.

    slices : (N,) number of the slice of each frame, from 0. geometry : of all slices together.
    """

    slices: np.ndarray
    geometry: Geometry
    findings: tuple[Finding, ...]

    def part(self, first: int, last: int) -> Geometry:
        """The grid of some of the slices."""
        affine = self.geometry.affine.copy()
        affine[:3, 3] = self.geometry.ijk_to_ras((0.0, 0.0, float(first)))
        return Geometry((last - first + 1, *self.geometry.shape[1:]), affine)


def planes_of(header, path: Path) -> Planes:
    """Place and segment of each frame.

    Raises
    ------
    InputError
        ``E-DICOM-TAG`` when the header does not say one of them.
    GeometryError
        ``E-GEO-PLACE`` when frames differ in direction or in the size of pixels.
    """
    shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
    frames = header.get("PerFrameFunctionalGroupsSequence") or ()
    count = int(header.get("NumberOfFrames") or 0)
    if len(frames) != count or not count:
        raise _missing(f"a group for each of its {count} frames (PerFrameFunctionalGroupsSequence)", path)
    segments, positions, ways, between = [], [], [], []
    for own in frames:
        segments.append(_group(own, shared, "SegmentIdentificationSequence", path).ReferencedSegmentNumber)
        positions.append(_numbers(_group(own, shared, "PlanePositionSequence", path), "ImagePositionPatient", 3, path))
        turned = _group(own, shared, "PlaneOrientationSequence", path)
        measures = _group(own, shared, "PixelMeasuresSequence", path)
        cosines = _numbers(turned, "ImageOrientationPatient", 6, path)
        ways.append((*cosines, *_numbers(measures, "PixelSpacing", 2, path)))
        between.append((number_of(measures, "SpacingBetweenSlices"), number_of(measures, "SliceThickness")))
    turned = np.array(ways)
    if np.abs(turned - turned[0]).max() > SAME_DIRECTION:
        raise GeometryError(
            "E-GEO-PLACE",
            "its frames differ in direction or in the size of pixels; they are read where all lie on one grid",
            where=path.name,
            fix="Load it in Slicer and save it as .seg.nrrd.",
        )
    row_way, column_way, (down, across) = turned[0, 3:6], turned[0, :3], turned[0, 6:]
    return Planes(
        np.array([int(number) for number in segments]),
        np.array(positions),
        row_way * down,
        column_way * across,
        *between[0],
    )


def lattice_of(planes: Planes, shape: tuple[int, int], path: Path) -> Lattice:
    """The slices that frames lie on; the distance between them is that of positions, not the slices' thickness.

    shape : rows and columns.

    Raises
    ------
    GeometryError
        ``E-GEO-SLICES`` when frames lie on no even slices.
    """
    normal = np.cross(planes.columns, planes.rows)
    length = float(np.linalg.norm(normal))
    sizes = np.linalg.norm(planes.columns), np.linalg.norm(planes.rows)
    if not 0.9 < length / max(float(np.prod(sizes)), 1e-9) < 1.1:
        raise GeometryError(
            "E-GEO-AFFINE",
            "rows and columns are not at right angles (ImageOrientationPatient (0020,0037))",
            where=path.name,
            fix="Export the segmentation again.",
        )
    findings: list[Finding] = []
    normal = normal / length
    distances = planes.positions @ normal
    slices = _slices(distances, planes.spacing, path)
    last = int(slices.max())
    require_room((last + 1, *shape), 1, path, path.name)
    if last:
        ends = planes.positions[slices.argmax()] - planes.positions[slices.argmin()]
        step = ends / last
    else:
        step = normal * _only_thickness(planes, path, findings)
    _require_in_line(planes, slices, step, path)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = planes.columns, planes.rows, step
    affine[:3, 3] = planes.positions[slices.argmin()]
    return Lattice(slices, placed((last + 1, *shape), LPS_TO_RAS @ affine + 0.0, path.name), tuple(findings))


def _slices(distances: np.ndarray, said: float | None, path: Path) -> np.ndarray:
    """(N,) numbers of the slices of frames at some distances along the normal, mm."""
    order = np.argsort(distances, kind="stable")
    gaps = np.diff(distances[order])
    new = gaps > SAME_SLICE_MM
    wide = gaps[new]
    parts = [wide.min() / n for n in range(1, MOST_PARTS + 1)] if wide.size else []
    # What the header says serves where frames miss, and where the positions bear it out.
    step = next((s for s in (said, *parts) if s and s > SAME_SLICE_MM and _are_multiples(wide, s)), None)
    if wide.size and step is None:
        raise GeometryError(
            "E-GEO-SLICES",
            f"its frames lie on no even slices: from {wide.min():.3g} to {wide.max():.3g} mm apart",
            where=path.name,
            fix="Load it in Slicer and save it as .seg.nrrd.",
        )
    steps = np.zeros(len(gaps), dtype=np.int64)
    if wide.size:
        steps[new] = np.rint(np.minimum(wide / step, 1e9)).astype(np.int64)
    numbers = np.empty(len(distances), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(steps)])
    return numbers


def _are_multiples(gaps: np.ndarray, step: float) -> bool:
    times = gaps / step
    return bool((np.rint(times) >= 1).all() and (np.abs(times - np.rint(times)) <= UNEVEN).all())


def _require_in_line(planes: Planes, slices: np.ndarray, step: np.ndarray, path: Path) -> None:
    ideal = planes.positions[slices.argmin()] + slices[:, None] * step
    off = float(np.linalg.norm(planes.positions - ideal, axis=1).max())
    if off > max(SAME_SLICE_MM, UNEVEN * float(np.linalg.norm(step))):
        raise GeometryError(
            "E-GEO-PLACE",
            f"a frame lies {off:.3g} mm beside the others; all have to lie on one grid",
            where=path.name,
            fix="Load it in Slicer and save it as .seg.nrrd.",
        )


def _only_thickness(planes: Planes, path: Path, findings: list[Finding]) -> float:
    """The extent of the only slice, which no other one tells."""
    if planes.spacing and planes.spacing > 0:
        return planes.spacing
    known = planes.thickness if planes.thickness and planes.thickness > 0 else None
    text = "all that is drawn lies in one slice; its thickness "
    text += f"is taken from SliceThickness ({known:g} mm)" if known else "is not known and was taken as 1 mm"
    findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, path.name))
    return known or 1.0


def _group(own, shared, keyword: str, path: Path):
    for source in (own, shared):
        found = source.get(keyword) if source is not None else None
        if found:
            return found[0]
    raise _missing(keyword, path)


def _numbers(dataset, keyword: str, count: int, path: Path) -> tuple[float, ...]:
    value = dataset.get(keyword)
    if value is None or value == "" or len(value) != count:
        raise _missing(keyword, path)
    numbers = tuple(float(number) for number in value)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{keyword} is not {count} numbers")
    return numbers


def _missing(what: str, path: Path) -> InputError:
    return InputError(
        "E-DICOM-TAG",
        f"lacks {what}, so it is unknown where its segments lie",
        where=path.name,
        fix="Export the segmentation again with all functional groups.",
    )
