"""Segmentations, volumes and tables as the library's words: label maps, maps, curves, tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from SpatioTemporalLib.data import Curve, Geometry, Label, LabelMap, Map, Table
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.images.time_axis import seconds_per_unit
from SpatioTemporalLib.io.tables.delimited import name_and_unit

from ..scene import attributes
from .segmentation_findings import segmentation_findings
from .segmentation_nodes import named_segments, segment_code
from .voxels import matrix_of, node_geometry, node_values, require_no_transform, with_nan

HOUNSFIELD = "[hnsf'U]"


def labels_from_node(node, geometry: Geometry | None = None) -> LabelMap:
    """The segments of a segmentation, or the labels of a label volume, on a grid.

    Where segments overlap, the later one counts; that, and what the move onto
    the grid did to their volume, is among the findings.

    Raises
    ------
    InputError
        ``E-MASK-EMPTY`` when nothing is drawn.
    GeometryError
        ``E-MASK-OUTSIDE`` when nothing lies inside the grid, ``E-GEO-TRANSFORM`` under a transform.
    """
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        labels = LabelMap(node_values(node), node_geometry(node), name=node.GetName())
        if geometry is not None:
            labels.geometry.require_match(geometry, node.GetName(), "the series")
        return labels
    if not node.IsA("vtkMRMLSegmentationNode"):
        raise InputError(
            "E-KIND",
            f"a {node.GetClassName()} holds no regions",
            where=node.GetName(),
            fix="Choose a segmentation or a label map volume.",
        )
    require_no_transform(node, node.GetName() or "segmentation")
    segmentation = node.GetSegmentation()
    with named_segments(segmentation) as segments:
        labels = {number: label_of(segment) for number, segment in enumerate(segments, start=1)}
        drawn = LabelMap(*_exported(node, None), labels, node.GetName())
        if not drawn.foreground.any():
            raise _empty(node)
        placed = drawn if geometry is None else LabelMap(*_exported(node, geometry), labels, node.GetName())
        return replace(placed, findings=segmentation_findings(segmentation, drawn, placed))


def map_from_node(node) -> Map:
    """The quantity in a volume, NaN again where the node could not hold it."""
    unit = unit_of(node)
    if not unit:
        raise InputError(
            "E-UNIT",
            "nothing says in which unit the volume is",
            where=node.GetName(),
            fix="Fill in the unit beside it in step 3, or in the Python console: "
            f"getNode('{node.GetName()}').SetAttribute('SpatioTemporal.Unit', 's').",
        )
    values = node_values(node)
    if attributes.json_fact(node, "NotANumberCount", 0):
        values = with_nan(values)
    return Map(values, node_geometry(node), unit, node.GetName())


def unit_of(node) -> str:
    """The unit of the values of a volume, or of a sequence of volumes; "" where nothing says it."""
    known = attributes.fact(node, "Unit")
    if known or not node.IsA("vtkMRMLVolumeNode"):
        return known or ""
    entry = node.GetVoxelValueUnits()
    if entry is None:
        return ""
    # So Slicer says it of CT.
    return "HU" if entry.GetCodeValue() == HOUNSFIELD else entry.GetCodeMeaning() or ""


def say_unit(node, unit: str) -> None:
    """Keep the unit of a volume's values with it."""
    attributes.set_fact(node, "Unit", unit.strip())


def curve_from_node(node) -> Curve:
    """The first quantity over time in a table: the first column is the time."""
    columns = [_column(node, n) for n in range(node.GetNumberOfColumns())]
    seconds = seconds_per_unit(columns[0][1]) if columns else None
    if len(columns) < 2 or seconds is None or not columns[1][1]:
        found = ", ".join(f"{name} [{unit}]" for name, unit, _ in columns) or "no columns"
        raise InputError(
            "E-CURVE",
            f"a curve needs a column of times with a unit and one of values with a unit, found {found}",
            where=node.GetName(),
            fix="Name the columns as in 'time [s]' and 'Cp [mmol/L]', or give them unit labels.",
        )
    if any(isinstance(value, str) for _, _, values in columns[:2] for value in values):
        raise InputError(
            "E-CURVE",
            "the first two columns hold text, numbers were expected",
            where=node.GetName(),
            fix="Set the type of these columns to double.",
        )
    times, values = (np.array(values, dtype=float) for _, _, values in columns[:2])
    known = np.isfinite(times) & np.isfinite(values)
    name, unit, _ = columns[1]
    return Curve(times[known] * seconds, values[known], unit, f"{node.GetName()} {name}")


def table_from_node(node) -> Table:
    """All columns of a table with their units."""
    columns = [_column(node, n) for n in range(node.GetNumberOfColumns())]
    units = {name: unit for name, unit, _ in columns if unit}
    return Table({name: list(values) for name, _, values in columns}, units, node.GetName())


def _column(node, index: int) -> tuple[str, str, list]:
    array = node.GetTable().GetColumn(index)
    name, unit = name_and_unit(array.GetName())
    unit = node.GetColumnUnitLabel(array.GetName()) or unit
    if isinstance(array, vtk.vtkStringArray):
        return name, unit, [array.GetValue(row) for row in range(array.GetNumberOfValues())]
    return name, unit, vtk_to_numpy(array).tolist()


def label_of(segment) -> Label:
    """Name, colour and codes of a segment."""
    entry = vtk.reference("")
    segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
    return Label(segment.GetName(), tuple(segment.GetColor()), *segment_code(str(entry)))


def _exported(node, geometry: Geometry | None) -> tuple[np.ndarray, Geometry]:
    scene = node.GetScene()
    before = _node_ids(scene)
    identifiers = vtk.vtkStringArray()
    node.GetSegmentation().GetSegmentIDs(identifiers)
    volume = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "SpatioTemporal regions")
    reference = _empty_volume(scene, geometry) if geometry is not None else None
    try:
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        if reference is not None:
            done = logic.ExportSegmentsToLabelmapNode(node, identifiers, volume, reference)
        else:
            done = logic.ExportAllSegmentsToLabelmapNode(node, volume, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY)
        image = volume.GetImageData()
        # Of segments without voxels the export says that it was done, and leaves no image.
        if not done or not identifiers.GetNumberOfValues() or image is None or not image.GetNumberOfPoints():
            raise _empty(node)
        return node_values(volume).copy(), node_geometry(volume)
    finally:
        # Label volumes come with display and colour nodes.
        for identifier in sorted(_node_ids(scene) - before, reverse=True):
            scene.RemoveNode(scene.GetNodeByID(identifier))


def _empty(node) -> InputError:
    count = node.GetSegmentation().GetNumberOfSegments()
    found = f"none of its {count} segments has a voxel" if count > 1 else "its segment has no voxel"
    return InputError(
        "E-MASK-EMPTY",
        f"no segment has voxels: {found if count else 'there are no segments'}",
        where=node.GetName() or "segmentation",
        fix="Draw a region in the Segment Editor.",
    )


def _empty_volume(scene, geometry: Geometry):
    image = vtk.vtkImageData()
    image.SetDimensions(*reversed(geometry.shape))
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "SpatioTemporal grid")
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(matrix_of(geometry))
    return node


def _node_ids(scene) -> set[str]:
    nodes = scene.GetNodesByClass("vtkMRMLNode")
    nodes.UnRegister(None)
    return {nodes.GetItemAsObject(index).GetID() for index in range(nodes.GetNumberOfItems())}
