"""One image file of any known format."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import InputError
from ..files.boundary import existing_file, reading
from ..formats.dicom import DICOM
from ..images.format_registry import bytes_to_tell, format_of, listed
from ..images.image import FileImage
from ..images.image_format import ImageFormat
from ..images.plausible import plausible


def read_image(path: str | os.PathLike, *, components_are_frames: bool = False, as_series: bool = False) -> FileImage:
    """What an image file holds; its format is told by its first bytes, then by its name.

    components_are_frames : somebody says that the vectors of an image are frames, as SimpleITK
        writes them from four-dimensional arrays.
    as_series : the voxels need no place, as those of curves.

    Raises
    ------
    InputError
        ``E-FILE-KIND`` for files of no format that is read here, and for what each format's reader refuses.
    """
    path = existing_file(path)
    found = format_of(path.name, _start(path))
    if found is None or not (found.on_grid or as_series):
        raise InputError(
            "E-FILE-KIND",
            f"is in none of the formats that are read here: {listed(on_grid_only=not as_series)}",
            where=path.name,
            fix="Save or convert it as one of these.",
        )
    if found.read is None:
        raise _alone(found, path)
    return plausible(found.read(path, components_are_frames=components_are_frames))


def is_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark."""
    return DICOM.is_marked(_start(path))


def is_called_dicom(path: Path) -> bool:
    """Whether a file has a name of DICOM files; old ones lack DICOM's mark and are known by it only."""
    return path.suffix.lower() in DICOM.endings


def holds_dicom(path: str | os.PathLike) -> bool:
    """Whether a path is a folder, taken for one of DICOM files, or such a file."""
    # os.path, for names that no file can have: pathlib raises for these.
    return os.path.isdir(path) or (os.path.isfile(path) and is_dicom(Path(path)))


def _start(path: Path) -> bytes:
    with reading(path):
        with open(path, "rb") as stream:
            return stream.read(bytes_to_tell())


def _alone(found: ImageFormat, path: Path) -> InputError:
    return InputError(
        "E-FILE-KIND",
        f"is a {found.name} file, which is not read beside or instead of images in one file",
        where=path.name,
        fix=f"Give the folders or files of {found.name} alone, or convert all to one other format.",
    )
