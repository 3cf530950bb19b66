"""Labels drawn on one grid, brought onto another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import Finding, GeometryError, InputError, Severity
from ..geometry import Geometry
from ..volumes import LabelMap

MOST_CLIPPED = 0.5


def labels_on_grid(labels: LabelMap, geometry: Geometry, name: str) -> tuple[LabelMap, tuple[Finding, ...]]:
    """Labels resampled onto the grid of an image, each voxel taking its nearest label.

    Slicer saves segmentations cropped to their extent, so their grid is seldom
    that of the image they were drawn on.

    Parameters
    ----------
    labels : LabelMap
    geometry : Geometry   Grid of the image.
    name : str            Of the image, for messages.

    Returns
    -------
    labels : LabelMap     The same object when its grid already matches.
    findings : tuple of Finding
        How much the volume changed, and a warning when most of it was cut off.

    Raises
    ------
    InputError
        ``E-MASK-EMPTY`` when no voxel is set.
    GeometryError
        ``E-MASK-OUTSIDE`` when nothing lies inside the image.
    """
    if not labels.foreground.any():
        raise InputError("E-MASK-EMPTY", "has no voxel set", where=labels.name, fix="Draw the region first.")
    if labels.geometry.matches(geometry):
        return labels, ()
    inside = _share_inside(labels, geometry)
    placed = replace(labels, values=_nearest(labels, geometry), geometry=geometry)
    if inside == 0 or not placed.foreground.any():
        raise GeometryError(
            "E-MASK-OUTSIDE",
            f"lies wholly outside {name}",
            where=labels.name,
            fix=f"Check that it was drawn on {name} or on an image of the same examination.",
        )
    before, after = (float(np.count_nonzero(m.foreground)) * m.geometry.voxel_volume_ml for m in (labels, placed))
    text = f"was brought onto the grid of {name}; its volume went from {before:.4g} to {after:.4g} mL"
    findings = [Finding("R-MASK-GRID", Severity.REPAIR, text, labels.name)]
    if inside < MOST_CLIPPED:
        text = f"{100 * (1 - inside):.0f} % of it lies outside {name} and was cut off"
        findings.append(Finding("W-MASK-CLIPPED", Severity.WARN, text, labels.name))
    return placed, tuple(findings)


def _share_inside(labels: LabelMap, geometry: Geometry) -> float:
    set_voxels = np.argwhere(labels.foreground)[:, ::-1]
    ijk = geometry.ras_to_ijk(labels.geometry.ijk_to_ras(set_voxels))
    limits = np.array(geometry.shape[::-1]) - 0.5
    return float(((ijk > -0.5) & (ijk < limits)).all(axis=1).mean())


def _nearest(labels: LabelMap, geometry: Geometry) -> np.ndarray:
    placed = np.zeros(geometry.shape, dtype=labels.values.dtype)
    sizes = np.array(labels.geometry.shape[::-1])
    rows, columns = geometry.shape[1:]
    plane = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    # Slice by slice: the indices of a whole volume would take more memory than the volume.
    for k in range(geometry.shape[0]):
        target = np.concatenate([plane, np.full((rows, columns, 1), k)], axis=-1)
        ijk = np.floor(labels.geometry.ras_to_ijk(geometry.ijk_to_ras(target)) + 0.5).astype(np.int64)
        inside = ((ijk >= 0) & (ijk < sizes)).all(axis=-1)
        i, j, slices = ijk[inside].T
        placed[k][inside] = labels.values[slices, j, i]
    return placed
