"""Curves and tables in text files."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...data.curve import SECONDS, Curve, Table
from ...data.geometry import Geometry
from ...errors import InputError
from ..files.atomic import atomic_path
from ..images.file_names import image_stem
from ..images.image import Clock, FileImage
from ..images.time_axis import repair_time_axis, seconds_per_unit
from .defused_cells import defused
from .delimited import Delimited, as_number, name_and_unit, read_delimited

WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
# "007" is a name: as a number it would lose its zeros.
LEADING_ZERO = re.compile(r"[+-]?0\d")
TEXT_FIX = "Write headings such as 'time [s],Cp [mmol/L]'."


def read_curve(path: str | os.PathLike, column: str | None = None) -> Curve:
    """One quantity over time from a text table.

    Parameters
    ----------
    path : path
        Its first column is the time, with a unit in the heading (``time [s]``,
        ``time [min]``); the others are quantities with units (``Cp [mmol/L]``).
    column : str, optional
        Which quantity, by name with or without its unit; needed when there are several.

    Raises
    ------
    InputError
        When a unit is missing, the column is unclear, or cells are no numbers.
    """
    table = read_delimited(path)
    # Blood may be sampled before the injection that its times count from.
    seconds, _ = _seconds(table, earliest=-np.inf)
    index = _column_index(table, column)
    name, unit = name_and_unit(table.headings[index])
    if not unit:
        raise InputError(
            "E-UNIT", f"the column {name!r} has no unit", where=table.path.name, fix=f"{TEXT_FIX} Use [1] for a ratio."
        )
    values = _numbers(table, index)
    # Curves with other times in the same file leave cells empty.
    filled = [row for row, value in enumerate(values) if not np.isnan(value)]
    if not filled:
        raise InputError(
            "E-CURVE", f"the column {name!r} holds no number", where=table.path.name, fix="Choose another column."
        )
    times, keep, repairs = repair_time_axis(
        [seconds[row] for row in filled], values[filled][:, None], table.path.name, nuclear=True
    )
    return Curve(times, values[filled][keep], unit, name, findings=(*table.findings, *repairs))


def read_curves_image(path: str | os.PathLike) -> FileImage:
    """All columns of a text table as voxels in a row, for `read_series`."""
    table = read_delimited(path)
    seconds, source = _seconds(table)
    if len(table.headings) < 2:
        raise InputError("E-CURVE", "has no column besides the time", where=table.path.name, fix=TEXT_FIX)
    units = {name_and_unit(heading)[1] for heading in table.headings[1:]}
    if len(units) > 1:
        raise InputError(
            "E-UNIT",
            f"the columns have different units: {', '.join(sorted(u or 'none' for u in units))}",
            where=table.path.name,
            fix="Put quantities of different units into files of their own.",
        )
    curves = np.stack([_numbers(table, index) for index in range(1, len(table.headings))], axis=1)
    values = curves[:, None, None, :]
    return FileImage(
        values=values,
        geometry=Geometry.from_spacing(values.shape[1:]),
        name=image_stem(table.path),
        file=table.path.name,
        clock=Clock(tuple(seconds), source),
        unit=units.pop() or None,
        findings=table.findings,
    )


def read_table(path: str | os.PathLike) -> Table:
    """Named columns; numbers where all cells of a column are numbers, text otherwise.

    Cells such as 007 keep a column text. Empty cells in a column of numbers are NaN.
    """
    table = read_delimited(path)
    columns, units = {}, {}
    for index, heading in enumerate(table.headings):
        name, unit = name_and_unit(heading)
        columns[name] = _typed(table.column(index))
        if unit:
            units[name] = unit
    if len(columns) < len(table.headings):
        raise InputError(
            "E-TABLE-HEADING",
            "two columns have the same name and differ only in their unit",
            where=table.path.name,
            fix="Rename one of them.",
        )
    return Table(columns, units, image_stem(table.path), table.findings)


def write_table(path: str | os.PathLike, table: Table) -> Path:
    """Write a table as CSV with headings such as ``Ktrans [1/min]``; numbers keep every digit."""
    headings = [table.heading(column) for column in table.columns]
    return write_rows(path, headings, zip(*table.columns.values()))


def write_curves(path: str | os.PathLike, curves: Sequence[Curve]) -> Path:
    """Write curves as CSV: a column of all times, and one or two (with the spread) for each curve."""
    curves = [curves] if isinstance(curves, Curve) else list(curves)
    times = np.unique(np.concatenate([curve.times for curve in curves])) if curves else np.empty(0)
    axes = list(dict.fromkeys(curve.axis for curve in curves)) or [SECONDS]
    if len(axes) > 1:
        raise InputError(
            "E-CURVE", f"curves over {' and '.join(axes)} cannot share a table", where=str(path),
            fix="Write those over the same to a file of their own.",
        )  # fmt: skip
    headings, columns = axes, [times.tolist()]
    for curve in curves:
        for suffix, values in (("", curve.values), (" spread", curve.spread)):
            if values is not None:
                headings.append(f"{curve.name}{suffix} [{curve.unit}]")
                at = dict(zip(curve.times.tolist(), values.tolist()))
                columns.append([at.get(time, "") for time in times.tolist()])
    if len(set(headings)) < len(headings):
        raise InputError("E-CURVE", "two curves have the same name", where=str(path), fix="Rename one of them.")
    return write_rows(path, headings, zip(*columns))


def write_rows(path: str | os.PathLike, headings: list[str], rows) -> Path:
    """Write rows of cells below their headings, one after the other as they are given."""
    path = Path(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(map(defused, headings))
        writer.writerows([_cell(value) for value in row] for row in rows)
    return path


def _cell(value: object) -> object:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else repr(float(value))
    return defused(value) if isinstance(value, str) else value


def _seconds(table: Delimited, earliest: float = 0.0) -> tuple[list, str]:
    name, unit = name_and_unit(table.headings[0])
    scale = seconds_per_unit(unit)
    if scale is None or not ("time" in name.lower() or name.lower() in ("t", "zeit")):
        raise InputError(
            "E-TIME-UNIT",
            f"the first column is headed {table.headings[0]!r}, a time with its unit was expected",
            where=table.path.name,
            fix=f"{TEXT_FIX} Known units of time: s, ms, min, h.",
        )
    seconds = []
    for (row, _), cell in zip(table.rows, table.column(0)):
        number = as_number(cell)
        if number is None or not np.isfinite(number) or number < earliest:
            raise InputError(
                "E-TIME-VALUE",
                f"the time in row {row} is {cell[:40]!r}, a number{' from 0 on' if earliest == 0 else ''} was expected",
                where=table.path.name,
                fix="Correct this cell.",
            )
        seconds.append(number / round(1 / scale) if scale < 1 else number * scale)
    return seconds, f"table column {table.headings[0]!r}"


def _column_index(table: Delimited, column: str | None) -> int:
    wanted = [
        index
        for index, heading in enumerate(table.headings)
        if index > 0 and (column is None or column in (heading, name_and_unit(heading)[0]))
    ]
    if len(wanted) != 1:
        listed = ", ".join(table.headings[1:20]) + (", …" if len(table.headings) > 20 else "") or "none"
        raise InputError(
            "E-CURVE",
            f"{'there is no column ' + repr(column) if column else 'the quantity is unclear'}; columns: {listed}",
            where=table.path.name,
            fix="Name one of the columns (column=...).",
        )
    return wanted[0]


def _numbers(table: Delimited, index: int) -> np.ndarray:
    numbers = []
    for (row, _), cell in zip(table.rows, table.column(index)):
        number = as_number(cell)
        if number is None:
            raise InputError(
                "E-TABLE-VALUE",
                f"row {row} holds {cell[:40]!r} in column {table.headings[index]!r}, a number was expected",
                where=table.path.name,
                fix="Correct this cell, or leave it empty if there is no value.",
            )
        numbers.append(number)
    return np.array(numbers)


def _typed(cells: list[str]) -> list:
    if all(WHOLE.fullmatch(cell) for cell in cells):
        return [int(cell) for cell in cells]
    numbers = [as_number(cell) for cell in cells]
    if any(LEADING_ZERO.match(cell) for cell in cells) or any(number is None for number in numbers):
        return cells
    return numbers
