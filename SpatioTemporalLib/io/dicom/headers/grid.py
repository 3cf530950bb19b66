"""Where DICOM frames lie: slices sorted along their normal, and the grid they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....data.geometry import POSITION_TOLERANCE_MM, Geometry
from ....errors import Finding, GeometryError, InputError, Severity, counted
from ...images.image import placed
from .clocks import ABSOLUTE, MICROSECONDS, PRECEDENCE
from .frames import Frame

# Positions are text in DICOM; the same slice may be rounded differently.
SAME_SLICE_MM = 0.01
EVEN_SLICES = 0.01
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Slice:
    """All frames at one place, and its distance along the normal, mm."""

    distance: float
    frames: list[Frame]


def slices_of(frames: list[Frame]) -> list[Slice]:
    """Frames by place, sorted by dot(position, normal): names and instance numbers say nothing reliable."""
    if frames[0].position is None or frames[0].orientation is None:
        return [Slice(0.0, list(frames))]
    normal = normal_of(frames[0])
    placed = sorted(((float(np.dot(f.position, normal)), n) for n, f in enumerate(frames)), key=lambda p: p[0])
    slices, last = [], -np.inf
    for distance, number in placed:
        if distance - last > SAME_SLICE_MM:
            slices.append(Slice(distance, []))
        slices[-1].frames.append(frames[number])
        last = distance
    return slices


def normal_of(frame: Frame) -> np.ndarray:
    """(3,) unit normal of the image plane, LPS."""
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    length = float(np.linalg.norm(normal))
    if not 0.9 < length < 1.1:
        raise GeometryError(
            "E-GEO-AFFINE",
            "rows and columns are not at right angles (ImageOrientationPatient (0020,0037))",
            where=frame.path.name,
            fix="Export the series again from the scanner or archive.",
        )
    return normal / length


def require_full_grid(slices: list[Slice], name: str) -> int:
    """The number of frames at every place, or an error that names what is missing."""
    counts = [len(s.frames) for s in slices]
    if min(counts) == max(counts):
        return counts[0]
    short = [s for s in slices if len(s.frames) < max(counts)]
    full = next(s for s in slices if len(s.frames) == max(counts))
    missing = "; ".join(_missing(s, full, max(counts)) for s in short[:4])
    more = f"; and {len(short) - 4} more places" if len(short) > 4 else ""
    raise InputError(
        "E-DICOM-GRID",
        f"{counted(len(slices), 'slice position')} with up to {counted(max(counts), 'frame')} do not make a "
        f"full series: {missing}{more}",
        where=name,
        fix="Copy the missing files too, or take the files of the incomplete time or slice out of the folder.",
    )


def _missing(short: Slice, full: Slice, count: int) -> str:
    place = f"the slice at {short.distance:.2f} mm"
    for tag in PRECEDENCE:
        present = [f.clocks.get(tag) for f in short.frames]
        wanted = sorted(f.clocks[tag] for f in full.frames if tag in f.clocks)
        if None in present or len(set(wanted)) < count or len(set(present)) < len(present):
            continue
        left = list(wanted)
        for clock in present:
            left.remove(min(left, key=lambda w: abs(w - clock)))
        start = wanted[0] if tag in ABSOLUTE else 0
        times = ", ".join(f"{(w - start) / MICROSECONDS:g} s" for w in left[:4])
        return f"{place} has no image at {times} ({tag})"
    return f"{place} has {counted(len(short.frames), 'image')}, {count} were expected"


def grid_of(slices: list[Slice], name: str) -> tuple[Geometry, list[Finding]]:
    """The grid of a full series.

    Raises
    ------
    GeometryError
        When frames of one slice lie apart, or slices are not evenly spaced.
    """
    first = slices[0].frames[0]
    shape = (len(slices), *first.size)
    if first.position is None or first.orientation is None:
        return _unplaced(first, shape, name)
    findings = _same_place(slices, name)
    affine = np.eye(4)
    # The first three cosines point along a row, that is from column to column.
    affine[:3, 0] = np.array(first.orientation[:3]) * first.spacing[1]
    affine[:3, 1] = np.array(first.orientation[3:]) * first.spacing[0]
    affine[:3, 2] = _slice_step(slices, name, findings)
    affine[:3, 3] = first.position
    return placed(shape, LPS_TO_RAS @ affine + 0.0, name), findings


def _unplaced(first: Frame, shape: tuple, name: str) -> tuple[Geometry, list[Finding]]:
    text = "the images have no place in the patient; left and right cannot be told"
    findings = [Finding("W-GEO-ORIENTATION", Severity.WARN, text, name)]
    if first.spacing is None:
        text = "the size of the pixels is not known and was taken as 1 mm; lengths and volumes mean nothing"
        findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, name))
    rows, columns = first.spacing or (1.0, 1.0)
    return placed(shape, np.diag([-columns, -rows, 1.0, 1.0]), name), findings


def _same_place(slices: list[Slice], name: str) -> list[Finding]:
    apart, place = 0.0, 0.0
    for slice_ in slices:
        positions = np.array([frame.position for frame in slice_.frames])
        here = float(np.abs(positions - positions[0]).max())
        apart, place = max((apart, place), (here, slice_.distance))
    if apart > POSITION_TOLERANCE_MM:
        raise GeometryError(
            "E-GEO-PLACE",
            f"frames of the slice at {place:.2f} mm lie up to {apart:.3g} mm apart; a series has one grid",
            where=name,
            fix="Resample the frames onto the first (Resample Scalar/Vector/DWI Volume) or leave out those that moved.",
        )
    if apart == 0:
        return []
    text = f"frames of one slice lie up to {apart:.2g} mm apart, which is taken as rounding"
    return [Finding("W-GEO-PLACE", Severity.WARN, text, name)]


def _slice_step(slices: list[Slice], name: str, findings: list[Finding]) -> np.ndarray:
    first = slices[0].frames[0]
    if len(slices) == 1:
        return normal_of(first) * _thickness(first, name, findings)
    positions = np.array([s.frames[0].position for s in slices])
    step = (positions[-1] - positions[0]) / (len(slices) - 1)
    ideal = positions[0] + step * np.arange(len(slices))[:, None]
    off = np.linalg.norm(positions - ideal, axis=1)
    if off.max() > EVEN_SLICES * np.linalg.norm(step):
        distances = np.array([s.distance for s in slices])
        gaps = np.diff(distances)
        widest = int(np.argmax(gaps))
        raise GeometryError(
            "E-GEO-SLICES",
            f"slices are not evenly spaced: usually {np.median(gaps):.3g} mm apart, but {gaps[widest]:.3g} mm "
            f"between {distances[widest]:.2f} and {distances[widest + 1]:.2f} mm",
            where=name,
            fix="Copy the missing slice too, or load the series in Slicer and resample it to even slices.",
        )
    return step


def _thickness(frame: Frame, name: str, findings: list[Finding]) -> float:
    header = frame.header
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        value = header.get(keyword)
        if value and float(value) > 0:
            return float(value)
    text = "the thickness of the only slice is not known and was taken as 1 mm; volumes mean nothing"
    findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, name))
    return 1.0
