"""Matrices of regions as tables and as networks over the anatomy."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from ...data.graph import END, KIND, NODE, PLACE, RELATION, START, Graph
from ...data.volumes import LabelMap


def matrix_table(matrix: np.ndarray, names: list[str], name: str, unit: str = "") -> Table:
    """A row and a column for each region."""
    columns = {"region": names} | {own: column.tolist() for own, column in zip(_apart(names), matrix.T)}
    return Table(columns, dict.fromkeys(_apart(names), unit) if unit else {}, name)


def pairs_table(matrix: np.ndarray, names: list[str], what: str, more: dict[str, np.ndarray] | None = None) -> Table:
    """A row for each pair, the strongest first."""
    first, second = np.triu_indices(len(names), 1)
    order = np.argsort(-np.abs(np.nan_to_num(matrix[first, second])), kind="stable")
    first, second = first[order], second[order]
    columns = {"region": [names[n] for n in first], "other": [names[n] for n in second]}
    columns[what] = matrix[first, second].tolist()
    columns |= {name: values[first, second].tolist() for name, values in (more or {}).items()}
    return Table(columns, name="pairs")


def network_of(matrix: np.ndarray, names: list[str], labels: list[int], regions: LabelMap, share: float) -> Graph:
    """The strongest pairs, a share of all, drawn between the middles of their regions; coloured by strength."""
    places = []
    for label in labels:
        voxels = np.argwhere(regions.region(label))[:, ::-1]
        places.append(regions.geometry.ijk_to_ras(voxels.mean(axis=0)))
    places = np.array(places)
    first, second = np.triu_indices(len(names), 1)
    values = np.nan_to_num(matrix[first, second])
    count = max(1, int(round(share * len(values))))
    kept = np.sort(np.argsort(-np.abs(values), kind="stable")[:count])
    strength = np.nan_to_num(np.abs(matrix - np.diag(np.diag(matrix)))).sum(axis=1)
    unique = _apart(names)
    nodes = {
        NODE: unique,
        KIND: ["region"] * len(names),
        **{axis: places[:, n].tolist() for n, axis in enumerate(PLACE)},
    }
    edges = {START: [unique[first[n]] for n in kept], END: [unique[second[n]] for n in kept]}
    edges |= {RELATION: ["more" if values[n] > 0 else "less" for n in kept], "weight": values[kept].tolist()}
    return Graph(
        Table(nodes | {"strength": strength.tolist()}, dict.fromkeys(PLACE, "mm"), "nodes"), Table(edges, name="edges"),
        "network", colour_by="strength",
    )  # fmt: skip


def _apart(names: list[str]) -> list[str]:
    """The names with a number behind those that came before."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
