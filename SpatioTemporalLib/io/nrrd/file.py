"""NRRD images: volumes, Slicer's volume sequences and multi-volumes."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

from ...errors import Finding, InputError, Severity
from ...system.memory import require_memory
from ..files.boundary import corrupt, existing_file, reading
from ..files.data_file import data_file, require_length
from ..files.inflate import checked_byte_count, inflated_values, mapped_values
from ..files.plain_numbers import whole
from ..images.file_names import image_stem
from ..images.image import FileImage, geometry_findings, placed
from ..nifti.file import stored_dtype
from .facts import acquisition_of, clock_of, durations_of, unit_of
from .header import DATA_TYPES, MAX_HEADER_BYTES, NrrdHeader, parse_header
from .lines import escaped

GZIP_LEVEL = 4


def read_nrrd(path: str | os.PathLike, *, components_are_frames: bool = False) -> FileImage:
    """Everything in a NRRD file (.nrrd, .nhdr, .seq.nrrd, .seg.nrrd).

    components_are_frames : the vectors of an image are taken for frames.

    Raises
    ------
    InputError
        For damaged or cut off files, encodings other than raw and gzip, data
        files outside the header's folder, colours, vectors and complex numbers.
    """
    path = existing_file(path)
    with reading(path, "a NRRD image"):
        text, offset = _header_text(path)
        header = parse_header(text, path, components_are_frames=components_are_frames)
        odd: list[Finding] = []
        values = _frames_first(_values(header, path, offset, odd), header, path)
        geometry = placed(values.shape[-3:], header.affine, path.name)
        clock, no_clock, disagreement = clock_of(header, path)
        acquisition = acquisition_of(header.keys, path)
        return FileImage(
            values=values,
            geometry=geometry,
            name=header.keys.get("SpatioTemporal.Name") or image_stem(path),
            file=path.name,
            clock=clock,
            no_clock=no_clock,
            unit=unit_of(header),
            kind=acquisition.modality,
            acquisition=acquisition,
            keys=header.keys,
            durations=durations_of(header, path),
            findings=(*header.findings, *odd, *geometry_findings(geometry, path.name), *disagreement),
        )


def _header_text(path: Path) -> tuple[str, int]:
    """Header lines, and the byte at which attached data begin."""
    with open(path, "rb") as stream:
        lines, size = [], 0
        while True:
            line = stream.readline(MAX_HEADER_BYTES)
            size += len(line)
            if not lines and not line.startswith(b"NRRD000"):
                raise InputError(
                    "E-FILE-KIND",
                    "does not begin with a NRRD header",
                    where=path.name,
                    fix="Check that it is an image and was copied completely.",
                )
            if size > MAX_HEADER_BYTES:
                raise corrupt(path, f"the header is longer than {MAX_HEADER_BYTES} bytes")
            if not line.strip(b"\r\n"):
                break
            lines.append(line)
        return b"".join(lines).decode("utf-8", errors="replace"), stream.tell()


def _values(header: NrrdHeader, path: Path, offset: int, findings: list[Finding]) -> np.ndarray:
    shape = header.sizes[::-1]
    encoding = header.fields.get("encoding", "").lower()
    data, offset = _data_file(header, path, offset)
    skip = _skip(header, path)
    if encoding == "raw":
        if skip == -1:
            needed = int(np.prod(shape, dtype=object)) * header.dtype.itemsize
            offset, skip = data.stat().st_size - needed, 0
            if data != path and offset > 0:
                text = f"the first {offset} bytes of {data.name} were skipped, as the header says (byte skip: -1)"
                findings.append(Finding("W-FILE-LONGER", Severity.WARN, text, path.name))
        elif data != path:
            require_length(path, data, skip + checked_byte_count(shape, header.dtype.itemsize, path))
        return mapped_values(data, header.dtype, shape, offset + skip, findings)
    if encoding in ("gzip", "gz"):
        if skip == -1:
            raise corrupt(path, "the header skips to the end of compressed data (byte skip: -1)")
        return inflated_values(data, header.dtype, shape, findings, packed_at=offset, offset=skip)
    raise InputError(
        "E-ENCODING",
        f"the encoding {encoding[:40]!r} is not supported, only raw and gzip are",
        where=path.name,
        fix="Save the image with encoding gzip (Slicer: Compress) or raw.",
    )


def _data_file(header: NrrdHeader, path: Path, offset: int) -> tuple[Path, int]:
    name = header.fields.get("data file")
    return (path, offset) if name is None else (data_file(path, name, "data file"), 0)


def _skip(header: NrrdHeader, path: Path) -> int:
    lines, skip = (whole(header.fields.get(field, "0")) for field in ("line skip", "byte skip"))
    if lines is None or skip is None:
        raise corrupt(path, "the header's line skip or byte skip is no number")
    if lines != 0 or skip < -1:
        raise InputError(
            "E-ENCODING",
            f"the header skips {lines} lines and {skip} bytes, which is not supported",
            where=path.name,
            fix="Save the image as one .nrrd file.",
        )
    return skip


def _frames_first(values: np.ndarray, header: NrrdHeader, path: Path) -> np.ndarray:
    if header.frame_axis is None:
        return values
    # Axes are listed fastest first in the file and slowest first in the array.
    frames_first = np.moveaxis(values, values.ndim - 1 - header.frame_axis, 0)
    if isinstance(values, np.memmap) or frames_first.flags.c_contiguous:
        return frames_first
    require_memory(values.nbytes, path.name, "its frames, put one after another,")
    return np.ascontiguousarray(frames_first)


def write_nrrd(path: Path, values: np.ndarray, affine: np.ndarray, *, fields: dict, keys: dict) -> None:
    """Write a volume, or a sequence with the frames as last axis, to exactly this path.

    Parameters
    ----------
    values : (T, K, J, I) or (K, J, I) array
    affine : (4, 4) array, mm       IJK to RAS; kept to the last digit.
    fields, keys : dict of text     Further standard fields and key/value pairs.
    """
    dtype = stored_dtype(values.dtype)
    with open(path, "wb") as raw:
        raw.write(_header_lines(values, dtype, affine, fields, keys).encode("utf-8"))
        with gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) as stream:
            for volume in values if values.ndim == 4 else values[None]:
                stream.write(np.ascontiguousarray(volume, dtype=dtype).tobytes())


def _header_lines(values: np.ndarray, dtype: np.dtype, affine: np.ndarray, fields: dict, keys: dict) -> str:
    # Slicer and ITK write left-posterior-superior; changing signs loses no digit.
    lps = np.diag([-1.0, -1.0, 1.0]) @ affine[:3] + 0.0
    is_sequence = values.ndim == 4
    directions = " ".join(_written(lps[:, axis]) for axis in range(3))
    lines = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {DATA_TYPES[dtype.str[1:]][0]}",
        f"dimension: {values.ndim}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(n) for n in values.shape[::-1])}",
        f"space directions: {directions}{' none' if is_sequence else ''}",
        f"kinds: domain domain domain{' list' if is_sequence else ''}",
        *(f"{name}: {value}" for name, value in fields.items()),
        "endian: little",
        "encoding: gzip",
        f"space origin: {_written(lps[:, 3])}",
        *(f"{escaped(key)}:={escaped(value)}" for key, value in keys.items()),
    ]
    return "\n".join(lines) + "\n\n"


def _written(vector: np.ndarray) -> str:
    return f"({','.join(repr(float(n)) for n in vector)})"
