"""Graphs as models in the 3D views, with the tables of their nodes and edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from SpatioTemporalLib.data import Graph
from SpatioTemporalLib.data.graph import KIND, RELATION

from ..display.colours import categorical_colour
from ..scene import attributes
from .table_nodes import fill_table
from .value_nodes import table_from_node

SIDES = 16
# Of the extent of the whole graph.
BALL, SMALLEST_BALL, LINE = 0.02, 1.5, 0.15
COLOUR = "Colour"
EDGE_GREY, NEXT_ORANGE = (0.75, 0.75, 0.75), (0.95, 0.6, 0.1)
WARM, COLD = (0.84, 0.15, 0.16), (0.17, 0.35, 0.72)


@dataclass(frozen=True)
class GraphNodes:
    """A model that draws a graph, and tables of its nodes and edges."""

    model: object
    nodes: object
    edges: object


def fill_graph(into: GraphNodes, graph: Graph) -> None:
    """Draw a graph: balls where its nodes lie, tubes between them; nodes that lie nowhere are in the table alone.

    Balls have the colour of their kind, or by the column the graph is coloured by:
    red above zero, blue below, as strong as the value.
    """
    fill_table(into.nodes, graph.nodes)
    fill_table(into.edges, graph.edges)
    into.model.SetAndObservePolyData(_drawn(graph))
    attributes.set_fact(into.model, "GraphName", graph.name)
    attributes.set_fact(into.model, "ColourBy", graph.colour_by)
    into.model.CreateDefaultDisplayNodes()
    display = into.model.GetDisplayNode()
    display.SetActiveScalar(COLOUR, vtk.vtkAssignAttribute.POINT_DATA)
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseDirectMapping)
    display.SetScalarVisibility(True)


def graph_from_nodes(model, *tables) -> Graph:
    """The graph that a model draws, by the tables of its nodes and edges."""
    name, colour_by = (attributes.fact(model, fact, "") for fact in ("GraphName", "ColourBy"))
    read = [table_from_node(table) for table in tables]
    edges = next(table for table in read if RELATION in table.columns)
    nodes = next(table for table in read if table is not edges)
    return Graph(nodes, edges, name or "graph", colour_by)


def _drawn(graph: Graph):
    places = graph.places
    there = np.isfinite(places).all(axis=1)
    whole = vtk.vtkAppendPolyData()
    whole.AddInputData(_coloured(vtk.vtkPolyData(), EDGE_GREY))
    radius = max(BALL * float(np.linalg.norm(np.ptp(places[there], axis=0))), SMALLEST_BALL) if there.any() else 1.0
    for row, colour in zip(np.flatnonzero(there), _colours(graph)[there]):
        whole.AddInputData(_coloured(_ball(places[row], radius), colour))
    relations = graph.edges.columns[RELATION]
    for (start, end), relation in zip(graph.pairs, relations):
        if there[start] and there[end] and start != end:
            tube = _tube(places[start], places[end], radius * LINE)
            whole.AddInputData(_coloured(tube, NEXT_ORANGE if relation == "next" else EDGE_GREY))
    whole.Update()
    return whole.GetOutput()


def _colours(graph: Graph) -> np.ndarray:
    """(N, 3) colour of each node, 0..1."""
    if graph.colour_by in graph.nodes.columns:
        values = np.nan_to_num(np.array(graph.nodes.columns[graph.colour_by], dtype=float))
        strength = np.abs(values)[:, None] / max(float(np.abs(values).max()), 1e-12)
        return 0.85 * (1 - strength) + np.where(values[:, None] > 0, WARM, COLD) * strength
    kinds = list(dict.fromkeys(graph.nodes.columns[KIND]))
    return np.array([categorical_colour(kinds.index(kind)) for kind in graph.nodes.columns[KIND]]).reshape(-1, 3)


def _ball(place: np.ndarray, radius: float):
    source = vtk.vtkSphereSource()
    source.SetCenter(*place)
    source.SetRadius(radius)
    source.SetThetaResolution(SIDES)
    source.SetPhiResolution(SIDES)
    source.Update()
    return source.GetOutput()


def _tube(start: np.ndarray, end: np.ndarray, radius: float):
    line = vtk.vtkLineSource()
    line.SetPoint1(*start)
    line.SetPoint2(*end)
    tube = vtk.vtkTubeFilter()
    tube.SetInputConnection(line.GetOutputPort())
    tube.SetRadius(radius)
    tube.SetNumberOfSides(SIDES // 2)
    tube.Update()
    return tube.GetOutput()


def _coloured(part, colour):
    rgb = np.tile((255 * np.clip(colour, 0, 1)).astype(np.uint8), (part.GetNumberOfPoints(), 1)).reshape(-1, 3)
    array = numpy_to_vtk(rgb, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
    array.SetName(COLOUR)
    part.GetPointData().AddArray(array)
    return part
