"""Which nodes a user may pick for each kind of input, and the values they stand for."""

from __future__ import annotations

from collections.abc import Callable

from SpatioTemporalLib.data import Curve, FollowUp, Geometry, ImageStack, LabelMap, Map, Point, Series, Table
from SpatioTemporalLib.errors import InputError

from ..scene.attributes import PREFIX
from ..series.stack_nodes import stack_from_node
from ..values.value_nodes import curve_from_node, labels_from_node, map_from_node, table_from_node
from ..visits.follow_up_nodes import KIND, VISITS, follow_up_from_node

NODE_CLASSES = {
    Series: ("vtkMRMLSequenceNode",),
    FollowUp: ("vtkMRMLSequenceNode",),
    ImageStack: ("vtkMRMLSequenceNode",),
    Map: ("vtkMRMLScalarVolumeNode",),
    LabelMap: ("vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode"),
    Curve: ("vtkMRMLTableNode",),
    Table: ("vtkMRMLTableNode",),
    Point: ("vtkMRMLMarkupsFiducialNode",),
}
"""Classes of nodes a user may pick for each kind of input."""

NODE_ATTRIBUTES = {FollowUp: (PREFIX + KIND, VISITS)}
"""Attribute and value that nodes of a kind have."""


def value_from_node(kind: type, node, geometry: Geometry | None = None) -> object:
    """The value a node stands for, as an input of that kind needs it; series have `series_from_node`.

    geometry : the grid label maps are wanted on; their own if not given.
    """
    readers: dict[type, Callable] = {
        FollowUp: follow_up_from_node,
        ImageStack: stack_from_node,
        Map: map_from_node,
        Curve: curve_from_node,
        Table: table_from_node,
        Point: point_from_node,
    }
    return labels_from_node(node, geometry) if kind is LabelMap else readers[kind](node)


def point_from_node(node) -> Point:
    """The first control point of a point list, where transforms put it.

    Raises
    ------
    InputError
        ``E-POINT`` when none has been placed.
    """
    if not node.GetNumberOfControlPoints() or node.GetNthControlPointPositionStatus(0) != node.PositionDefined:
        raise InputError(
            "E-POINT",
            "no point has been placed",
            where=node.GetName(),
            fix="Place one in a slice view (toolbar, Markups, Point List).",
        )
    ras = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, ras)
    return Point(tuple(ras), node.GetNthControlPointLabel(0) or node.GetName())
