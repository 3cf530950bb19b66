"""DICOM segmentations written element by element, as other programs write them: sparse, overlapping, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from library.io.dicom.dicom_phantom import header, save
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
ROWS, COLUMNS = 5, 7
SPACING = (1.5, 2.0)
STEP = 0.8
ORIGIN = np.array([-12.0, 30.0, 4.0])
STRAIGHT = np.array([[1.0, 0, 0], [0, 1.0, 0]])
# Whose rows and columns run the other way: what lies in the patient is the same.
FLIPPED = -STRAIGHT


@dataclass(frozen=True)
class Written:
    """A segment: its number, name and (K, J, I) bool voxels on the grid of all slices, unflipped."""

    number: int
    name: str
    mask: np.ndarray
    colour: tuple[int, int, int] | None = None


def blob(corner, size, slices=6) -> np.ndarray:
    """A box of voxels on the phantom's grid."""
    mask = np.zeros((slices, ROWS, COLUMNS), bool)
    mask[tuple(slice(a, a + n) for a, n in zip(corner, size))] = True
    return mask


def expected_affine() -> np.ndarray:
    """(4, 4) IJK to RAS of the unflipped grid of all slices."""
    affine = np.diag([SPACING[1], SPACING[0], STEP, 1.0])
    affine[:3, 3] = ORIGIN
    return np.diag([-1.0, -1, 1, 1]) @ affine


def segmentation(segments, *, flipped=False, fractional=0, order=None, step=STEP, **changes) -> Dataset:
    """A dataset with a frame for each slice in which a segment has voxels.

    flipped : rows and columns run the other way. fractional : of so much, the value of a voxel that is set; 0 for
    single bits. order : seed of the order of the frames. step : mm from slice to slice.
    """
    cosines = FLIPPED if flipped else STRAIGHT
    frames = [(s, k) for s in segments for k in range(len(s.mask)) if s.mask[k].any()]
    if order is not None:
        frames = [frames[n] for n in np.random.default_rng(order).permutation(len(frames))]
    rows, columns = segments[0].mask.shape[1:]
    dataset = header(SEGMENTATION, Modality="SEG", NumberOfFrames=len(frames), Rows=rows, Columns=columns)
    dataset.BitsAllocated = dataset.BitsStored = 8 if fractional else 1
    dataset.HighBit = dataset.BitsStored - 1
    dataset.SegmentationType = "FRACTIONAL" if fractional else "BINARY"
    if fractional:
        dataset.SegmentationFractionalType, dataset.MaximumFractionalValue = "PROBABILITY", 200
    dataset.FrameOfReferenceUID = "1.2.3.4"
    dataset.SegmentSequence = Sequence([_described(segment) for segment in segments])
    shared = Dataset()
    shared.PlaneOrientationSequence = Sequence([_item(ImageOrientationPatient=[float(x) for x in cosines.ravel()])])
    # The thickness is what no reader may take for the distance between slices.
    shared.PixelMeasuresSequence = Sequence([_item(PixelSpacing=list(SPACING), SliceThickness=1.25)])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([_frame(s, k * step, flipped) for s, k in frames])
    pixels = [s.mask[k][::-1, ::-1] if flipped else s.mask[k] for s, k in frames]
    dataset.PixelData = _packed(np.array(pixels), fractional)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def write_segmentation(path: Path, segments, **changes) -> Path:
    return save(segmentation(segments, **changes), path)


def _packed(pixels: np.ndarray, fractional: int) -> bytes:
    if fractional:
        data = (pixels * np.uint8(fractional)).tobytes()
    else:
        data = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def _frame(segment: Written, distance: float, flipped: bool) -> Dataset:
    rows, columns = segment.mask.shape[1:]
    position = ORIGIN + (0, 0, distance)
    if flipped:
        position = position + ((columns - 1) * SPACING[1], (rows - 1) * SPACING[0], 0)
    group = _item(PlanePositionSequence=Sequence([_item(ImagePositionPatient=[float(f"{x:.9g}") for x in position])]))
    group.SegmentIdentificationSequence = Sequence([_item(ReferencedSegmentNumber=segment.number)])
    return group


def _described(segment: Written) -> Dataset:
    item = _item(SegmentNumber=segment.number, SegmentLabel=segment.name, SegmentAlgorithmType="MANUAL")
    item.SegmentedPropertyCategoryCodeSequence = Sequence([_code("49755003", "Morphologically Altered Structure")])
    item.SegmentedPropertyTypeCodeSequence = Sequence([_code("86049000", "Neoplasm, Primary")])
    if segment.colour:
        item.RecommendedDisplayCIELabValue = list(segment.colour)
    return item


def _code(value: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning=meaning)


def _item(**values) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
