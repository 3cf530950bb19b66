"""A small made-up copy of the collection Colorectal-Liver-Metastases, with what is odd in the real one.

1001: tumours that overlap, fewer segmented slices than images, a slice thickness that is no distance. 1002: frames
stored the other way round, thick slices, vessels in many parts outside the liver. 1003: two acquisitions at the same
places. 1004: absent. 1005: damaged. 1006: without a row in the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from library.io.dicom.dicom_phantom import header, save
from library.io.dicom.segmentation_phantom import ORIGIN, SPACING, STRAIGHT, Written, segmentation
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
SHAPE = (10, 12, 14)
BACKGROUND, LIVER_HU, TUMOUR_HU = -60, 110, 60


@dataclass(frozen=True)
class Patient:
    """segments : voxels by name, on the grid of the image. acquisitions : volumes at the same places, HU."""

    name: str
    segments: dict[str, np.ndarray]
    step: float = 0.8
    flipped: bool = False
    acquisitions: tuple[np.ndarray, ...] = field(default=())
    drawn_on: int = 0


def box(k, j, i) -> np.ndarray:
    """Voxels from one index up to another along each axis."""
    mask = np.zeros(SHAPE, bool)
    mask[slice(*k), slice(*j), slice(*i)] = True
    return mask


def patients() -> dict[str, Patient]:
    liver = box((2, 9), (1, 11), (1, 10))
    common = {"Liver": liver, "Liver Remnant": box((2, 9), (1, 11), (1, 5)), "Hepatic": box((3, 8), (5, 6), (4, 5))}
    touching = {"Tumor_1": box((3, 6), (2, 5), (5, 8)), "Tumor_2": box((5, 8), (4, 7), (6, 9))}
    # Every other voxel of a row: as many parts as voxels, and most of them beyond the liver.
    scattered = np.zeros(SHAPE, bool)
    scattered[4:8:2, 8:11:2, 0::2] = True
    single = {"Tumor_1": box((4, 7), (3, 6), (5, 9))}
    return {
        p.name: p
        for p in (
            _with_image("CRLM-CT-1001", {**common, "Portal": box((3, 8), (7, 8), (3, 4)), **touching}),
            _with_image("CRLM-CT-1002", {**common, "Portal": scattered, **single}, step=7.5, flipped=True),
            _with_image("CRLM-CT-1003", {**common, "Portal": box((3, 8), (7, 8), (3, 4)), **single}, count=2),
        )
    }


def _with_image(name: str, segments: dict[str, np.ndarray], count: int = 1, **how) -> Patient:
    volumes = []
    for number in range(count):
        volume = np.full(SHAPE, BACKGROUND, np.int16)
        volume[segments["Liver"]] = LIVER_HU
        for own in (mask for segment, mask in segments.items() if segment.startswith("Tumor")):
            volume[own] = TUMOUR_HU
        # Slices differ, and so do acquisitions.
        volumes.append(volume + np.arange(SHAPE[0], dtype=np.int16)[:, None, None] + np.int16(20 * number))
    return Patient(name, segments, acquisitions=tuple(volumes), drawn_on=count - 1, **how)


def write_collection(top: Path) -> Path:
    """The download, and its table of clinical data in two formats; the folder of the download."""
    manifest = top / "manifest-1669817128730"
    for patient in patients().values():
        write_patient(manifest / "Colorectal-Liver-Metastases" / patient.name, patient)
    damaged, unknown = (Patient(name, **_parts("CRLM-CT-1001")) for name in ("CRLM-CT-1005", "CRLM-CT-1006"))
    for patient in (damaged, unknown):
        write_patient(manifest / "Colorectal-Liver-Metastases" / patient.name, patient)
    (broken,) = (manifest / "Colorectal-Liver-Metastases" / damaged.name).rglob("1-1.dcm")
    broken.write_bytes(broken.read_bytes()[:-40])
    return manifest


def _parts(name: str) -> dict[str, object]:
    one = patients()[name]
    return {"segments": one.segments, "acquisitions": one.acquisitions}


def write_patient(folder: Path, patient: Patient) -> Path:
    """A study with a folder for the CT and one for the segmentation."""
    study = folder / "02-24-1992-NA-CT ABD-18063"
    images = _write_ct(study / "101.000000-Portal Venous-04631", patient)
    segments = [Written(n, name, mask) for n, (name, mask) in enumerate(patient.segments.items(), start=1)]
    dataset = segmentation(segments, flipped=patient.flipped, step=patient.step, order=7, **_filed(patient, 300))
    _name_images(dataset, [images[k] for k in range(2, 9)], patient)
    save(dataset, study / "300.000000-Segmentation-66893" / "1-1.dcm")
    return folder


def _filed(patient: Patient, number: int) -> dict[str, object]:
    """What each file of a patient has; the name is what must go nowhere."""
    frame = generate_uid(entropy_srcs=[patient.name])[:50]
    return {
        "PatientID": patient.name,
        "FrameOfReferenceUID": frame,
        "StudyInstanceUID": f"{frame}.1",
        "SeriesInstanceUID": f"{frame}.{number}",
        "SeriesNumber": number,
    }


def _write_ct(folder: Path, patient: Patient) -> list[str]:
    """One file an image; instance UIDs of the acquisition that was drawn on, by slice."""
    drawn_on = []
    for t, volume in enumerate(patient.acquisitions):
        for k, image in enumerate(volume):
            dataset = header(CT, Modality="CT", **_filed(patient, 101))
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
            dataset.Rows, dataset.Columns = image.shape
            dataset.ImagePositionPatient = [float(f"{x:.9g}") for x in ORIGIN + (0, 0, k * patient.step)]
            dataset.ImageOrientationPatient = [float(x) for x in STRAIGHT.ravel()]
            dataset.PixelSpacing, dataset.SliceThickness = list(SPACING), 1.25
            dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
            dataset.InstanceNumber, dataset.AcquisitionNumber = 1 + t * len(volume) + k, 2 + t
            dataset.PixelData = (image + 1024).astype(np.uint16).tobytes()
            dataset.SOPInstanceUID = generate_uid(entropy_srcs=[patient.name, str(t), str(k)])
            save(dataset, folder / f"1-{dataset.InstanceNumber:03d}.dcm")
            if t == patient.drawn_on:
                drawn_on.append(dataset.SOPInstanceUID)
    return drawn_on


def _name_images(dataset: Dataset, images: list[str], patient: Patient) -> None:
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = _filed(patient, 101)["SeriesInstanceUID"], []
    for uid in images:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, uid
        series.ReferencedInstanceSequence.append(item)
    dataset.ReferencedSeriesSequence = [series]


COLUMNS = (
    *("Patient-ID", "De-identify Scout Name", "age", "sex", "body_mass_index", "carcinoembryonic_antigen"),
    *("clinrisk_score", "necrosis_percent", "NASH_score", "overall_survival_months", "vital_status"),
    *("progression_or_recurrence", "months_to_DFS_progression", "vital_status_DFS"),
    *("months_to_liver_DFS_progression", "vital_status_liver_DFS", "relevant_notes"),
)
ROWS = (
    (1, "CRLM-CT-1001", 61, 1, 24.5, 7.5, 2, 40, 1, 55.5, 1, 1, 12.25, 1, 14, 1, "spoke of ZZPHI"),
    (2, "CRLM-CT-1002", 48.5, 2, 31, 999, -999, 999, 0, 120, 0, 0, 120, 0, 120, 0, ""),
    (3, "CRLM-CT-1003", 70, 1, 22.25, 3, 1, 10, 3, 30, 1, 1, 8, 1, 30, 1, ""),
    (4, "CRLM-CT-1004", 55, 2, 27, 12, 3, 20, 2, 80, 0, 1, 20, 1, 20, 1, ""),
    (5, "CRLM-CT-1005", 66, 1, 25, 4, 4, 30, 2, 90, 1, 1, 25, 1, 25, 1, ""),
)


def write_table_as(path: Path, rows=ROWS, columns=COLUMNS) -> Path:
    """The table of clinical data as .csv, or as .xlsx with another sheet before it."""
    if path.suffix == ".csv":
        lines = [",".join(map(str, row)) for row in (columns, *rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["About", "these data"])
    sheet = book.create_sheet("TCIA_n=197")
    for row in (columns, *rows):
        sheet.append(list(row))
    book.save(path)
    return path
