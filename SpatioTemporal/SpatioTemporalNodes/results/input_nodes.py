"""Which nodes a user may pick for each kind of input, and the values they stand for."""

from __future__ import annotations

import functools

from SpatioTemporalLib.data import Geometry
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.kinds.registry import as_kind, kind_of, nodes_of
from SpatioTemporalLib.system.declarations import declarations

from ..values.node_reader import NodeReader

READERS = "SpatioTemporalNodes.kinds"


@functools.cache
def node_readers() -> dict[str, NodeReader]:
    """The readers of nodes by the name of the kind they give; each lies in a module of `SpatioTemporalNodes.kinds`."""
    return declarations(NodeReader, READERS, what="reader of nodes").declared


def node_classes(kind: type) -> tuple[str, ...]:
    """Classes of nodes a user may pick for a kind of input."""
    return nodes_of(kind).classes


def node_attribute(kind: type) -> tuple[str, str] | None:
    """Attribute and value that nodes of a kind have, None where all of their classes can be one."""
    return nodes_of(kind).attribute


def value_from_node(kind: type, node, geometry: Geometry | None = None) -> object:
    """The value a node stands for, as an input of that kind needs it; series have `series_from_node`.

    A kind without a reader of its own is made of the kind that it says it is made of.

    geometry : the grid label maps are wanted on; their own if not given.
    """
    declared = kind_of(kind)
    reader = node_readers().get(declared.name)
    if reader is not None:
        return reader.read(node, geometry)
    if declared.made is None:
        raise InputError(
            "E-KIND",
            f"nodes are not read as {declared.called}",
            where=node.GetName(),
            fix="Run the analysis at the command line or in Python.",
        )
    return as_kind(value_from_node(declared.made.of, node, geometry), kind)
