"""The runs of a scene: their nodes, their inputs, and their results read back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from SpatioTemporalLib.data import Curve, Display, Provenance, Result, Table
from SpatioTemporalLib.system.plain_text import for_file_name, for_message

from ..scene import attributes
from ..scene.stored_json import damaged
from ..series.frames import browser_of
from ..series.label_frames import holds_labels, label_series_from_node
from ..series.series_nodes import series_from_node
from ..values.graph_nodes import graph_from_nodes
from ..values.report_nodes import report_from_node
from ..values.segmentation_nodes import grid_of
from ..values.value_nodes import labels_from_node, map_from_node, table_from_node
from ..values.voxels import node_geometry
from .hierarchy import hierarchy_of, item_of
from .provenance import made_with
from .result_nodes import ResultNodes

INPUT_REFERENCE = "SpatioTemporal.Input."
FIRST_CLASSES = ("vtkMRMLModelNode", "vtkMRMLPlotChartNode", "vtkMRMLTableNode")
__all__ = ["curves_of_chart", "input_nodes", "nodes_of_run", "remember_inputs", "result_from_nodes"]


def nodes_of_run(scene, run: str) -> ResultNodes:
    """The nodes of a run that are still in the scene, as `add_result` gave them."""
    by_output: dict[str, list] = {}
    for node in _nodes(scene):
        if attributes.fact(node, "Run") == run:
            by_output.setdefault(attributes.fact(node, "Output", ""), []).append(node)
    ordered = {output: tuple(_ordered(nodes)) for output, nodes in by_output.items()}
    first = next((nodes[0] for nodes in ordered.values()), None)
    folder = hierarchy_of(scene).GetItemParent(item_of(first)) if first is not None else 0
    return ResultNodes(folder, ordered)


def remember_inputs(nodes: ResultNodes, inputs: dict[str, object]) -> None:
    """Keep with each output which nodes it was made from, so that it can be made again."""
    for outputs in nodes.by_output.values():
        for output in outputs:
            for name, node in inputs.items():
                if node is not None and not output.IsA("vtkMRMLSequenceBrowserNode"):
                    output.SetNodeReferenceID(INPUT_REFERENCE + name, node.GetID())


def input_nodes(nodes: ResultNodes) -> dict[str, object]:
    """The nodes a run was made from by input name; None for one that is gone."""
    first = next(iter(nodes.by_output.values()))[0]
    found = {}
    for index in range(first.GetNumberOfNodeReferenceRoles()):
        role = first.GetNthNodeReferenceRole(index)
        if role.startswith(INPUT_REFERENCE) and first.GetNodeReferenceID(role):
            found[role.removeprefix(INPUT_REFERENCE)] = first.GetNodeReference(role)
    return found


def result_from_nodes(nodes: ResultNodes) -> Result:
    """The result of a run as its nodes hold it now, whatever was edited since included."""
    grids = nodes.of_class("vtkMRMLScalarVolumeNode")
    geometry = node_geometry(grids[0]) if grids else None
    outputs = {_named(o, own[0]): _readable(own, geometry) for o, own in nodes.by_output.items()}
    first = next(iter(nodes.by_output.values()))[0]
    texts = {name: attributes.fact(first, name.capitalize(), "") for name in ("analysis", "title", "citation")}
    texts |= {name: attributes.fact(first, name.capitalize(), "") for name in ("device", "created")}
    facts = made_with(first)
    numbers = {name: attributes.number_fact(first, name.capitalize()) for name in ("seconds", "seed")}
    return Result(
        outputs=outputs,
        displays={output: Display() for output in outputs},
        helps={output: attributes.fact(n[0], "Help", "") for output, n in nodes.by_output.items()},
        provenance=Provenance(**texts, **facts, **numbers),
        findings=attributes.findings_of(first),
    )


def curves_of_chart(table_node, plots: Iterable) -> tuple[Curve, ...]:
    """The curves that `fill_chart` put into a table, by the plots that show them."""
    table = table_from_node(table_node)
    return tuple(_curve(table, plot) for plot in plots)


def _curve(table: Table, plot) -> Curve:
    clock, name = plot.GetXColumnName(), plot.GetYColumnName()
    times, values = np.array(table.columns[clock], float), np.array(table.columns[name], float)
    known = np.isfinite(times)
    spread = table.columns.get(f"{name} spread")
    return Curve(
        times[known],
        values[known],
        table.units.get(name, "1"),
        name,
        fit_of=name.removesuffix(" fit") if name.endswith(" fit") else "",
        spread=None if spread is None else np.array(spread, float)[known],
        axis=f"{clock.removesuffix(f' of {name}')} [{table.units.get(clock) or 's'}]",
        drawn="line" if plot.GetLineStyle() else "points",
    )


def _named(output: str, node) -> str:
    """The name of an output, which will be that of a file."""
    if not output or for_file_name(output) != output:
        raise attributes.damaged_fact(node, "Output", f"is {for_message(output, 40)!r}, which names no output")
    return output


def _readable(nodes: tuple, geometry) -> object:
    try:
        return _value(nodes, geometry)
    except (KeyError, IndexError, StopIteration, TypeError, ValueError, AttributeError) as error:
        what = attributes.fact(nodes[0], "Output", "")
        raise damaged(nodes[0].GetName() or "a node", f"the output {for_message(what)}", "is not whole") from error


def _value(nodes: tuple, geometry) -> object:
    first = nodes[0]
    if first.IsA("vtkMRMLSegmentationNode"):
        return labels_from_node(first, grid_of(first) or geometry)
    if first.IsA("vtkMRMLPlotChartNode"):
        return curves_of_chart(nodes[1], nodes[2:])
    if first.IsA("vtkMRMLModelNode"):
        return graph_from_nodes(*nodes)
    if holds_labels(first):
        return label_series_from_node(first)
    readers = {
        "vtkMRMLTableNode": table_from_node,
        "vtkMRMLTextNode": report_from_node,
        "vtkMRMLSequenceNode": series_from_node,
        "vtkMRMLScalarVolumeNode": map_from_node,
    }
    return next(read for name, read in readers.items() if first.IsA(name))(first)


def _ordered(nodes: list) -> Iterable:
    """Charts before their table before their plots; a sequence before its browser."""
    for class_name in FIRST_CLASSES:
        yield from (node for node in nodes if node.IsA(class_name))
    for node in nodes:
        if not any(node.IsA(class_name) for class_name in FIRST_CLASSES):
            yield node
            if node.IsA("vtkMRMLSequenceNode") and browser_of(node) is not None:
                yield browser_of(node)


def _nodes(scene) -> list:
    nodes = scene.GetNodesByClass("vtkMRMLNode")
    nodes.UnRegister(None)
    return [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
