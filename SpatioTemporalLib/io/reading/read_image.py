"""One image file of any known format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ...errors import InputError
from ..files.boundary import existing_file, reading
from ..images.image import FileImage
from ..images.plausible import plausible
from ..meta_image.file import read_meta_image
from ..nifti.file import read_nifti
from ..nrrd.file import read_nrrd

META_ENDINGS = (".mha", ".mhd")
GZIP = b"\x1f\x8b"
NIFTI_SIZES = (348, 540)
KNOWN = "NIfTI (.nii, .nii.gz), NRRD (.nrrd, .seq.nrrd, .seg.nrrd), MetaImage (.mha, .mhd) and DICOM"


def read_image(path: str | os.PathLike, *, components_are_frames: bool = False) -> FileImage:
    """What an image file holds; its format is told by its first bytes, then by its name.

    components_are_frames : somebody says that the vectors of an image are frames, as SimpleITK
        writes them from four-dimensional arrays.
    """
    path = existing_file(path)
    return plausible(_reader(path)(path, components_are_frames=components_are_frames))


def _reader(path: Path) -> Callable[..., FileImage]:
    with reading(path):
        with open(path, "rb") as stream:
            start = stream.read(132)
    name = path.name.lower()
    if start.startswith(b"NRRD") or name.endswith((".nrrd", ".nhdr")):
        return read_nrrd
    if _is_nifti(start) or name.endswith((".nii", ".nii.gz")):
        return read_nifti
    if name.endswith(META_ENDINGS):
        return read_meta_image
    raise InputError(
        "E-FILE-KIND",
        f"is in none of the formats that are read here: {KNOWN}",
        where=path.name,
        fix="Save or convert it as one of these.",
    )


def is_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark."""
    with reading(path):
        with open(path, "rb") as stream:
            return stream.read(132)[128:] == b"DICM"


def holds_dicom(path: str | os.PathLike) -> bool:
    """Whether a path is a folder, taken for one of DICOM files, or such a file."""
    # os.path, for names that no file can have: pathlib raises for these.
    return os.path.isdir(path) or (os.path.isfile(path) and is_dicom(Path(path)))


def _is_nifti(start: bytes) -> bool:
    sizes = {int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")}
    return bool(sizes & set(NIFTI_SIZES))
