"""What a chart's curves go over, and how they are drawn, is kept by the scene, by files and on the way to a worker."""

from __future__ import annotations

import numpy as np
import pytest
from SpatioTemporalNodes.results.run_nodes import curves_of_chart
from SpatioTemporalNodes.values.table_nodes import CurveNodes, fill_chart

import SpatioTemporalLib as st
from SpatioTemporalLib.inputs.units import in_declared_units
from SpatioTemporalLib.workers.worker_values import read_value, write_value

MONTHS = np.array([0.0, 6.0, 12.0])


def survival(name: str, drawn: str) -> st.Curve:
    return st.Curve(MONTHS, [1.0, 0.8, 0.5], "1", name, axis="time [months]", drawn=drawn)


def test_months_are_months_in_a_chart_and_back(scene):
    curves = (survival("group 1", "line"), survival("group 2", "points"))
    plots = tuple(scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", c.name) for c in curves)
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "table")
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "chart")
    fill_chart(CurveNodes(table, plots, chart), curves, "Survival")
    assert chart.GetXAxisTitle() == "time [months]"
    assert table.GetColumnUnitLabel("time") == "months"
    back = curves_of_chart(table, plots)
    assert [(c.axis, c.drawn) for c in back] == [(c.axis, c.drawn) for c in curves]
    assert "12 months" in str(survival("s", "")) or "0–12 months" in str(survival("s", ""))


def test_months_are_months_in_a_file(tmp_path):
    path = st.write_curves(tmp_path / "s.csv", [survival("group 1", "line")])
    assert path.read_text().splitlines()[0] == "time [months],group 1 [1]"
    with pytest.raises(st.InputError, match="cannot share a table"):
        st.write_curves(tmp_path / "t.csv", [survival("a", ""), st.Curve(MONTHS, MONTHS, "1", "b")])
    assert not (tmp_path / "t.csv").exists()


def test_a_worker_is_handed_the_axis(tmp_path):
    described = write_value(survival("s", "line"), tmp_path, "curve")
    back = read_value(described, tmp_path)
    assert (back.axis, back.drawn) == ("time [months]", "line")


def test_a_curve_over_months_is_no_input_function():
    tofts = st.analyses()["kinetics.tofts"]
    with pytest.raises(st.InputError, match=r"over time \[months\]"):
        in_declared_units(tofts, {i.name: survival("s", "") if i.kind is st.Curve else None for i in tofts.inputs})
