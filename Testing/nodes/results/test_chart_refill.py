"""A chart that is filled anew never points at a column that is not there."""

from __future__ import annotations

import numpy as np
import pytest
from SpatioTemporalNodes.values.table_nodes import CurveNodes, fill_chart

import SpatioTemporalLib as st


@pytest.fixture
def nodes(scene):
    plots = tuple(scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", f"plot {n}") for n in range(2))
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "table")
    return CurveNodes(table, plots, scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "chart"))


def curves(first: str, second: str, times) -> tuple:
    return tuple(st.Curve(times, np.ones(len(times)), "mmol/L", name) for name in (first, second))


def test_columns_of_all_series_of_a_chart_are_there_whenever_its_table_changes(nodes):
    fill_chart(nodes, curves("tumour", "muscle", np.arange(5.0)), "Curves")
    missing = []

    def changed(caller, event):
        for number in range(nodes.chart.GetNumberOfPlotSeriesNodes()):
            plot = nodes.chart.GetNthPlotSeriesNode(number)
            wanted = (plot.GetXColumnName(), plot.GetYColumnName())
            missing.extend(name for name in wanted if nodes.table.GetTable().GetColumnByName(name) is None)

    for event in ("ModifiedEvent",):
        nodes.table.AddObserver(event, changed)
        nodes.chart.AddObserver(event, changed)
    fill_chart(nodes, curves("artery", "vein", np.arange(7.0)), "Curves")
    assert missing == []
    assert nodes.chart.GetNumberOfPlotSeriesNodes() == 2
