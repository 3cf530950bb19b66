"""Siemens mosaics of a functional run written by code, with private elements, a CSA header of either form, or both."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from library.io.dicom.dicom_phantom import COSINES, clock, header, save

SLICES, ROWS, COLUMNS, EDGE, STEP = 7, 6, 4, 3, 3.3
TIMES_MS = (0.0, 857.5, 285.0, 1142.5, 572.5, 1427.5, 0.0)
POSITION = (-31.5, -40.25, 12.75)
REPETITION_MS = 2000.0
SECOND, FIRST = "CSA2", "CSA1"


def picture(volume: int) -> np.ndarray:
    """(rows, columns) of a mosaic whose pixels tell volume, slice, row and column apart; unused tiles are zero."""
    whole = np.zeros((EDGE * ROWS, EDGE * COLUMNS), dtype=np.uint16)
    for k in range(SLICES):
        down, along = divmod(k, EDGE)
        rows, columns = np.indices((ROWS, COLUMNS))
        tile = 1000 * volume + 100 * (k + 1) + 10 * rows + columns
        whole[down * ROWS : (down + 1) * ROWS, along * COLUMNS : (along + 1) * COLUMNS] = tile
    return whole


def csa(entries: dict[str, tuple[str, list[str]]], form: str) -> bytes:
    """A CSA header of entries with their kind of value and texts, each with empty places as scanners leave them."""
    data = (b"SV10\x04\x03\x02\x01" if form == SECOND else b"") + struct.pack("<II", len(entries), 77)
    added = len(next(iter(entries.values()))[1]) + 2
    for name, (kind, texts) in entries.items():
        items = [text.encode("latin-1") + b"\0" for text in texts] + [b"", b""]
        data += struct.pack("<64si4siii", name.encode(), len(texts), kind.encode(), 0, len(items), 77)
        for item in items:
            length = len(item)
            lengths = (length + added, length, 77, length) if form == FIRST else (length, length, 77, length)
            data += struct.pack("<4i", *lengths) + item + b"\0" * (-length % 4)
    return data


def entries(sign: float = 1.0, count: int = SLICES, times=TIMES_MS) -> dict[str, tuple[str, list[str]]]:
    """What a scanner writes of the mosaic, among entries that nobody asks for."""
    normal = sign * np.cross(*COSINES)
    return {
        "EchoLinePosition": ("IS", ["3"]),
        "AcquisitionMatrixText": ("SH", [f"{ROWS}*{COLUMNS}"]),
        "MosaicRefAcqTimes": ("FD", [f"{t:.8f}" for t in times]),
        "SliceNormalVector": ("FD", [f"{x:.8f}" for x in normal]),
        "NumberOfImagesInMosaic": ("US", [f"{count:8d}"]),
        "Nobody": ("LO", ["asks"]),
    }


def add_private(dataset, count=SLICES, times=TIMES_MS) -> None:
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    if count is not None:
        block.add_new(0x0A, "US", count)
    if times is not None:
        block.add_new(0x29, "FD", list(times))


def add_csa(dataset, data: bytes) -> None:
    dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", data)


def write_mosaics(folder: Path, edit, volumes: int = 3) -> Path:
    """A file a volume; edit : called as ``edit(dataset, volume)``, adds what tells the slices."""
    for t in range(volumes):
        dataset = header(Manufacturer="SIEMENS")
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
        dataset.Rows, dataset.Columns = EDGE * ROWS, EDGE * COLUMNS
        dataset.ImagePositionPatient = list(POSITION)
        dataset.ImageOrientationPatient = [float(f"{x:.9g}") for x in COSINES.ravel()]
        dataset.PixelSpacing, dataset.SliceThickness, dataset.SpacingBetweenSlices = [2.5, 2.0], 3.0, STEP
        dataset.RepetitionTime, dataset.EchoTime = REPETITION_MS, 30.0
        dataset.AcquisitionDate, dataset.AcquisitionTime = "20240229", clock(REPETITION_MS / 1000 * t)
        dataset.AcquisitionNumber, dataset.InstanceNumber = t + 1, 50 - t
        edit(dataset, t)
        save(dataset, folder / f"IM{(5 * t) % 7}.dcm", picture(t)[: dataset.Rows, : dataset.Columns])
    return folder
