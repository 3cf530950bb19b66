"""Tiny dynamic DICOM series written by code: classic, enhanced, cine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

TIMES = (0.0, 5.5, 11.0, 17.0)
SLICES = (0.0, 3.0, 6.0)
MR, ENHANCED_MR, US_CINE = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("4", "4.1", "3.1"))
COSINES = np.array([[1, 0, 0], [0, np.cos(0.3), np.sin(0.3)]])
ORIGIN = np.array([-10.0, 20.0, 5.0])


def voxels(frames=4, slices=3, rows=4, columns=5) -> np.ndarray:
    """(T, K, J, I) values that tell frame, slice, row and column apart."""
    t, k, j, i = np.ogrid[:frames, :slices, :rows, :columns]
    return (1000 * t + 100 * k + 10 * j + i).astype(np.uint16)


def expected_affine(spacing=(1.5, 2.0), step=3.0) -> np.ndarray:
    """(4, 4) IJK to RAS of the phantom."""
    affine = np.eye(4)
    affine[:3, 0] = COSINES[0] * spacing[1]
    affine[:3, 1] = COSINES[1] * spacing[0]
    affine[:3, 2] = np.cross(*COSINES) * step
    affine[:3, 3] = ORIGIN
    return np.diag([-1, -1, 1, 1]) @ affine


def header(sop_class=MR, **changes) -> Dataset:
    """What all files of the phantom have in common."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop_class
    dataset.PatientName, dataset.PatientID = "ZZPHI^NAME", "ZZPHI_ID"
    dataset.PatientBirthDate, dataset.PatientSex = "19610203", "F"
    dataset.Modality, dataset.SeriesNumber = "MR", 7
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", "1.2.3.1.7"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    dataset.Rows, dataset.Columns = 4, 5
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RepetitionTime, dataset.EchoTime, dataset.FlipAngle = 5.25, 1.5, 15
    dataset.MagneticFieldStrength = 3
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset: Dataset, path: Path, pixels: np.ndarray | None = None) -> Path:
    """Write a dataset as a DICOM file under a new instance UID."""
    if pixels is not None:
        dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    if "SOPInstanceUID" not in dataset:
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def clock(seconds: float) -> str:
    """A DICOM time so many seconds after ten o'clock."""
    total = 36000 + seconds
    return f"{int(total // 3600):02d}{int(total // 60 % 60):02d}{total % 60:09.6f}"


def write_classic(folder: Path, edit=None, times=TIMES, slices=SLICES) -> Path:
    """One file a slice and frame, under names in no order.

    edit : called as ``edit(dataset, t, k)`` before each file is written;
        returning False leaves the file out.
    """
    values = voxels(len(times), len(slices))
    for t, seconds in enumerate(times):
        for k, distance in enumerate(slices):
            dataset = header()
            dataset.ImagePositionPatient = [float(f"{x:.9g}") for x in ORIGIN + np.cross(*COSINES) * distance]
            dataset.ImageOrientationPatient = [float(f"{x:.9g}") for x in COSINES.ravel()]
            dataset.PixelSpacing, dataset.SliceThickness = [1.5, 2.0], 2.5
            dataset.AcquisitionDate, dataset.AcquisitionTime = "20240229", clock(seconds)
            # Names and instance numbers deliberately disagree with place and time.
            number = (7 * t + 5 * k) % (len(times) * len(slices))
            dataset.InstanceNumber = 100 - number
            dataset.PixelData = values[t, k].tobytes()
            if edit is None or edit(dataset, t, k) is not False:
                save(dataset, folder / f"IM{number:04d}_{t}{k}.dcm")
    return folder


def write_enhanced(path: Path, edit=None, times=TIMES, slices=SLICES) -> Path:
    """One enhanced multi-frame file; the slices run backwards and within each time.

    edit : called as ``edit(dataset)`` before the file is written.
    """
    values = voxels(len(times), len(slices))
    dataset = header(
        ENHANCED_MR, NumberOfFrames=len(times) * len(slices), ImageType=["ORIGINAL", "PRIMARY", "T1", "NONE"]
    )
    shared = Dataset()
    shared.PlaneOrientationSequence = Sequence(
        [_item(ImageOrientationPatient=[float(f"{x:.9g}") for x in COSINES.ravel()])]
    )
    shared.PixelMeasuresSequence = Sequence([_item(PixelSpacing=[1.5, 2.0], SliceThickness=2.5)])
    shared.MRTimingAndRelatedParametersSequence = Sequence([_item(RepetitionTime=4.5, FlipAngle=20.0)])
    shared.MREchoSequence = Sequence([_item(EffectiveEchoTime=2.0)])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    groups, pixels = [], []
    for t, seconds in enumerate(times):
        for k in reversed(range(len(slices))):
            place = [float(f"{x:.9g}") for x in ORIGIN + np.cross(*COSINES) * slices[k]]
            group = _item(PlanePositionSequence=Sequence([_item(ImagePositionPatient=place)]))
            group.FrameContentSequence = Sequence(
                [_item(FrameAcquisitionDateTime="20240229" + clock(seconds), TemporalPositionIndex=t + 1)]
            )
            groups.append(group)
            pixels.append(values[t, k])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    dataset.PixelData = np.stack(pixels).tobytes()
    if edit is not None:
        edit(dataset)
    return save(dataset, path)


def write_cine(path: Path, frames=6, **changes) -> Path:
    """A grey ultrasound cine with FrameTime, without a place in the patient."""
    dataset = header(US_CINE, Modality="US", NumberOfFrames=frames, FrameTime=33.5)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return save(dataset, path, voxels(frames, 1)[:, 0])


def _item(**values) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
