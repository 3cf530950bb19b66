"""Columns of a table that a parameter names, with errors that say which there are."""

from __future__ import annotations

import numpy as np

from ..data.curve import Table
from ..errors import InputError

# What is written where there is no value; n/a is BIDS.
MISSING = ("", "n/a", "na", "nan")


def cells_of(table: Table, name: str) -> list:
    """The cells of a column; ``E-TABLE`` when there is none of that name."""
    if name not in table.columns:
        raise InputError(
            "E-TABLE",
            f"there is no column {name!r}; the columns are {', '.join(table.columns)}",
            where=table.name,
            fix="Correct the name.",
        )
    return table.columns[name]


def numbers_of(table: Table, name: str) -> np.ndarray:
    """(rows,) the cells of a column as numbers, NaN where nothing is given; ``E-TABLE`` when some are none."""
    return np.array([_number(cell, row, name, table) for row, cell in enumerate(cells_of(table, name), start=1)])


def is_number(cell: object) -> bool:
    """Whether a cell holds a number."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _number(cell: object, row: int, name: str, table: Table) -> float:
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        return float("nan")
    if is_number(cell):
        return float(cell)
    raise InputError(
        "E-TABLE",
        f"column {name!r} holds more than numbers ({str(cell)[:40]!r} in row {row})",
        where=table.name,
        fix="Correct its cells; leave those empty that have no value.",
    )


def word_of(cell: object) -> str:
    """A label or name as a person would write it: 1.0 is 1."""
    return f"{cell:g}" if isinstance(cell, (float, np.floating)) else str(cell).strip()
