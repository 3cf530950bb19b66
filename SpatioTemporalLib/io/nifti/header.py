"""Headers of NIfTI-1 and NIfTI-2 files, both byte orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import Finding, InputError, Severity
from ..files.boundary import corrupt

NIFTI_1 = np.dtype(
    "i4,S10,S18,i4,i2,S1,u1,8i2,3f4,i2,i2,i2,i2,8f4,f4,f4,f4,i2,u1,u1,f4,f4,f4,f4,i4,i4,S80,S24,i2,i2,3f4,3f4,(3,4)f4,S16,S4"
)
NIFTI_1.names = (
    "sizeof_hdr data_type db_name extents session_error regular dim_info dim intent_p intent_code datatype bitpix "
    "slice_start pixdim vox_offset scl_slope scl_inter slice_end slice_code xyzt_units cal_max cal_min "
    "slice_duration toffset glmax glmin descrip aux_file qform_code sform_code quatern qoffset srow intent_name magic"
).split()
NIFTI_2 = np.dtype(
    "i4,S8,i2,i2,8i8,3f8,8f8,i8,f8,f8,f8,f8,f8,f8,i8,i8,S80,S24,i4,i4,3f8,3f8,(3,4)f8,i4,i4,i4,S16,u1,S15"
)
NIFTI_2.names = (
    "sizeof_hdr magic datatype bitpix dim intent_p pixdim vox_offset scl_slope scl_inter cal_max cal_min "
    "slice_duration toffset slice_start slice_end descrip aux_file qform_code sform_code quatern qoffset srow "
    "slice_code xyzt_units intent_code intent_name dim_info unused"
).split()
HEADERS = {348: NIFTI_1, 540: NIFTI_2}
MAGIC = {348: (b"n+1",), 540: (b"n+2", b"n+2\0\r\n\x1a\n")}
MAX_HEADER_BYTES = 540

DATA_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
COMPLEX_TYPES = {32, 1792, 2048}
COLOUR_TYPES = {128, 2304}
# Intents whose fifth axis holds components of a vector, not frames.
VECTOR_INTENTS = {1005, 1006, 1007, 1008, 1009, 1010, 2003, 2004}
MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
SECONDS_PER_UNIT = {8: 1.0, 16: 1e-3, 24: 1e-6}
UNIT_NAMES = {8: "sec", 16: "msec", 24: "usec"}
# None, scanner, aligned, Talairach, MNI, template.
KNOWN_PLACES = set(range(6))
QFORM_TOLERANCE_MM = 0.1
SPACING_TOLERANCE = 0.01  # part of a voxel's size


@dataclass(frozen=True)
class NiftiHeader:
    """What a NIfTI header says.

    shape : (T, K, J, I) or (K, J, I); dtype : as stored, byte order included.
    offset : byte of the first voxel. slope, inter : scaling, (1, 0) for none.
    affine : (4, 4) IJK to RAS, mm. interval : pixdim[4] in seconds, or None
    with the reason in `no_interval`. interval_source : how it was read.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    slope: float
    inter: float
    affine: np.ndarray
    interval: float | None
    interval_source: str
    findings: tuple[Finding, ...]


def parse_header(start: bytes, path: Path, *, components_are_frames: bool = False) -> NiftiHeader:
    """The header in the first bytes of an (inflated) file."""
    fields = _fields(start, path)
    findings: list[Finding] = []
    shape = _shape(fields, path, findings, components_are_frames)
    interval, source = _interval(fields) if len(shape) == 4 else (None, "the file holds a single volume")
    slope, inter = _scaling(fields, path, findings)
    header_size = int(fields["sizeof_hdr"])
    offset = _offset(fields, header_size, path)
    return NiftiHeader(
        shape=shape,
        dtype=_data_type(fields, path),
        offset=offset,
        slope=slope,
        inter=inter,
        affine=_affine(fields, path, findings),
        interval=interval,
        interval_source=source,
        findings=tuple(findings),
    )


def _fields(start: bytes, path: Path) -> np.ndarray:
    for size, dtype in HEADERS.items():
        for order in "<>":
            if len(start) >= size and int.from_bytes(start[:4], "little" if order == "<" else "big") == size:
                fields = np.frombuffer(start, dtype.newbyteorder(order), 1)[0]
                if bytes(fields["magic"]) not in MAGIC[size]:
                    raise InputError(
                        "E-FILE-KIND",
                        f"is no single-file NIfTI image (magic {bytes(fields['magic'])!r})",
                        where=path.name,
                        fix="Convert it to a single .nii or .nii.gz file.",
                    )
                return fields
    raise InputError(
        "E-FILE-KIND",
        "does not begin with a NIfTI header",
        where=path.name,
        fix="Check that it is an image and was copied completely.",
    )


