"""Graphs as GraphML, which programs for networks read."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...data.curve import Table
from ...data.graph import END, NODE, RELATION, START, Graph
from ..files.atomic import atomic_path

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def write_graph(path: str | Path, graph: Graph) -> Path:
    """Write nodes and edges with all their columns; units stand in the names, as ``volume [mL]``.

    Values that are not known are left out.
    """
    root = ElementTree.Element("graphml", xmlns=NAMESPACE)
    keys = {"node": _declare(root, "node", graph.nodes), "edge": _declare(root, "edge", graph.edges)}
    # The relation of an edge depends on which end is which.
    drawn = ElementTree.SubElement(root, "graph", id=graph.name, edgedefault="directed")
    for row in range(graph.nodes.row_count):
        element = ElementTree.SubElement(drawn, "node", id=str(graph.nodes.columns[NODE][row]))
        _fill(element, graph.nodes, row, keys["node"])
    for row in range(graph.edges.row_count):
        ends = {"source": START, "target": END}
        ends = {name: str(graph.edges.columns[column][row]) for name, column in ends.items()}
        _fill(ElementTree.SubElement(drawn, "edge", ends), graph.edges, row, keys["edge"])
    ElementTree.indent(root)
    with atomic_path(Path(path)) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)
    return Path(path)


def _declare(root, kind: str, table: Table) -> dict[str, str]:
    keys = {}
    for number, (name, cells) in enumerate(table.columns.items()):
        if name in (NODE, START, END):
            continue
        numeric = name != RELATION and all(isinstance(cell, (int, float, np.number)) for cell in cells)
        keys[name] = f"{kind}{number}"
        named = {"id": keys[name], "for": kind, "attr.name": table.heading(name)}
        ElementTree.SubElement(root, "key", {**named, "attr.type": "double" if numeric else "string"})
    return keys


def _fill(element, table: Table, row: int, keys: dict[str, str]) -> None:
    for name, key in keys.items():
        cell = table.columns[name][row]
        if cell == "" or (isinstance(cell, (float, np.floating)) and not np.isfinite(cell)):
            continue
        ElementTree.SubElement(element, "data", key=key).text = str(cell)
