"""Values of regions from a table, and which of the regions are neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity, counted
from ...numerics.spatial.bym2 import Measured
from ...numerics.spatial.region_graph import RegionGraph, graph_of, touching
from ..table_columns import MISSING, cells_of, numbers_of, word_of
from ..voxels.regions import region_names

MOST_REGIONS = 10000
MOST_NAMES = 5
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions by name, who touches whom, and the label of each in the label map, if there is one."""

    names: tuple[str, ...]
    graph: RegionGraph
    labels: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


def regions_of(table: Table, column: str, labels: LabelMap | None, neighbours: Table | None) -> Regions:
    """The regions of a label map or a table, with their neighbours.

    Raises
    ------
    InputError
        ``E-REGIONS-NEIGHBOURS`` without a label map and without a table of neighbours, or where that names what is
        no region; ``E-REGIONS-NAME`` for a region of the table that the label map does not have.
    """
    if labels is None and neighbours is None:
        raise InputError(
            "E-REGIONS-NEIGHBOURS",
            "nothing says which regions are neighbours",
            where=table.name,
            fix="Give the label map of the regions as labels, or a table of two columns of regions as neighbours.",
        )
    found = _of_table(table, column) if labels is None else _of_labels(labels, neighbours is None)
    if len(found.names) > MOST_REGIONS:
        raise InputError(
            "E-REGIONS-MANY",
            f"{len(found.names)} regions; up to {MOST_REGIONS} are smoothed",
            where=table.name,
            fix="Join small regions.",
        )
    if neighbours is None:
        return found
    pairs = _pairs(neighbours, found)
    return Regions(found.names, graph_of(len(found.names), pairs), found.labels, found.findings)


def rows_of_regions(table: Table, column: str, regions: Regions) -> np.ndarray:
    """(regions,) row of the table of each region, -1 where it has none."""
    rows = np.full(len(regions.names), -1)
    for row, cell in enumerate(cells_of(table, column)):
        word = word_of(cell)
        if word.lower() in MISSING:
            continue
        number = _number(word, regions)
        if number is None:
            raise InputError(
                "E-REGIONS-NAME",
                f"row {row + 1} is of region {word!r}, which is not among {_listed(regions.names)}",
                where=table.name,
                fix="Name regions as the segments are named, or by the number of their label.",
            )
        if rows[number] >= 0:
            raise InputError(
                "E-REGIONS-TWICE",
                f"region {word!r} has several rows ({rows[number] + 1} and {row + 1})",
                where=table.name,
                fix="Give one row a region; of several visits, one at a time.",
            )
        rows[number] = row
    return rows


def measured_of(table: Table, rows: np.ndarray, columns: dict[str, str]) -> Measured:
    """What was measured in each region, from the columns that are named; empty names are left out.

    columns : names of the columns of value, expected, size and error.

    Raises
    ------
    InputError
        ``E-REGIONS-VALUE`` for counts, sizes or errors that cannot be, or fewer than three values.
    """
    given = {name: _by_region(table, rows, column) for name, column in columns.items() if column}
    value = given["value"]
    for name, lowest in (("expected", 0.0), ("size", 0.0), ("error", 0.0)):
        if name in given:
            wrong = np.isfinite(value) & ~(np.isfinite(given[name]) & (given[name] > lowest))
            _refuse(table, columns[name], given[name], wrong, rows, "a number above zero beside each value")
    if "expected" in given:
        wrong = np.isfinite(value) & ((value < 0) | (value != np.round(value)))
        _refuse(table, columns["value"], value, wrong, rows, "a count, a whole number from zero on")
    if np.isfinite(value).sum() < FEWEST:
        raise InputError(
            "E-REGIONS-VALUE",
            f"{counted(int(np.isfinite(value).sum()), 'region has a value', 'regions have a value')}; {FEWEST} or more "
            "are needed",
            where=table.name,
            fix=f"Fill the column {columns['value']!r}.",
        )
    if "expected" in given and not np.nansum(value):
        raise InputError(
            "E-REGIONS-VALUE",
            "no region has a count above zero, so that no ratio is known",
            where=table.name,
            fix="Choose another column.",
        )
    if not ({"expected", "error"} & set(given)) and np.ptp(value[np.isfinite(value)]) == 0:
        raise InputError(
            "E-REGIONS-VALUE",
            f"all regions have the value {value[np.isfinite(value)][0]:g}, so that there is nothing to smooth",
            where=table.name,
            fix="Choose another column.",
        )
    return Measured(value, given.get("size"), given.get("error"), given.get("expected"))


def _by_region(table: Table, rows: np.ndarray, column: str) -> np.ndarray:
    found = np.where(rows >= 0, numbers_of(table, column)[rows], np.nan)
    _refuse(table, column, found, np.isinf(found), rows, "a finite number")
    return found


def _refuse(table: Table, column: str, values: np.ndarray, wrong: np.ndarray, rows: np.ndarray, expected: str) -> None:
    for region in np.flatnonzero(wrong):
        raise InputError(
            "E-REGIONS-VALUE",
            f"row {rows[region] + 1} of column {column!r} holds {values[region]:g}, {expected} was expected",
            where=table.name,
            fix="Correct this cell, or leave the value of the region empty.",
        )


def _of_labels(labels: LabelMap, by_touch: bool) -> Regions:
    named = {value: name for value, name in region_names(labels).items() if labels.region(value).any()}
    values = list(named)
    graph = touching(labels.values, values) if by_touch else graph_of(len(values), np.zeros((0, 2)))
    lonely = [named[v] for v, part in zip(values, graph.components) if part < 0] if by_touch else []
    text = f"regions that touch no other, shrunk to the mean alone: {_listed(lonely)}"
    findings = (Finding("N-REGIONS-LONELY", Severity.NOTE, text, labels.name),) if lonely else ()
    return Regions(tuple(named.values()), graph, tuple(values), findings)


def _of_table(table: Table, column: str) -> Regions:
    words = [word_of(cell) for cell in cells_of(table, column)]
    names = tuple(dict.fromkeys(word for word in words if word.lower() not in MISSING))
    return Regions(names, graph_of(len(names), np.zeros((0, 2))))


def _pairs(neighbours: Table, regions: Regions) -> np.ndarray:
    if len(neighbours.columns) < 2:
        raise InputError(
            "E-REGIONS-NEIGHBOURS",
            "a table of neighbours has two columns of regions",
            where=neighbours.name,
            fix="Give one row a pair.",
        )
    pairs = []
    for row, cells in enumerate(zip(*list(neighbours.columns.values())[:2]), start=1):
        numbers = [_number(word_of(cell), regions) for cell in cells]
        if None in numbers:
            strange = word_of(cells[numbers.index(None)])
            raise InputError(
                "E-REGIONS-NEIGHBOURS",
                f"row {row} names {strange!r}, which is not among {_listed(regions.names)}",
                where=neighbours.name,
                fix="Name the regions as in the other table.",
            )
        pairs.append(numbers)
    return np.array(pairs).reshape(-1, 2)


def _number(word: str, regions: Regions) -> int | None:
    """Number of a region by its name, or by that of its label."""
    lower = [name.lower() for name in regions.names]
    if word.lower() in lower:
        return lower.index(word.lower())
    texts = [str(label) for label in regions.labels]
    return texts.index(word) if word in texts else None


def _listed(names) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"
