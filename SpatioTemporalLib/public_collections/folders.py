"""Patients of a collection as a download left them: a folder each, with a folder for each series."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..io.dicom.headers.files import read_header
from ..io.dicom.segmentation.file import images_drawn_on
from ..io.dicom.segmentation.segments import is_segmentation

DEEPEST = 6


@dataclass(frozen=True)
class Case:
    """The images of a patient at the only examination. image : folder of a series. segmentation : file."""

    name: str
    image: Path
    segmentation: Path


def folders_below(top: Path) -> dict[str, list[Path]]:
    """Folders by their names, down to the one in which a manifest's patients lie."""
    found: dict[str, list[Path]] = {}
    for place, folders, _ in os.walk(top):
        folders.sort()
        if len(Path(place).relative_to(top).parts) >= DEEPEST:
            folders.clear()
        for folder in folders:
            found.setdefault(folder, []).append(Path(place) / folder)
    return found


def case_in(name: str, folder: Path, modality: str = "CT") -> Case:
    """The image and the segmentation of a patient.

    Raises
    ------
    InputError
        ``E-COLLECTION`` when there is no segmentation, or several; no image, or several of which it names none.
    """
    segmentations, series = [], []
    for place in _series_in(folder):
        first = next(_headers(place), None)
        if first is not None and is_segmentation(first):
            segmentations += [Path(header.filename) for header in _headers(place) if is_segmentation(header)]
        elif first is not None and first.get("Modality") == modality:
            series.append(place)
    if len(segmentations) != 1:
        raise _unclear(name, f"has {len(segmentations) or 'no'} segmentations, one was expected")
    if len(series) > 1:
        drawn = images_drawn_on(segmentations[0]).images
        series = [s for s in series if any(str(h.get("SOPInstanceUID", "")) in drawn for h in _headers(s))]
    if len(series) != 1:
        raise _unclear(name, f"has {len(series) or 'no'} {modality} series that the segmentation was drawn on")
    return Case(name, series[0], segmentations[0])


def beside(folders: Collection[Path]) -> set[str]:
    """Names of all folders that lie beside some."""
    return {each.name for parent in {f.parent for f in folders} for each in parent.iterdir() if each.is_dir()}


def _series_in(folder: Path) -> list[Path]:
    """The folders with files, sorted."""
    return [Path(place) for place, _, files in sorted(os.walk(folder)) if files]


def _headers(folder: Path) -> Iterator:
    files = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith("."))
    headers = (read_header(path) for path in files)
    return (header for header in headers if header is not None)


def _unclear(name: str, what: str) -> InputError:
    return InputError("E-COLLECTION", what, where=name, fix="Download the case again, or leave it out.")
