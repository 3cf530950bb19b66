"""Results of earlier runs that can be inputs of the next: offered, so that nobody has to look for them."""

from __future__ import annotations

from typing import NamedTuple

from SpatioTemporalLib.declare import Input
from SpatioTemporalLib.io.reading.earlier_result import is_meant

from ..scene import attributes
from .input_nodes import node_classes


class Offer(NamedTuple):
    """A node that can be an input, and the run it is of, in words."""

    node: object
    run: str


def offers(scene, item: Input) -> list[Offer]:
    """The nodes that runs have left for an input, those of the latest run first."""
    found = []
    for node_class in node_classes(item.kind):
        nodes = scene.GetNodesByClass(node_class)
        nodes.UnRegister(None)
        for index in range(nodes.GetNumberOfItems()):
            node = nodes.GetItemAsObject(index)
            analysis = attributes.fact(node, "Analysis", "")
            if node.IsA(node_class) and is_meant(analysis, attributes.fact(node, "Output", ""), item.results):
                title, created = attributes.fact(node, "Title", analysis), attributes.fact(node, "Created", "")
                found.append((created, Offer(node, f"{title}, {created[11:16]}" if created else title)))
    return [offer for _, offer in sorted(found, key=lambda entry: entry[0], reverse=True)]
