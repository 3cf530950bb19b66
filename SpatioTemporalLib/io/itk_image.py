"""Further image formats (.mha, .mhd and what else SimpleITK knows)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..data.geometry import Geometry
from ..errors import InputError
from ..packages import require
from .boundary import existing_file, reading
from .image import FileImage, geometry_findings
from .inflate import checked_byte_count
from .nifti import image_stem
from .sidecar import read_sidecar

LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


def read_itk_image(path: str | os.PathLike, *, components_are_frames: bool = False) -> FileImage:
    """A volume read by SimpleITK, whose own formats here need no times.

    components_are_frames : the vectors of an image are taken for frames.

    Raises
    ------
    InputError
        For images that are not three-dimensional with one real value a voxel.
    """
    path = existing_file(path)
    itk = require("SimpleITK", package="SimpleITK", purpose=f"Reading {path.suffix} images")
    with reading(path, "an image", say_why=False):
        reader = itk.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        _check_header(reader, itk, path, components_are_frames)
        image = reader.Execute()
        values = itk.GetArrayFromImage(image)
        if values.ndim == 4:
            values = np.ascontiguousarray(np.moveaxis(values, -1, 0))
        sidecar = read_sidecar(path)
        geometry = Geometry(values.shape[-3:], _affine(image))
        return FileImage(
            values=values,
            geometry=geometry,
            name=image_stem(path),
            file=path.name,
            unit=sidecar.unit,
            acquisition=sidecar.acquisition(is_series=False, kind=None),
            keys=sidecar.entries,
            findings=tuple(geometry_findings(geometry, path.name)),
        )


def _check_header(reader, itk, path: Path, are_frames: bool) -> None:
    size = tuple(int(n) for n in reader.GetSize())
    if len(size) != 3:
        raise InputError(
            "E-DIM",
            f"has {len(size)} axes, three were expected",
            where=path.name,
            fix="Save series as .nii.gz or .seq.nrrd, and single images as volumes.",
        )
    if reader.GetNumberOfComponents() != 1 and not are_frames:
        raise InputError(
            "E-VECTOR",
            f"holds {reader.GetNumberOfComponents()} values per voxel (colour or vector)",
            where=path.name,
            fix="Give an image with one value per voxel; if the components are frames, their times too (times=..., "
            "--times, or --frame-interval).",
        )
    if "complex" in itk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise InputError("E-COMPLEX", "the image holds complex numbers", where=path.name, fix="Convert to magnitude.")
    # Before SimpleITK sets aside as much memory as a damaged header asks for.
    checked_byte_count((*size, int(reader.GetNumberOfComponents())), 8, path)


def _affine(image) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    affine[:3] *= LPS_TO_RAS[:, None]
    return affine + 0.0
