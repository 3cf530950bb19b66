"""Tables and curves as table, plot and chart nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from SpatioTemporalLib.data import Curve, Table
from SpatioTemporalLib.io.tables.delimited import name_and_unit

from ..display.colours import categorical_colour

MOST_POINTS_AS_MARKERS = 500


def fill_table(node, table: Table) -> None:
    """Replace the columns of a table node by those of a table, with their units."""
    node.RemoveAllColumns()
    for name, values in table.columns.items():
        column = _column(values)
        column.SetName(name)
        node.AddColumn(column)
        if table.units.get(name):
            node.SetColumnUnitLabel(name, table.units[name])


def curve_table(curves: tuple[Curve, ...], name: str) -> tuple[Table, dict[str, str]]:
    """All curves as one table, and the time column of each curve by its name.

    Curves at the same times share one column of times; shorter columns end in NaN.
    """
    length = max((len(c.times) for c in curves), default=0)
    columns: dict[str, np.ndarray] = {}
    units: dict[str, str] = {}
    clocks: list[tuple[np.ndarray, str, str]] = []
    time_column: dict[str, str] = {}
    for curve in curves:
        alike = (title for times, title, axis in clocks if axis == curve.axis and np.array_equal(times, curve.times))
        clock = next(alike, None)
        if clock is None:
            quantity, unit = name_and_unit(curve.axis)
            clock = quantity if not clocks else f"{quantity} of {curve.name}"
            clocks.append((curve.times, clock, curve.axis))
            columns[clock], units[clock] = _padded(curve.times, length), unit
        time_column[curve.name] = clock
        columns[curve.name], units[curve.name] = _padded(curve.values, length), curve.unit
        if curve.spread is not None:
            spread = f"{curve.name} spread"
            columns[spread], units[spread] = _padded(curve.spread, length), curve.unit
    return Table(columns, units, name), time_column


@dataclass(frozen=True)
class CurveNodes:
    """Nodes that show curves that belong together."""

    table: object
    plots: tuple
    chart: object


def fill_chart(nodes: CurveNodes, curves: tuple[Curve, ...], title: str) -> None:
    """Draw measured curves as points and the models of them as lines in the same colour."""
    curves = _named_apart(curves)
    table, time_column = curve_table(curves, title)
    # Views draw a chart as soon as its table changes, and complain of columns that are gone.
    nodes.chart.RemoveAllPlotSeriesNodeIDs()
    fill_table(nodes.table, table)
    measured = [c.name for c in curves if not c.fit_of]
    for index, (curve, plot) in enumerate(zip(curves, nodes.plots)):
        shown_as = curve.fit_of if curve.fit_of in measured else curve.name
        colour = measured.index(shown_as) if shown_as in measured else index
        _fill_plot(plot, nodes.table, curve, time_column[curve.name], categorical_colour(colour))
        nodes.chart.AddAndObservePlotSeriesNodeID(plot.GetID())
    units = list(dict.fromkeys(c.unit for c in curves))
    nodes.chart.SetTitle(title)
    nodes.chart.SetXAxisTitle(", ".join(dict.fromkeys(c.axis for c in curves)))
    nodes.chart.SetYAxisTitle(f"{title} [{', '.join(units)}]")


def _fill_plot(plot, table_node, curve: Curve, time_column: str, colour: tuple[float, float, float]) -> None:
    plot.SetName(curve.name)
    plot.SetAndObserveTableNodeID(table_node.GetID())
    plot.SetPlotType(plot.PlotTypeScatter)
    plot.SetXColumnName(time_column)
    plot.SetYColumnName(curve.name)
    # So many points run into one another; they were computed, not measured.
    as_line = curve.drawn == "line" or bool(curve.fit_of)
    as_line = as_line or (not curve.drawn and len(curve.times) > MOST_POINTS_AS_MARKERS)
    plot.SetMarkerStyle(plot.MarkerStyleNone if as_line else plot.MarkerStyleCircle)
    plot.SetLineStyle(plot.LineStyleSolid if as_line else plot.LineStyleNone)
    plot.SetMarkerSize(6)
    plot.SetLineWidth(2)
    plot.SetColor(*colour)


def _named_apart(curves: tuple[Curve, ...]) -> tuple[Curve, ...]:
    """The curves with a number after each name that was there before: names are columns."""
    seen: Counter = Counter()
    apart = []
    for curve in curves:
        seen[curve.name] += 1
        number = seen[curve.name]
        apart.append(curve if number == 1 else replace(curve, name=f"{curve.name} {number}"))
    return tuple(apart)


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    return np.concatenate([values, np.full(length - len(values), np.nan)])


def _column(values):
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        wide = np.float64 if array.dtype.kind == "f" else np.int32 if _fits(array) else np.int64
        return numpy_to_vtk(np.ascontiguousarray(array, dtype=wide), deep=True)
    column = vtk.vtkStringArray()
    for value in values:
        column.InsertNextValue("" if value is None else str(value))
    return column


def _fits(array: np.ndarray) -> bool:
    return array.size == 0 or (array.min() > -(2**31) and array.max() < 2**31)