def _offset(fields: np.ndarray, header_size: int, path: Path) -> int:
    """Byte of the first voxel; some writers leave 0 for right behind the header."""
    offset = float(fields["vox_offset"])
    if offset == 0:
        return header_size + 4
    if not header_size + 4 <= offset < 2**31 or offset != int(offset):
        raise corrupt(path, f"the header says its voxels begin at byte {offset:g}, which is not behind the header")
    return int(offset)


def _shape(fields: np.ndarray, path: Path, findings: list[Finding], are_frames: bool) -> tuple[int, ...]:
    count = int(fields["dim"][0])
    sizes = [int(n) for n in fields["dim"][1 : count + 1]] if 1 <= count <= 7 else []
    if not sizes or min(sizes) < 1:
        raise corrupt(path, f"the header gives the impossible image size {[int(n) for n in fields['dim']]}")
    while len(sizes) > 3 and sizes[-1] == 1 and len(sizes) != 4:
        sizes.pop()
    if len(sizes) > 4 and int(fields["intent_code"]) in VECTOR_INTENTS and not are_frames:
        raise InputError(
            "E-VECTOR",
            f"holds vectors of {sizes[4]} components, not frames over time",
            where=path.name,
            fix="Give an image with one value per voxel and time; if the components are frames, their times too "
            "(times=..., --times, or --frame-interval).",
        )
    if len(sizes) == 5 and sizes[3] == 1:
        findings.append(
            Finding(
                "R-DIM", Severity.REPAIR, f"the {sizes[4]} volumes of the fifth axis were taken as frames", path.name
            )
        )
        sizes = [*sizes[:3], sizes[4]]
    if len(sizes) > 4:
        raise InputError(
            "E-DIM",
            f"has {len(sizes)} axes ({'×'.join(map(str, sizes))}), four were expected",
            where=path.name,
            fix="Split it into one file for each value of the further axes.",
        )
    return tuple(reversed(sizes + [1] * (3 - len(sizes))))


def _data_type(fields: np.ndarray, path: Path) -> np.dtype:
    code = int(fields["datatype"])
    if code in COMPLEX_TYPES:
        raise InputError(
            "E-COMPLEX",
            "the image holds complex numbers",
            where=path.name,
            fix="Convert it to magnitude first (absolute value).",
        )
    if code in COLOUR_TYPES:
        raise InputError(
            "E-COLOUR",
            "the image holds colours (RGB), not one value per voxel",
            where=path.name,
            fix="Convert it to grey values first.",
        )
    if code not in DATA_TYPES:
        raise InputError(
            "E-DTYPE",
            f"voxels of NIfTI data type {code} are not supported",
            where=path.name,
            fix="Save the image as 16-bit integers or 32-bit floats.",
        )
    order = ">" if fields.dtype["sizeof_hdr"].byteorder == ">" else "<"
    return np.dtype(order + DATA_TYPES[code])


def _scaling(fields: np.ndarray, path: Path, findings: list[Finding]) -> tuple[float, float]:
    slope, inter = float(fields["scl_slope"]), float(fields["scl_inter"])
    # The standard: a slope of zero means that there is no scaling; NaN is how several writers say the same.
    if slope == 0 or np.isnan(slope):
        return 1.0, 0.0
    if not np.isfinite(slope) or not np.isfinite(inter):
        text = f"the scaling in the header is not finite (slope {slope}, intercept {inter}); stored values are used"
        findings.append(Finding("R-SLOPE", Severity.REPAIR, text, path.name))
        return 1.0, 0.0
    return slope, inter


def _interval(fields: np.ndarray) -> tuple[float | None, str]:
    interval, unit = float(fields["pixdim"][4]), int(fields["xyzt_units"]) & 0x38
    if not np.isfinite(interval) or interval <= 0:
        return None, f"pixdim[4] = {interval:g}"
    if unit not in SECONDS_PER_UNIT:
        return None, f"pixdim[4] = {interval:g} without a unit of time"
    # From the shortest decimal that names the float32: 2.5 and 2.2 stay 2.5 and 2.2.
    exact = float(np.format_float_positional(fields["pixdim"][4], unique=True, trim="-"))
    return exact * SECONDS_PER_UNIT[unit], f"NIfTI pixdim[4] ({UNIT_NAMES[unit]})"


