"""What says how a node becomes one of the library's kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from SpatioTemporalLib.data import Geometry


@dataclass(frozen=True)
class NodeReader:
    """A reader of nodes, declared in a file of `SpatioTemporalNodes.kinds` and found by being there.

    name : of the kind, that of its class in the library
    read : ``read(node, geometry)`` gives the value; geometry is the grid it is wanted on, or None for its own
    """

    name: str
    read: Callable[[Any, Geometry | None], Any]
