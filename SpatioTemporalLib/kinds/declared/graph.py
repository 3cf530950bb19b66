"""Things and how they stand to one another."""

from __future__ import annotations

from ...data.graph import Graph
from ..kind import Kind

GRAPH = Kind(Graph, called="graph", is_input=False, is_output=True)
