"""Segmentations from DICOM files: segments one by one, or all in one label map where they do not overlap."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....data.volumes import Label, LabelMap
from ....errors import Finding, InputError, Severity, counted
from ...files.boundary import corrupt, existing_file
from ..headers.claims import claimed_bytes
from ..headers.files import read_header, read_headers, reading_dicom
from .planes import Lattice, lattice_of, planes_of
from .segments import DrawnOn, drawn_on, is_segmentation, require_segmentation, segment_labels
from .voxels import Frames, fractions, frames_of_file

ONE_LABEL = 1


@dataclass(frozen=True, eq=False)
class Segment:
    """Voxels of one segment. first : number of its first slice. mask : (K, J, I) bool, of its own slices."""

    number: int
    label: Label
    first: int
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The segments of a file in which anything is drawn, and the slices they lie on."""

    file: str
    segments: tuple[Segment, ...]
    lattice: Lattice
    findings: tuple[Finding, ...]


def segmentation_file(path: Path) -> Path:
    """The file itself, or the only segmentation in a folder.

    Raises
    ------
    InputError
        ``E-DICOM-SEVERAL`` for a folder with several, ``E-SEGMENT-KIND`` for one without.
    """
    # os.path, for names that no file can have: pathlib raises for these.
    if not os.path.isdir(path):
        return existing_file(path)
    headers, _ = read_headers([path], path.name)
    found = [Path(header.filename) for header in headers if is_segmentation(header)]
    if len(found) > 1:
        raise InputError(
            "E-DICOM-SEVERAL",
            f"holds {len(found)} segmentations, one was expected",
            where=path.name,
            fix="Name the file of the one that is meant.",
        )
    if not found:
        require_segmentation(headers[0], path)
    return found[0]


def read_segmentation(path: Path) -> Segmentation:
    """All segments of a DICOM segmentation, or of the only one in a folder.

    Raises
    ------
    InputError, GeometryError
        For objects of other kinds, for files that are damaged, ``E-SEGMENT`` when nothing is drawn, and when frames
        lie on no even slices.
    """
    path = segmentation_file(path)
    with reading_dicom(path):
        header = _header(path)
        claimed_bytes(header, path)
        labels, planes = segment_labels(header, path), planes_of(header, path)
        lattice = lattice_of(planes, (int(header.Rows), int(header.Columns)), path)
        findings = [*lattice.findings, *fractions(header, path)]
        frames = frames_of_file(path)
        segments = [
            segment
            for number, label in labels.items()
            if (segment := _segment(number, label, planes.segments == number, lattice, frames, path))
        ]
        findings += _empty(labels, segments, planes.segments, path)
        return Segmentation(path.name, tuple(segments), lattice, tuple(findings))


def segment_names(path: Path) -> tuple[str, ...]:
    """Names of the segments of a segmentation, without its voxels; raises as `read_segmentation` for other kinds."""
    path = segmentation_file(path)
    with reading_dicom(path):
        return tuple(label.name for label in segment_labels(_header(path), path).values())


def images_drawn_on(path: Path) -> DrawnOn:
    """What a segmentation, or the only one in a folder, says of the images it was drawn on."""
    path = segmentation_file(path)
    with reading_dicom(path):
        return drawn_on(_header(path), path)


def holds_segmentation(path: Path) -> bool:
    """Whether a DICOM file, or one in a folder, is a segmentation."""
    files = (
        (file for file in sorted(path.rglob("*")) if file.is_file()) if os.path.isdir(path) else [existing_file(path)]
    )
    headers = (read_header(file) for file in files)
    return any(header is not None and is_segmentation(header) for header in headers)


def overlaps(found: Segmentation) -> bool:
    """Whether segments share voxels."""
    count = np.zeros(found.lattice.geometry.shape, dtype=bool)
    for segment in found.segments:
        part = count[segment.first : segment.first + len(segment.mask)]
        if (part & segment.mask).any():
            return True
        part |= segment.mask
    return False


def separate(found: Segmentation) -> dict[str, LabelMap]:
    """Each segment by its name, as a label map of its own on its own grid."""
    masks = {}
    for segment in found.segments:
        geometry = found.lattice.part(segment.first, segment.first + len(segment.mask) - 1)
        labels, name = {ONE_LABEL: segment.label}, segment.label.name
        masks[name] = LabelMap(segment.mask.view(np.uint8), geometry, labels, name, found.findings)
    return masks


def together(found: Segmentation, name: str) -> LabelMap:
    """One label map of all segments, each with its number for a value.

    Raises
    ------
    InputError
        ``E-LABEL-OVERLAP`` when segments share voxels.
    """
    kind = np.uint8 if max(segment.number for segment in found.segments) < 256 else np.int32
    merged = np.zeros(found.lattice.geometry.shape, dtype=kind)
    for segment in found.segments:
        part = merged[segment.first : segment.first + len(segment.mask)]
        overlap = int(np.count_nonzero(segment.mask & (part != 0)))
        if overlap:
            raise InputError(
                "E-LABEL-OVERLAP",
                f"segment {segment.label.name!r} shares {counted(overlap, 'voxel')} with another; one label map "
                f"cannot hold both",
                where=found.file,
                fix="Read each on its own (read_masks; in the tables of a cohort a column mask), or save the segments "
                "that are needed as .seg.nrrd in Slicer.",
            )
        part[segment.mask] = segment.number
    labels = {segment.number: segment.label for segment in found.segments}
    return LabelMap(merged, found.lattice.geometry, labels, name, found.findings)


def _header(path: Path):
    header = read_header(path)
    if header is None:
        raise InputError("E-FILE-KIND", "is no DICOM file", where=path.name, fix="Give a segmentation (SEG).")
    require_segmentation(header, path)
    return header


def _segment(
    number: int, label: Label, own: np.ndarray, lattice: Lattice, frames: Frames, path: Path
) -> Segment | None:
    """The voxels of a segment, None where none is set."""
    places = {int(n): int(lattice.slices[n]) for n in np.flatnonzero(own)}
    if len(set(places.values())) < len(places):
        raise corrupt(path, f"the segment {label.name!r} has two frames at one place", "Export it again.")
    drawn = {k: frames(n) for n, k in places.items()}
    drawn = {k: frame for k, frame in drawn.items() if frame.any()}
    if not drawn:
        return None
    first, last = min(drawn), max(drawn)
    mask = np.zeros((last - first + 1, *lattice.geometry.shape[1:]), dtype=bool)
    for k, frame in drawn.items():
        mask[k - first] = frame
    return Segment(number, label, first, mask)


def _empty(labels: dict[int, Label], drawn: list[Segment], named: np.ndarray, path: Path) -> list[Finding]:
    """What is told of segments without a voxel; an error where no other is left, or a frame is of none."""
    unknown = sorted(set(named.tolist()) - set(labels))
    if unknown:
        raise InputError(
            "E-SEGMENT",
            f"a frame belongs to the segment {unknown[0]}, which is not described",
            where=path.name,
            fix="Export the segmentation again.",
        )
    if not drawn:
        raise InputError(
            "E-SEGMENT",
            f"no voxel is set in any of its segments ({counted(len(labels), 'segment')})",
            where=path.name,
            fix="Draw the segments first, or leave the file out.",
        )
    there = {segment.number for segment in drawn}
    empty = [label.name for number, label in labels.items() if number not in there]
    text = f"{', '.join(empty[:8])}: no voxel is set; left out"
    return [Finding("W-SEGMENT-EMPTY", Severity.WARN, text, path.name)] if empty else []
