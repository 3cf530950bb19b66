"""What is lost when the segments of a segmentation become labels on the grid of an image."""

from __future__ import annotations

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from SpatioTemporalLib.data import LabelMap
from SpatioTemporalLib.errors import Finding, GeometryError, Severity, counted

# A move onto another grid changes small regions by rounding; more than this is said.
SMALLEST_CHANGE = 0.02
MOST_CLIPPED = 0.5


def segmentation_findings(segmentation, drawn: LabelMap, placed: LabelMap) -> tuple[Finding, ...]:
    """Overlaps that labels cannot hold, and volume that the grid of the image cut off or changed.

    drawn : the segments on their own grid. placed : on the grid of the image.

    Raises
    ------
    GeometryError
        ``E-MASK-OUTSIDE`` when no voxel of the image lies in a segment.
    """
    before, after = _volume(drawn), _volume(placed)
    if after == 0:
        raise GeometryError(
            "E-MASK-OUTSIDE",
            f"its segments ({before:.3g} mL) lie outside of the image",
            where=drawn.name,
            fix="Choose the segmentation drawn on this examination, or move it there by registration.",
        )
    findings = []
    overlap = _overlapping_voxels(segmentation)
    if overlap:
        text = (
            f"{counted(overlap, 'voxel lies', 'voxels lie')} in several segments; each was counted for the last of them"
        )
        findings.append(Finding("W-LABEL-OVERLAP", Severity.WARN, text, drawn.name))
    if after < (1 - MOST_CLIPPED) * before:
        text = f"only {after:.3g} of {before:.3g} mL lie inside the image; the rest was cut off"
        findings.append(Finding("W-MASK-CLIPPED", Severity.WARN, text, drawn.name))
    elif abs(after - before) > SMALLEST_CHANGE * before:
        text = f"on the grid of the image it is {after:.3g} mL, {before:.3g} mL as drawn"
        findings.append(Finding("R-MASK-GRID", Severity.REPAIR, text, drawn.name))
    return tuple(findings)


def _volume(labels: LabelMap) -> float:
    return float(np.count_nonzero(labels.foreground)) * labels.geometry.voxel_volume_ml


def _overlapping_voxels(segmentation) -> int:
    """Voxels set in more than one layer; segments of one layer cannot overlap."""
    name = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    if segmentation.GetNumberOfLayers(name) < 2:
        return 0
    places: dict[tuple[int, int, int], int] = {}
    for layer in range(segmentation.GetNumberOfLayers(name)):
        for place in _set_places(segmentation.GetLayerDataObject(layer, name)):
            places[place] = places.get(place, 0) + 1
    return sum(count > 1 for count in places.values())


def _set_places(image) -> list[tuple[int, int, int]]:
    """Voxel indices that are set in one layer, on the grid that all layers share."""
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None:
        return []
    extent = image.GetExtent()
    shape = image.GetDimensions()[::-1]
    found = np.argwhere(vtk_to_numpy(scalars).reshape(shape)) + np.array(extent[4::-2])
    return [tuple(place) for place in found.tolist()]
