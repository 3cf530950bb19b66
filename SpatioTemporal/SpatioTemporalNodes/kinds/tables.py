"""Tables, as they are and as curves."""

from __future__ import annotations

from ..values.node_reader import NodeReader
from ..values.value_nodes import curve_from_node, table_from_node

CURVE = NodeReader("Curve", lambda node, geometry: curve_from_node(node))
TABLE = NodeReader("Table", lambda node, geometry: table_from_node(node))
