"""Lists of points."""

from __future__ import annotations

from SpatioTemporalLib.data import Geometry, Point
from SpatioTemporalLib.errors import InputError

from ..values.node_reader import NodeReader


def point_from_node(node, geometry: Geometry | None = None) -> Point:
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


POINT = NodeReader("Point", point_from_node)
