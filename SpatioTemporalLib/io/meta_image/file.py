"""MetaImage files (.mha, .mhd), read without ITK: its own reader ends the process over a damaged header."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import Finding, InputError
from ..files.boundary import corrupt, existing_file, reading
from ..files.data_file import data_file, require_length
from ..files.inflate import ZlibStream, checked_byte_count, inflated_values, mapped_values
from ..images.file_names import image_stem
from ..images.image import FileImage, geometry_findings, placed
from ..sidecars.images import read_sidecar
from .header import MAX_HEADER_BYTES, MetaHeader, parse_header


def read_meta_image(path: str | os.PathLike, *, components_are_frames: bool = False) -> FileImage:
    """A volume from a MetaImage file; the format has no times.

    components_are_frames : the vectors of an image are taken for frames.

    Raises
    ------
    InputError
        For damaged or cut off files, images that are not three-dimensional with one real value a voxel, text
        instead of binary data, and voxels in several files or outside the header's folder.
    """
    path = existing_file(path)
    with reading(path, "a MetaImage"):
        text, offset = _header_text(path)
        header = parse_header(text, path)
        _refuse_vectors(header, path, components_are_frames)
        findings: list[Finding] = []
        values = _values(header, path, offset, findings)
        sidecar = read_sidecar(path)
        geometry = placed(header.shape, header.affine, path.name)
        return FileImage(
            values=values,
            geometry=geometry,
            name=image_stem(path),
            file=path.name,
            unit=sidecar.unit,
            acquisition=sidecar.acquisition(is_series=False, kind=None),
            keys=sidecar.entries,
            findings=(*header.findings, *findings, *geometry_findings(geometry, path.name)),
        )


def _header_text(path: Path) -> tuple[str, int]:
    """The lines up to ElementDataFile, which is the last, and the byte behind it."""
    with open(path, "rb") as stream:
        lines, size = [], 0
        while not lines or not lines[-1].replace(b" ", b"").replace(b"\t", b"").startswith(b"ElementDataFile="):
            line = stream.readline(MAX_HEADER_BYTES)
            size += len(line)
            if not line or size > MAX_HEADER_BYTES or (not lines and not line.isascii()):
                raise corrupt(path, "the header of a MetaImage, which ends with ElementDataFile, was not found")
            lines.append(line.rstrip(b"\r\n"))
        return b"\n".join(lines).decode("utf-8", errors="replace"), stream.tell()


def _refuse_vectors(header: MetaHeader, path: Path, are_frames: bool) -> None:
    if header.channels != 1 and not are_frames:
        raise InputError(
            "E-VECTOR",
            f"holds {header.channels} values per voxel (colour or vector)",
            where=path.name,
            fix="Give an image with one value per voxel; if the components are frames, their times too (times=..., "
            "--times, or --frame-interval).",
        )


def _values(header: MetaHeader, path: Path, offset: int, findings: list[Finding]) -> np.ndarray:
    shape = header.shape if header.channels == 1 else (*header.shape, header.channels)
    needed = checked_byte_count(shape, header.dtype.itemsize, path)
    if header.skip < 0 or (header.skip and (header.data_file is None or header.compressed)):
        raise InputError(
            "E-ENCODING",
            f"the header skips bytes before the voxels (HeaderSize = {header.skip}), which is not supported here",
            where=path.name,
            fix="Save the image as one .mha file.",
        )
    data, start = path, offset
    if header.data_file is not None:
        data, start = data_file(path, header.data_file, "ElementDataFile"), header.skip
    if not header.compressed:
        if data != path:
            require_length(path, data, start + needed)
        values = mapped_values(data, header.dtype, shape, start, findings)
    else:
        values = _inflated(header, data, start, shape, findings)
    # The components of a voxel lie side by side in the file; frames come first here.
    return values if values.ndim == 3 else np.moveaxis(values, -1, 0)


def _inflated(header: MetaHeader, data: Path, start: int, shape: tuple, findings: list[Finding]) -> np.ndarray:
    present = data.stat().st_size - start
    size = present if header.packed_bytes is None else header.packed_bytes
    if size != present:
        raise corrupt(data, f"the header promises {size} compressed bytes, the file has {present}")
    stream = partial(ZlibStream, size=size)
    return inflated_values(data, header.dtype, shape, findings, packed_at=start, open_stream=stream)
