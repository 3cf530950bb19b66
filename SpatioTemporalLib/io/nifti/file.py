"""NIfTI images, read and written without SimpleITK.

SimpleITK turns NaN into zeros, invents a repetition time of 1 s and accepts
files that are cut off, so none of it is used here.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...data.geometry import Geometry
from ...errors import Finding, InputError, Severity
from ...system.memory import require_memory
from ..files.boundary import existing_file, reading
from ..files.inflate import inflated_start, inflated_values, is_gzip, mapped_values
from ..images.file_names import image_stem
from ..images.image import Clock, FileImage, geometry_findings, placed
from ..sidecars.images import Sidecar, read_sidecar
from ..sidecars.pet import pet_timing
from .header import DATA_TYPES, MAX_HEADER_BYTES, NIFTI_1, NIFTI_2, NiftiHeader, parse_header

GZIP_LEVEL = 4
SECONDS, MILLIMETRES = 8, 2


def read_nifti(path: str | os.PathLike, *, components_are_frames: bool = False) -> FileImage:
    """Everything in a NIfTI file and the JSON side-car beside it.

    components_are_frames : the vectors of an image are taken for frames.

    Uncompressed voxels are memory-mapped; compressed ones are inflated and
    their check sum compared.

    Raises
    ------
    InputError
        For damaged, cut off, complex, colour or vector images.
    """
    path = existing_file(path)
    with reading(path, "a NIfTI image"):
        packed = is_gzip(path)
        start = inflated_start(path, MAX_HEADER_BYTES) if packed else _first_bytes(path)
        header = parse_header(start, path, components_are_frames=components_are_frames)
        odd: list[Finding] = []
        if packed:
            values = inflated_values(path, header.dtype, header.shape, odd, packed_at=0, offset=header.offset)
        else:
            values = mapped_values(path, header.dtype, header.shape, header.offset, odd)
        header = replace(header, findings=(*header.findings, *odd))
        return _image(path, header, _scaled(values, header.slope, header.inter, path))


def _image(path: Path, header: NiftiHeader, values: np.ndarray) -> FileImage:
    sidecar = read_sidecar(path)
    geometry = placed(values.shape[-3:], header.affine, path.name)
    geometry, stale = _exact_geometry(geometry, sidecar, path)
    frames = len(values) if values.ndim == 4 else 1
    in_header = None
    if header.interval is not None:
        in_header = Clock(tuple(header.interval * n for n in range(frames)), header.interval_source)
    clock, why_not, findings = sidecar.clock(in_header, header.interval_source, frames)
    kind = sidecar.kind(image_stem(path))
    acquisition = sidecar.acquisition(is_series=values.ndim == 4, kind=kind)
    pet = pet_timing(sidecar, clock, acquisition, frames)
    return FileImage(
        values=values,
        geometry=geometry,
        name=sidecar.image_name or image_stem(path),
        file=path.name,
        clock=pet.clock,
        no_clock=why_not,
        unit=sidecar.unit,
        kind=kind,
        acquisition=pet.acquisition,
        keys=sidecar.entries,
        findings=(*header.findings, *geometry_findings(geometry, path.name), *stale, *findings, *pet.findings),
        durations=pet.durations,
    )


def _exact_geometry(geometry: Geometry, sidecar: Sidecar, path: Path) -> tuple[Geometry, list[Finding]]:
    exact = sidecar.affine
    if exact is None:
        return geometry, []
    # The header rounds to float32; the side-car keeps what was written, if it speaks of this image.
    if np.allclose(exact, geometry.affine, rtol=1e-6, atol=1e-6):
        return replace(geometry, affine=exact), []
    text = f"the position in {sidecar.path.name} is not that of the image's header; the header is used"
    return geometry, [Finding("W-SIDECAR-STALE", Severity.WARN, text, path.name)]


def _first_bytes(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(MAX_HEADER_BYTES)


def _scaled(values: np.ndarray, slope: float, inter: float, path: Path) -> np.ndarray:
    if slope == 1.0 and inter == 0.0:
        return values
    # Sixteen bits and their scaling fit float32; wider types would lose digits.
    exact_in_float32 = values.dtype.itemsize <= 2 or values.dtype == np.float32
    dtype = np.dtype(np.float32 if exact_in_float32 else np.float64)
    require_memory(values.size * dtype.itemsize, path.name, "its scaled values")
    scaled = np.empty(values.shape, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for target, stored in zip(_volumes(scaled), _volumes(values)):
            target[...] = stored * np.float64(slope) + np.float64(inter)
            if not np.isfinite(target).all() and np.isfinite(stored).all():
                raise InputError(
                    "E-SLOPE",
                    f"the scaling in the header (slope {slope:g}, intercept {inter:g}) makes values infinite",
                    where=path.name,
                    fix="Correct scl_slope and scl_inter in the file's header.",
                )
    return scaled


def _volumes(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 4 else values[None]


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray, *, interval: float | None, packed: bool) -> None:
    """Write voxels and header to exactly this path.

    Parameters
    ----------
    values : (T, K, J, I) or (K, J, I) array
    affine : (4, 4) array, mm       IJK to RAS; the header keeps it as float32.
    interval : float or None, s     Of even frames; None leaves pixdim[4] zero.
    packed : bool                   Compress with gzip.
    """
    dtype = stored_dtype(values.dtype)
    header = _header(values.shape, dtype, affine, interval)
    with open(path, "wb") as raw:
        # No name and no time in the stream: the same image gives the same bytes.
        stream = gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) if packed else raw
        stream.write(header.tobytes() + b"\0\0\0\0")
        for volume in _volumes(values):
            stream.write(np.ascontiguousarray(volume, dtype=dtype).tobytes())
        if packed:
            stream.close()


def stored_dtype(dtype: np.dtype) -> np.dtype:
    """The little-endian type that keeps the values exactly in a file."""
    if dtype.kind == "b":
        return np.dtype("u1")
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype("<f4" if dtype.itemsize < 4 else "<f8")
    return dtype.newbyteorder("<")


def _header(shape: tuple[int, ...], dtype: np.dtype, affine: np.ndarray, interval: float | None) -> np.ndarray:
    sizes = shape[::-1]
    large = max(sizes) > 32767
    header = np.zeros(1, (NIFTI_2 if large else NIFTI_1).newbyteorder("<"))[0]
    header["sizeof_hdr"] = header.dtype.itemsize
    header["magic"] = b"n+2\0\r\n\x1a\n" if large else b"n+1"
    header["dim"] = [len(sizes), *sizes, *[1] * (7 - len(sizes))]
    header["datatype"] = next(code for code, name in DATA_TYPES.items() if np.dtype("<" + name) == dtype)
    header["bitpix"] = 8 * dtype.itemsize
    header["vox_offset"] = header.dtype.itemsize + 4
    header["scl_slope"] = 1
    header["xyzt_units"] = MILLIMETRES + (SECONDS if interval else 0)
    header["srow"] = affine[:3]
    header["sform_code"] = 1
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    header["pixdim"][1:4] = spacing
    header["pixdim"][4] = interval or 0
    _set_qform(header, affine, spacing)
    return header


def _set_qform(header: np.ndarray, affine: np.ndarray, spacing: np.ndarray) -> None:
    rotation = affine[:3, :3] / spacing
    header["pixdim"][0] = handedness = np.sign(np.linalg.det(rotation))
    rotation = rotation * [1, 1, handedness]
    # A sheared grid has no quaternion; its sform alone says where it lies.
    if np.abs(rotation.T @ rotation - np.eye(3)).max() > 1e-4:
        return
    from scipy.spatial.transform import Rotation

    b, c, d, a = Rotation.from_matrix(rotation).as_quat()
    header["quatern"] = np.array([b, c, d]) * (1 if a >= 0 else -1)
    header["qoffset"] = affine[:3, 3]
    header["qform_code"] = 1


def require_storable(values: np.ndarray, name: str) -> None:
    """Refuse voxel types no file format here can hold."""
    if values.dtype.kind not in "fiub":
        raise InputError(
            "E-DTYPE",
            f"voxels of type {values.dtype} cannot be written",
            where=name,
            fix="Convert them to float32 first.",
        )
