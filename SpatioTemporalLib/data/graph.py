"""Things and how they stand to one another: what is drawn as points and lines over an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .curve import Table

NODE, KIND, PLACE = "node", "kind", ("R", "A", "S")
START, END, RELATION = "from", "to", "relation"


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes with what is known of each, and edges between them.

    Attributes
    ----------
    nodes : Table
        One row a node: ``node`` (a name that no other has), ``kind``, ``R``, ``A``, ``S`` in mm where it lies (NaN
        where it lies nowhere), and whatever else is known.
    edges : Table
        One row an edge: ``from`` and ``to`` (names of nodes), ``relation``, and whatever else is known.
    name : str
    colour_by : str
        Column of numbers of the nodes that they are coloured by, "" for their kind.
    findings : tuple of Finding

    Raises
    ------
    InputError
        ``E-GRAPH`` for missing columns, names that two nodes have, and edges that lead nowhere.
    """

    nodes: Table
    edges: Table
    name: str = "graph"
    colour_by: str = ""
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        _require(self.nodes, (NODE, KIND, *PLACE), self.name)
        _require(self.edges, (START, END, RELATION), self.name)
        names = [str(name) for name in self.nodes.columns[NODE]]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        lost = sorted({*map(str, self.edges.columns[START]), *map(str, self.edges.columns[END])} - set(names))
        if twice or lost:
            what = f"two nodes are called {twice[0]}" if twice else f"an edge leads to {lost[0]}, which is no node"
            raise InputError("E-GRAPH", what, where=self.name, fix="Correct the names.")
        object.__setattr__(self, "findings", tuple(self.findings))

    @property
    def places(self) -> np.ndarray:
        """(N, 3) RAS mm, NaN where a node lies nowhere."""
        return np.stack([np.array(self.nodes.columns[axis], dtype=float) for axis in PLACE], axis=1).reshape(-1, 3)

    @property
    def pairs(self) -> np.ndarray:
        """(E, 2) rows of the nodes that each edge joins."""
        row = {str(name): n for n, name in enumerate(self.nodes.columns[NODE])}
        ends = zip(self.edges.columns[START], self.edges.columns[END])
        return np.array([(row[str(a)], row[str(b)]) for a, b in ends], dtype=int).reshape(-1, 2)

    def __str__(self) -> str:
        return (
            f"{for_message(self.name)}: {counted(self.nodes.row_count, 'node')}, "
            f"{counted(self.edges.row_count, 'edge')}\n{self.nodes}\n{self.edges}"
        )


def _require(table: Table, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(
            "E-GRAPH",
            f"the table {table.name} has no column {missing[0]}; it has {', '.join(table.columns) or 'none'}",
            where=name,
            fix=f"Its columns begin with {', '.join(columns)}.",
        )
