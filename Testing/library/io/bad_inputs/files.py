"""Small image files with one thing wrong, written by code.

Each maker takes the path to write to (or a folder) and what to make wrong, and
gives back the path; nothing here is a stored file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import write_classic, write_enhanced

from SpatioTemporalLib import InputError, Severity, read_series
from SpatioTemporalLib.io.nifti.header import NIFTI_1

AFFINE = np.array([[2.0, 0, 0, -30.5], [0, 2.5, 0, 12.25], [0, 0, 3.0, 7.0], [0, 0, 0, 1]])
TEXT_AFFINE = "(2,0,0) (0,2.5,0) (0,0,3)"


def frames(shape=(6, 3, 4, 5), dtype="int16") -> np.ndarray:
    """Values that differ from voxel to voxel and frame to frame."""
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def nifti(path: Path, values: np.ndarray | None = None, *, tail: bytes = b"", **fields) -> Path:
    """A NIfTI file; `fields` overwrite what would be right in its header.

    A field such as ``dim`` may be given whole, or as a dict of index to value.
    """
    values = frames() if values is None else values
    codes = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "u2": 512, "c8": 32}
    header = np.zeros(1, NIFTI_1)[0]
    header["sizeof_hdr"], header["magic"], header["vox_offset"] = 348, b"n+1", 352
    header["dim"] = [values.ndim, *values.shape[::-1], *[1] * (7 - values.ndim)]
    header["datatype"], header["bitpix"] = codes[values.dtype.str[1:]], 8 * values.itemsize
    header["pixdim"] = [1, 2.0, 2.5, 3.0, 2.0, 0, 0, 0]
    header["xyzt_units"], header["sform_code"], header["srow"] = 10, 1, AFFINE[:3]
    for field, value in fields.items():
        if isinstance(value, dict):
            for index, item in value.items():
                header[field][index] = item
        else:
            header[field] = value
    data = header.tobytes() + b"\0\0\0\0" + np.ascontiguousarray(values).tobytes() + tail
    path.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)
    return path


def sidecar(image: Path, **entries) -> Path:
    """A JSON side-car beside an image; gives back the image's path."""
    image.with_name(image.name.split(".")[0] + ".json").write_text(json.dumps(entries))
    return image


def nrrd(path: Path, values: np.ndarray | None = None, *, keys: str = "", **fields) -> Path:
    """A NRRD sequence with the frames last and times in seconds; `fields` overwrite or, as None, remove lines."""
    values = frames() if values is None else values
    names = {"u1": "uchar", "i2": "short", "u2": "ushort", "f4": "float", "f8": "double"}
    is_sequence = values.ndim == 4
    lines = {
        "type": names[values.dtype.str[1:]],
        "dimension": str(values.ndim),
        "space": "right-anterior-superior",
        "sizes": " ".join(str(n) for n in values.shape[::-1]),
        "space directions": TEXT_AFFINE + (" none" if is_sequence else ""),
        "kinds": "domain domain domain" + (" list" if is_sequence else ""),
        "units": '"" "" "" "s"' if is_sequence else None,
        "endian": "little",
        "encoding": "raw",
        "space origin": "(-30.5,12.25,7)",
    } | {name.replace("_", " "): value for name, value in fields.items()}
    header = "NRRD0004\n" + "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)
    if is_sequence and not keys:
        keys = f"axis 3 index values:={' '.join(str(2.0 * n) for n in range(len(values)))}\n"
    data = np.ascontiguousarray(values).tobytes()
    data = gzip.compress(data, mtime=0) if lines["encoding"] == "gzip" else data
    path.write_bytes((header + keys + "\n").encode() + data)
    return path


def cut(path: Path, *, keep: float | None = None, drop: int = 0) -> Path:
    """Cut a file off: keep a share of it, or drop bytes from its end."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)] if keep is not None else data[:-drop])
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    """A text file."""
    path.write_bytes(content.encode(encoding))
    return path


def cohort(folder: Path, participants: str, timepoints: str) -> Path:
    """A cohort's two tables, with the image files they name (each different, unless named alike)."""
    folder.mkdir(parents=True, exist_ok=True)
    text(folder / "participants.csv", participants)
    text(folder / "timepoints.csv", timepoints)
    return folder


@dataclass(frozen=True)
class Bad:
    """One bad input: how to make it, how to read it, and what must come of it.

    read : called with the folder to write into. words : parts of the message.
    """

    row: int
    name: str
    read: Callable[[Path], object]
    code: str
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.row}-{self.name}"


def series_of(make, *args, **options):
    """Reads what `make` writes; `times` and the like go to the reader."""
    reading = {k: options.pop(k) for k in ("times", "frame_interval", "confirm_times") if k in options}
    name = options.pop("name", "a.nii")
    return lambda folder: read_series(make(folder / name, *args, **options), **reading)


def csv(content: str):
    return lambda folder: read_series(text(folder / "a.csv", content))


def dicom(edit=None, **options):
    return lambda folder: read_series(write_classic(folder / "study", edit, **options))


def enhanced(edit=None):
    return lambda folder: read_series(write_enhanced(folder / "a.dcm", edit))


def volumes(*makers, times):
    return lambda folder: read_series([make(folder / f"v{n}.nii") for n, make in enumerate(makers)], times=times)


def volume(**fields):
    return lambda path: nifti(path, frames()[0], **fields)


def assert_refused(bad: Bad, folder: Path) -> None:
    """Assert that an input is refused with its code, naming what is wrong, where, and what to do."""
    with pytest.raises(InputError) as caught:
        bad.read(folder)
    error = caught.value
    assert error.code == bad.code
    assert error.where, "the message must name the file or series"
    assert error.fix, "the message must say what to do"
    for words in bad.words:
        assert words.lower() in str(error).lower()


def assert_told(bad: Bad, folder: Path) -> None:
    """Assert that an input is read with exactly one finding of its code."""
    series = bad.read(folder)
    found = [finding for finding in series.findings if finding.code == bad.code]
    assert len(found) == 1, [str(finding) for finding in series.findings]
    assert found[0].severity is (Severity.REPAIR if bad.code.startswith("R-") else Severity.WARN)
    for words in bad.words:
        assert words in str(found[0])
