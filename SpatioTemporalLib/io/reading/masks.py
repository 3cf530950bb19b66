"""All masks of a file by their names: segments that overlap come one by one."""

from __future__ import annotations

import os
from pathlib import Path

from ...data.volumes import LabelMap
from ..dicom.segmentation.file import (
    holds_segmentation,
    overlaps,
    read_segmentation,
    segment_names,
    separate,
    together,
)
from .read_image import holds_dicom, is_called_dicom
from .volumes import read_labels


def read_masks(path: str | os.PathLike, name: str = "mask") -> dict[str, LabelMap]:
    """The masks of a file by name, each on its own grid.

    Each segment of a DICOM segmentation is a mask called as the segment, and may overlap others; the labels of any
    other file are one mask.

    Parameters
    ----------
    path : path
        Of any format of `io.formats`; of DICOM, a segmentation or a folder with one.
    name : str
        Of the mask of a file that is no DICOM segmentation.
    """
    if is_segmentation(path):
        return separate(read_segmentation(Path(path)))
    return {name: read_labels(path)}


def joined_masks(path: str | os.PathLike, name: str = "mask") -> dict[str, LabelMap]:
    """The labels of a file as one mask of this name; segments that overlap one by one under their own names."""
    if not is_segmentation(path):
        return {name: read_labels(path)}
    found = read_segmentation(Path(path))
    return separate(found) if overlaps(found) else {name: together(found, name)}


def mask_names(path: str | os.PathLike, name: str = "mask") -> tuple[str, ...]:
    """Names of the masks that `read_masks` finds, without their voxels."""
    return segment_names(Path(path)) if is_segmentation(path) else (name,)


def is_segmentation(path: str | os.PathLike) -> bool:
    """Whether a path is a DICOM segmentation, or a folder with one."""
    return (is_called_dicom(Path(path)) or holds_dicom(path)) and holds_segmentation(Path(path))
