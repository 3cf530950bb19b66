"""Voxels of the frames of a DICOM segmentation: single bits, or fractions cut at half."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ....errors import Finding, Severity
from ...files.boundary import corrupt
from ..headers.claims import require_pictures_of_size
from ..headers.files import read_with_pixels
from ..headers.pixels import require_decoder

Frames = Callable[[int], np.ndarray]


def frames_of_file(path: Path) -> Frames:
    """What gives the (J, I) bool voxels of a frame by its number in the file; frames are unpacked one at a time."""
    dataset = read_with_pixels(path)
    require_decoder(dataset, path)
    frames, rows, columns = int(dataset.NumberOfFrames), int(dataset.Rows), int(dataset.Columns)
    binary, packed = str(dataset.SegmentationType) == "BINARY", dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if int(dataset.BitsAllocated) not in ((1,) if binary and not packed else (1, 8)):
        raise corrupt(path, f"its voxels have {dataset.BitsAllocated} bits, which is not what {_kind(binary)} have")
    if binary and not packed:
        _require_whole(dataset.PixelData, frames * rows * columns, path)
        return lambda number: _unpacked(dataset.PixelData, number, rows, columns)
    if packed:
        require_pictures_of_size(dataset, path)
    stored = dataset.pixel_array.reshape(frames, rows, columns)
    if binary:
        return lambda number: stored[number] != 0
    most = _most(dataset, path)
    # In whole numbers: what is exactly half belongs to the segment wherever it is computed.
    return lambda number: 2 * stored[number].astype(np.int64) >= most


def fractions(header, path: Path) -> list[Finding]:
    """What is told of segments that are stored as fractions."""
    if str(header.get("SegmentationType", "")) != "FRACTIONAL":
        return []
    what = "probabilities" if header.get("SegmentationFractionalType") == "PROBABILITY" else "occupied shares of voxels"
    text = f"its segments are {what}; voxels of half and more of {_most(header, path)} were taken as theirs"
    return [Finding("R-SEGMENT-FRACTION", Severity.REPAIR, text, path.name)]


def _most(header, path: Path) -> int:
    most = int(header.get("MaximumFractionalValue") or 0)
    if not 1 <= most <= 255:
        raise corrupt(path, f"MaximumFractionalValue is {most}, 1 to 255 was expected")
    return most


def _kind(binary: bool) -> str:
    return "segments without fractions" if binary else "fractions"


def _require_whole(data: bytes, bits: int, path: Path) -> None:
    if len(data) * 8 < bits:
        raise corrupt(path, f"it holds {len(data)} bytes of voxels, {-(-bits // 8)} by its header")


def _unpacked(data: bytes, number: int, rows: int, columns: int) -> np.ndarray:
    """Bits follow one another through all frames, the lowest of a byte first: a frame may begin within a byte."""
    count = rows * columns
    start = number * count
    part = np.frombuffer(data, np.uint8)[start // 8 : -(-(start + count) // 8)]
    bits = np.unpackbits(part, bitorder="little")[start % 8 : start % 8 + count]
    return bits.reshape(rows, columns).astype(bool)
