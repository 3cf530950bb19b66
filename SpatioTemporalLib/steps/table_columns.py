"""Columns of a table that a parameter names, with errors that say which there are."""

from __future__ import annotations

import numpy as np

from ..data.curve import Table
from ..errors import InputError


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
    """(rows,) the cells of a column as numbers; ``E-TABLE`` when some are none."""
    try:
        return np.array(cells_of(table, name), dtype=float)
    except ValueError as error:
        raise InputError(
            "E-TABLE", f"column {name!r} holds more than numbers ({error})", where=table.name, fix="Correct its cells."
        ) from error


def word_of(cell: object) -> str:
    """A label or name as a person would write it: 1.0 is 1."""
    return f"{cell:g}" if isinstance(cell, (float, np.floating)) else str(cell).strip()
