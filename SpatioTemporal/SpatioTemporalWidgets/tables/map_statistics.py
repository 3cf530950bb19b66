"""What maps hold in segments, as tables."""

from __future__ import annotations

import numpy as np
from SpatioTemporalNodes.values.value_nodes import labels_from_node, map_from_node
from SpatioTemporalNodes.values.voxels import node_geometry

from SpatioTemporalLib.data import Table
from SpatioTemporalLib.steps.voxels.regions import distribution


def statistics(map_node, segmentation) -> Table:
    """A map's distribution in each segment: one row a segment."""
    quantity = map_from_node(map_node)
    regions = labels_from_node(segmentation, node_geometry(map_node))
    rows = []
    for value, label in regions.labels.items():
        inside = quantity.values[regions.region(value)]
        measured = int(np.count_nonzero(np.isfinite(inside)))
        size = {"voxels": inside.size, "measured": measured, "volume": regions.volume_ml(value)}
        rows.append({"segment": label.name, **distribution(inside), **size})
    units = dict.fromkeys(("median", "mean", "SD", "25 %", "75 %"), quantity.unit) | {"volume": "mL"}
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return Table(columns, {name: unit for name, unit in units.items() if name in columns}, map_node.GetName())


def compared(maps: dict[str, object], segmentation) -> Table:
    """The distributions of several maps in each segment: one row a segment and map."""
    tables = {name: statistics(node, segmentation) for name, node in maps.items()}
    first = next(iter(tables.values()))
    rows = [(name, row) for row in range(first.row_count) for name, t in tables.items() if row < t.row_count]
    columns = {
        column: [tables[name].columns[column][row] for name, row in rows if column in tables[name].columns]
        for column in first.columns
    }
    segment = columns.pop("segment", [])
    return Table({"segment": segment, "run": [name for name, _ in rows], **columns}, first.units, first.name)
