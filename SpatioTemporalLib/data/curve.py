"""Curves over time and tables: what is read as numbers rather than looked at as an image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .series import checked_times

MOST_SHOWN, SHOWN_LAST = 40, 5
LONGEST_CELL = 1000  # letters
SECONDS = "time [s]"


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity over time, or over what `axis` says.

    times : (T,) s, strictly rising; values : (T,); unit : of the values.
    axis : heading of `times`, with their unit where they are no seconds, as "time [months]" or "predicted risk [1]".
    fit_of : name of the measured curve this one is a model of, or "".
    drawn : "points" or "line"; "" for points, and a line where there are very many.
    spread : (T,) half-width of the band that holds the middle 68 % of a
    region's voxels (the standard deviation for normal scatter), or None.
    findings : what was odd where the curve came from.
    """

    times: np.ndarray
    values: np.ndarray
    unit: str
    name: str = "curve"
    fit_of: str = ""
    spread: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()
    axis: str = SECONDS
    drawn: str = ""

    def __post_init__(self):
        values = np.array(self.values, dtype=np.float64).reshape(-1)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "findings", tuple(self.findings))
        object.__setattr__(self, "times", checked_times(self.times, len(values), self.name))
        if self.spread is not None:
            spread = np.array(self.spread, dtype=np.float64).reshape(-1)
            if len(spread) != len(values):
                raise InputError(
                    "E-CURVE",
                    f"{counted(len(spread), 'value')} of spread for {counted(len(values), 'point')}",
                    where=self.name,
                    fix="Give one half-width for each point.",
                )
            object.__setattr__(self, "spread", spread)

    def __str__(self) -> str:
        peak = int(np.nanargmax(self.values)) if np.isfinite(self.values).any() else 0
        _, _, rest = self.axis.partition("[")
        unit = for_message(rest.rstrip("]"))
        points = counted(len(self.times), "point")
        return (
            f"{for_message(self.name)}: {points}, {self.times[0]:g}–{self.times[-1]:g} {unit}, "
            f"peak {self.values[peak]:.4g} {for_message(self.unit)} at {self.times[peak]:g} {unit}"
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, each with a unit where it is a quantity.

    columns : dict of name to sequence of numbers or strings.
    units : dict of column name to unit; columns without one are names or counts.
    findings : what was odd where the table came from.
    """

    columns: dict[str, list]
    units: dict[str, str] = field(default_factory=dict)
    name: str = "table"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        columns = {str(key): list(values) for key, values in self.columns.items()}
        lengths = {key: len(values) for key, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "E-TABLE", f"columns differ in length: {lengths}", where=self.name, fix="Fill the missing cells."
            )
        unknown = set(self.units) - set(columns)
        if unknown:
            raise InputError(
                "E-TABLE",
                f"units for columns that do not exist: {sorted(unknown)}",
                where=self.name,
                fix="Rename them.",
            )
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "findings", tuple(self.findings))

    @property
    def row_count(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def heading(self, column: str) -> str:
        """Column name with its unit, as ``Ktrans [1/min]``."""
        unit = self.units.get(column)
        return f"{column} [{unit}]" if unit else column

    def __str__(self) -> str:
        """The table as aligned text; of a long one the first and the last rows."""
        count = len(next(iter(self.columns.values()), ()))
        shown = range(count) if count <= MOST_SHOWN else (*range(MOST_SHOWN // 2), *range(count - SHOWN_LAST, count))
        cells = [[_cell(self.heading(c)), *(_cell(values[n]) for n in shown)] for c, values in self.columns.items()]
        widths = [max(map(len, column)) for column in cells]
        rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in zip(*cells)]
        if len(shown) < count:
            rows.insert(-SHOWN_LAST, f"... {count - len(shown)} more rows")
        return "\n".join(rows)


def _cell(value) -> str:
    # What files and people wrote is printed on terminals, which obey control characters.
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else for_message(value, LONGEST_CELL)