def _affine(fields: np.ndarray, path: Path, findings: list[Finding]) -> np.ndarray:
    scale = MM_PER_UNIT.get(int(fields["xyzt_units"]) & 0x07, 1.0)
    if scale != 1.0:
        text = "lengths in the header were converted to mm"
        findings.append(Finding("R-LENGTH-UNIT", Severity.REPAIR, text, path.name))
    codes = {name: int(fields[name]) for name in ("sform_code", "qform_code")}
    if not set(codes.values()) <= KNOWN_PLACES:
        listed = ", ".join(f"{name} = {code}" for name, code in codes.items())
        text = f"the header names a space that there is none of ({listed}); its orientation is used as it stands"
        findings.append(Finding("W-GEO-SPACE", Severity.WARN, text, path.name))
    sform = np.vstack([fields["srow"].astype(np.float64) * [[scale]], [0, 0, 0, 1]])
    has_sform, has_qform = codes["sform_code"] > 0, codes["qform_code"] > 0
    if has_sform:
        _compare_spacing(sform, scale, fields, path, findings)
        if has_qform:
            _compare(sform, _qform(fields, scale, path), fields, path, findings)
        return sform
    if has_qform:
        return _qform(fields, scale, path)
    text = (
        "the header gives no orientation (qform and sform codes are 0); "
        "left and right cannot be told, and voxels are placed along the axes by their size"
    )
    findings.append(Finding("W-GEO-ORIENTATION", Severity.WARN, text, path.name))
    return np.diag([*_spacing(fields, scale, path), 1.0])


def _qform(fields: np.ndarray, scale: float, path: Path) -> np.ndarray:
    b, c, d = fields["quatern"].astype(np.float64)
    square = 1.0 - (b * b + c * c + d * d)
    if not square > -1e-5:
        raise corrupt(path, f"the header's rotation is impossible (quaternion {b:g}, {c:g}, {d:g})")
    a = np.sqrt(max(square, 0.0))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    affine = np.eye(4)
    handedness = -1.0 if float(fields["pixdim"][0]) < 0 else 1.0
    affine[:3, :3] = rotation * (_spacing(fields, scale, path) * [1.0, 1.0, handedness])
    affine[:3, 3] = fields["qoffset"].astype(np.float64) * scale
    return affine


def _spacing(fields: np.ndarray, scale: float, path: Path) -> np.ndarray:
    spacing = fields["pixdim"][1:4].astype(np.float64) * scale
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(
            "E-GEO-SPACING",
            f"voxel spacing must be positive and finite, found {spacing.tolist()} mm",
            where=path.name,
            fix="Correct pixdim in the file's header.",
        )
    return spacing


def _compare_spacing(sform: np.ndarray, scale: float, fields: np.ndarray, path: Path, findings: list[Finding]) -> None:
    columns, spacing = np.linalg.norm(sform[:3, :3], axis=0), fields["pixdim"][1:4].astype(np.float64) * scale
    if not (np.isfinite(spacing).all() and (spacing > 0).all() and (columns > 0).all()):
        return
    if np.abs(columns / spacing - 1).max() <= SPACING_TOLERANCE:
        return
    said, used = ("×".join(f"{size:.4g}" for size in sizes) for sizes in (spacing, columns))
    text = (
        f"the header gives two sizes of voxels: {said} mm by pixdim, {used} mm by the sform, which is used; volumes "
        f"would differ by a factor of {np.prod(spacing) / np.prod(columns):.3g}, so correct the one that is wrong"
    )
    findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, path.name))


def _compare(sform: np.ndarray, qform: np.ndarray, fields: np.ndarray, path: Path, findings: list[Finding]) -> None:
    sizes = fields["dim"][1:4].astype(np.float64) - 1
    corners = np.array([[i, j, k, 1] for i in (0, sizes[0]) for j in (0, sizes[1]) for k in (0, sizes[2])])
    apart = float(np.linalg.norm(corners @ (sform - qform).T, axis=1).max())
    if apart > QFORM_TOLERANCE_MM:
        text = f"the two orientations in the header (sform, qform) lie {apart:.3g} mm apart; sform is used"
        findings.append(Finding("W-GEO-QFORM", Severity.WARN, text, path.name))
