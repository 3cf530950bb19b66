"""Images and masks of a visit, as a cohort's columns name them: a segmentation says which image it was drawn on."""

from __future__ import annotations

from pathlib import Path

from ...data.volumes import LabelMap, Map
from ..reading.masks import is_segmentation, mask_names, read_masks
from ..reading.volumes import read_labels, read_map

MASK = "mask"


def images_of_visit(images: list[tuple[str, str, Path]], masks: list[Path]) -> dict[str, Map]:
    """The images of a visit by name; the only one as the segmentation says that was drawn on it.

    images : (name, unit, path) of each.
    """
    drawn = next((path for path in masks if is_segmentation(path)), None) if len(images) == 1 else None
    return {name: read_map(path, unit, name, segmentation=drawn) for name, unit, path in images}


def masks_of_column(name: str, path: Path) -> dict[str, LabelMap]:
    """The mask of a column ``mask:NAME``; of one called ``mask`` alone each segment by its own name."""
    return read_masks(path, name) if name == MASK else {name: read_labels(path)}


def names_of_masks(folder: Path, columns: list[tuple[str, str, str, list[str]]]) -> tuple[str, ...]:
    """Of all columns (kind, name, unit, cells), and of the segments in those called ``mask`` alone."""
    found: dict[str, None] = {}
    for kind, name, _, cells in columns:
        paths = [folder / cell for cell in cells if cell] if kind == "mask" else []
        own = [mask_names(path, name) for path in paths] if name == MASK else [(name,)] * (kind == "mask")
        found |= dict.fromkeys(each for names in own for each in names)
    return tuple(found)
