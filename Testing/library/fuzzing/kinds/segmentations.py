"""DICOM segmentations, as bits and as fractions, judged by the voxels and elements that pydicom finds in them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.kinds.dicom import are_near, elements
from library.fuzzing.reading import Reading, reading_of
from library.io.dicom.segmentation_phantom import Written, blob, write_segmentation

from SpatioTemporalLib import read_labels

SEGMENTS = [
    Written(1, "Portal", blob((0, 0, 0), (2, 3, 4)), (40000, 50000, 45000)),
    Written(3, "b", blob((4, 1, 2), (2, 3, 4))),
]
FILE = "a.dcm"


def kinds() -> list[Kind]:
    return [_kind("bits"), _kind("fractions", fractional=180), _kind("flipped", flipped=True, order=1)]


def _kind(name: str, **how) -> Kind:
    with tempfile.TemporaryDirectory() as folder:
        data = write_segmentation(Path(folder) / FILE, SEGMENTS, **how).read_bytes()
    return Kind(name, [(FILE, data)], lambda folder: reading_of(read_labels(folder / FILE)), says_the_same, inputs=100)


def says_the_same(folder: Path, found: Reading, differ: list[str]) -> bool:
    """Whether what differs stands in the file: how many voxels each segment has, its name, codes and place."""
    import pydicom

    if found.absurd:
        return False
    try:
        # From memory: a damaged length makes room for itself where it is read from a file.
        dataset = pydicom.dcmread(io.BytesIO((folder / FILE).read_bytes()))
        counts = _counts(dataset)
        numbers, words = elements([dataset])
    except Exception:  # noqa: BLE001 - what it cannot read says nothing plainly
        return False
    values, labels, affine = (found.facts[name] for name in ("values", "labels", "affine"))
    same_voxels = {n: int((values == n).sum()) for n in labels} == counts
    spacing = np.linalg.norm(affine[:3, :2], axis=0)
    same_place = are_near(np.abs(affine[:3, 3]), np.abs(numbers)) and are_near(spacing, numbers)
    told = all(_is_told(label, number, words) for number, label in labels.items())
    judged = {"values": same_voxels, "affine": same_place, "labels": told}
    return all(judged.get(name, True) for name in differ)


def _counts(dataset) -> dict[int, int]:
    """Voxels of each segment that has any."""
    frames = dataset.pixel_array.reshape(int(dataset.NumberOfFrames), -1).astype(int)
    fractional = dataset.SegmentationType == "FRACTIONAL"
    there = 2 * frames >= int(dataset.MaximumFractionalValue) if fractional else frames > 0
    counts: dict[int, int] = {}
    for group, voxels in zip(dataset.PerFrameFunctionalGroupsSequence, there):
        number = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        counts[number] = counts.get(number, 0) + int(voxels.sum())
    return {number: count for number, count in counts.items() if count}


def _is_told(label: dict, number: int, words: set[str]) -> bool:
    codes = [part for code in (label["category"], label["type"]) if code for part in code.values()]
    plain = {word.strip() for word in words} | {f"segment {number}"}
    return all(word in plain for word in (label["name"].removesuffix(f" {number}"), *codes) if word.isalnum())
