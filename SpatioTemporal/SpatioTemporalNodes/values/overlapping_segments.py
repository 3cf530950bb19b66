"""Segments that overlap, each for itself: no one label map can hold them."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from SpatioTemporalLib.data import Geometry, Label, LabelMap

from .segmentation_nodes import named_segments


def overlapping_segments(node) -> dict[str, LabelMap]:
    """By its name, each segment of a segmentation whose segments may overlap, on the grid it was drawn on.

    Empty for segmentations of one layer, whose segments cannot overlap, and for label volumes.
    """
    name = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    if not node.IsA("vtkMRMLSegmentationNode"):
        return {}
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfLayers(name) < 2:
        return {}
    found: dict[str, LabelMap] = {}
    with named_segments(segmentation) as segments:
        for segment in segments:
            region = segment_region(segment)
            if region is not None:
                own = segment.GetName()
                own = own if own not in found else f"{own} ({len(found) + 1})"
                found[own] = LabelMap(*region, {1: Label(own, tuple(segment.GetColor()))}, own)
    return found


def segment_region(segment) -> tuple[np.ndarray, Geometry] | None:
    """Voxels and grid of a segment's binary label map, cut to where it lies; None where it has none."""
    image = segment.GetRepresentation(slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName())
    scalars = None if image is None else image.GetPointData().GetScalars()
    if scalars is None:
        return None
    low = np.array(image.GetExtent()).reshape(3, 2)[:, 0]
    values = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]) == segment.GetLabelValue()
    if not values.any():
        return None
    spans = [np.flatnonzero(values.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    cut = tuple(slice(span[0], span[-1] + 1) for span in spans)
    affine = _affine(image)
    start = low + [part.start for part in cut[::-1]]
    affine[:3, 3] += affine[:3, :3] @ start
    region = np.ascontiguousarray(values[cut]).astype(np.uint8)
    return region, Geometry(region.shape, affine)


def _affine(image) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
