"""The graph of a patient: which lesions lie near one another, at which vessels, and what becomes of them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ...data.curve import Table
from ...data.graph import END, KIND, PLACE, RELATION, START, Graph
from .roles import LIVER, TUMOUR
from .structure_table import CONTACTS, DAYS, DISTANCES, LESION, NODE, STRUCTURE

NEAREST, NEAR_MM, DECAY_MM = 4, 60.0, 40.0
VESSEL_DECAY_MM = 25.0
DAYS_PER_MONTH = 365.25 / 12
EDGE_COLUMNS = (START, END, RELATION, "distance", "closeness", "contact", "interval", "growth")
UNITS = {"distance": "mm", "closeness": "1", "contact": "mm2", "interval": "months", "growth": "1/month"}


def structure_graph(structures: Table, name: str = "structures", colour_by: str = "") -> Graph:
    """Nodes and relations of a table of structures.

    Relations are ``near`` (lesions of one visit: the four nearest within 60 mm),
    ``at`` (a lesion and a structure), ``next`` (a lesion at the visit after,
    forward in time only); closeness is exp(-d / 40 mm), to vessels and capsule
    exp(-d / 25 mm), and growth the rise of ln volume in a month.
    """
    edges: list[dict] = []
    by_day: dict[float, list[int]] = defaultdict(list)
    for row, day in enumerate(structures.columns[DAYS]):
        by_day[float(day)].append(row)
    for rows in by_day.values():
        lesions = [row for row in rows if structures.columns[STRUCTURE][row] == TUMOUR]
        edges += _near(structures, lesions) + _at(structures, lesions, rows)
    edges += _next(structures)
    columns = {column: [edge.get(column, float("nan")) for edge in edges] for column in EDGE_COLUMNS}
    nodes = {NODE: structures.columns[NODE], KIND: structures.columns[STRUCTURE]}
    nodes |= {column: structures.columns[column] for column in PLACE}
    nodes |= {column: cells for column, cells in structures.columns.items() if column not in (*nodes, STRUCTURE)}
    units = {column: unit for column, unit in structures.units.items() if column in nodes}
    return Graph(Table(nodes, units, f"{name} nodes"), Table(columns, UNITS, f"{name} edges"), name, colour_by)


def neighbours(places: np.ndarray) -> np.ndarray:
    """(N, N) bool: whether the second is one of the four nearest of the first within 60 mm, itself excluded."""
    count = len(places)
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    distance[np.eye(count, dtype=bool)] = np.inf
    order = np.argsort(distance, axis=1, kind="stable")[:, :NEAREST]
    near = np.zeros((count, count), dtype=bool)
    np.put_along_axis(near, order, True, axis=1)
    return near & (distance <= NEAR_MM)


def growth_rate(before: float, after: float, months: float) -> float:
    """Rise of ln volume in a month; NaN where a volume is not known."""
    if not (before > 0 and after > 0 and months > 0):
        return float("nan")
    return float(np.log(after / before) / months)


def _near(structures: Table, lesions: list[int]) -> list[dict]:
    places = np.array([[float(structures.columns[axis][row]) for axis in PLACE] for row in lesions]).reshape(-1, 3)
    names = structures.columns[NODE]
    found = []
    for a, b in np.argwhere(neighbours(places)):
        distance = float(np.linalg.norm(places[a] - places[b]))
        own = {"distance": distance, "closeness": float(np.exp(-distance / DECAY_MM))}
        found.append({START: names[lesions[a]], END: names[lesions[b]], RELATION: "near", **own})
    return found


def _at(structures: Table, lesions: list[int], rows: list[int]) -> list[dict]:
    columns, found = structures.columns, []
    for row in rows:
        role = columns[STRUCTURE][row]
        if role == TUMOUR:
            continue
        for lesion in lesions:
            distance = float(columns[DISTANCES[role]][lesion]) if role in DISTANCES else float("nan")
            own = {"distance": distance, "closeness": float(np.exp(-distance / VESSEL_DECAY_MM))}
            contact = float(columns[CONTACTS[role]][lesion]) if CONTACTS.get(role) in columns else float("nan")
            relation = "in" if role == LIVER else "at"
            found.append(
                {START: columns[NODE][lesion], END: columns[NODE][row], RELATION: relation, "contact": contact, **own}
            )
    return found


def _next(structures: Table) -> list[dict]:
    columns, last, found = structures.columns, {}, []
    order = sorted(range(structures.row_count), key=lambda row: float(columns[DAYS][row]))
    for row in order:
        if columns[STRUCTURE][row] != TUMOUR:
            continue
        lesion = columns[LESION][row]
        if lesion in last:
            before = last[lesion]
            months = (float(columns[DAYS][row]) - float(columns[DAYS][before])) / DAYS_PER_MONTH
            growth = growth_rate(float(columns["volume"][before]), float(columns["volume"][row]), months)
            own = {"interval": months, "growth": growth}
            found.append({START: columns[NODE][before], END: columns[NODE][row], RELATION: "next", **own})
        last[lesion] = row
    return found
