"""Label maps as segmentations, with names, colours and terminology."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import slicer
from vtk.util.numpy_support import numpy_to_vtk

from SpatioTemporalLib.data import Code, Geometry, Label, LabelMap
from SpatioTemporalLib.io.files.json_text import is_list_of_numbers
from SpatioTemporalLib.io.files.room import free_memory

from ..display.colours import categorical_colour
from ..scene import attributes
from .voxels import matrix_of

TERMINOLOGY = "Segmentation category and type - 3D Slicer General Anatomy list"
ANATOMY = "Anatomic codes - DICOM master list"
BINARY_LABELMAP = "Binary labelmap"
# What Slicer itself takes for a segment of which nothing is known.
UNKNOWN_CATEGORY = Code("85756007", "SCT", "Tissue")
UNKNOWN_TYPE = Code("85756007", "SCT", "Tissue")


def fill_segmentation(node, labels: LabelMap) -> None:
    """Replace the segments of a segmentation node by the labels of a label map."""
    node.GetSegmentation().RemoveAllSegments()
    # A node that is to be a frame of a sequence is in no scene.
    if node.GetScene() is not None:
        node.CreateDefaultDisplayNodes()
    image = _oriented_image(labels)
    for index, (value, label) in enumerate(sorted(labels.labels.items())):
        segment = slicer.vtkSegment()
        segment.SetName(label.name)
        segment.SetColor(*(label.colour or categorical_colour(index)))
        segment.SetLabelValue(value)
        # One image for all: segments of one label map do not overlap and Slicer edits them as one layer.
        segment.AddRepresentation(BINARY_LABELMAP, image)
        segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), terminology_entry(label))
        node.GetSegmentation().AddSegment(segment, f"label_{value}")


@contextmanager
def named_segments(segmentation) -> Iterator[list]:
    """The segments of a segmentation, those without a name under a made-up one meanwhile.

    Slicer's export of segments ends the process at a segment without a name.
    """
    segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
    taken = {segment.GetName() for segment in segments}
    nameless = {n: (segment, segment.GetName()) for n, segment in enumerate(segments, start=1) if not segment.GetName()}
    try:
        for number, (segment, _) in nameless.items():
            name = f"Segment {number}"
            segment.SetName(name if name not in taken else f"{name} (without a name)")
        yield segments
    finally:
        for segment, name in nameless.values():
            segment.SetName(name)


def set_grid(node, geometry: Geometry) -> None:
    """Keep the grid its labels were made on with a segmentation: editing it may change the segments' own."""
    attributes.set_fact(node, "Grid", {"shape": list(geometry.shape), "affine": geometry.affine.tolist()})


def grid_of(node) -> Geometry | None:
    """The grid its labels were made on, None where nothing says it."""
    known = attributes.json_fact(node, "Grid", kind=dict)
    if not known:
        return None
    shape, affine = known.get("shape"), known.get("affine")
    whole = is_list_of_numbers(shape) and all(isinstance(size, int) and size > 0 for size in shape)
    rows = isinstance(affine, list) and all(is_list_of_numbers(row) and len(row) == 4 for row in affine)
    fits = whole and len(shape) == 3 and math.prod(shape) <= (free_memory() or math.inf)
    if not (fits and rows and len(affine) == 4):
        raise attributes.damaged_fact(node, "Grid", "is no grid of an image")
    return Geometry(tuple(shape), np.array(affine, dtype=float))


def terminology_entry(label: Label) -> str:
    """Category and type of a label as Slicer writes them into a segment."""
    category, kind = label.category or UNKNOWN_CATEGORY, label.type or UNKNOWN_TYPE
    codes = ["^".join((code.scheme, code.value, code.meaning)) for code in (category, kind)]
    return "~".join([TERMINOLOGY, *codes, "^^", ANATOMY, "^^", "^^"])


def _oriented_image(labels: LabelMap):
    values = labels.values
    kind = np.uint8 if values.max(initial=0) < 256 and values.min(initial=0) >= 0 else np.int16
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*reversed(values.shape))
    scalars = numpy_to_vtk(np.ascontiguousarray(values, dtype=kind).reshape(-1), deep=True)
    image.GetPointData().SetScalars(scalars)
    image.SetImageToWorldMatrix(matrix_of(labels.geometry))
    return image


def segment_code(entry: str) -> tuple[Code | None, Code | None]:
    """Category and type out of what Slicer writes into a segment; the inverse of `terminology_entry`."""
    parts = entry.split("~")
    codes = [part.split("^") for part in parts[1:3]]
    read = [Code(value, scheme, meaning) for scheme, value, meaning in (c for c in codes if len(c) == 3 and c[1])]
    if len(read) != 2 or read == [UNKNOWN_CATEGORY, UNKNOWN_TYPE]:
        return None, None
    return read[0], read[1]
