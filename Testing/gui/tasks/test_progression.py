"""Courses from a table of visits, and values of regions, by mouse and keyboard: form, run, tables, charts, maps."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
from SpatioTemporalNodes.values.table_nodes import fill_table
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

from SpatioTemporalLib.data import Geometry, Label, LabelMap, Table
from SpatioTemporalLib.simulation.progression_tables import visits_table
from SpatioTemporalLib.simulation.progression_visits import simulated_course

TITLE = "Disease course mapping"


@pytest.fixture
def user(panel):
    """Before a table of visits, as Add Data leaves it."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "visits")
    fill_table(node, visits_table(simulated_course(40, np.random.default_rng(0))))
    return User(panel)


def test_a_table_becomes_a_course_with_charts_and_tables(panel, user, wait, photograph):
    user.click_item(panel.analyse.ui.analysisTree, "Progression", TITLE)
    user.choose_node(panel.analyse.selectors["visits"], "visits")
    fields = panel.analyse.form.fields
    user.type_into(fields["ranges"].editor, "cognition=30:0")
    user.type_into(fields["conversion_score"].editor, "memory")
    user.type_into(fields["conversion_threshold"].editor, "0,7")
    user.type_into(fields["patient"].editor, "p07")
    photograph("40-progression-form", panel.ui.analyseButton)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    outputs = panel.results.nodes().by_output
    assert {"individuals", "population", "spread", "course", "patient_course", "conversion"} <= set(outputs)
    for name, axis in (("course", "disease time"), ("patient_course", "time [years]")):
        chart = next(node for node in outputs[name] if node.IsA("vtkMRMLPlotChartNode"))
        assert chart.GetXAxisTitle().startswith(axis) and chart.GetNumberOfPlotSeriesNodes() == 8
    user.click_item(panel.results.ui.runTree, TITLE, "Conversion")
    shown = panel.results.ui.statisticsTable
    assert shown.rowCount == 40
    photograph("41-progression-results", panel.ui.resultsButton)
    panel.look.ui.modeBox.setCurrentIndex(panel.look.ui.modeBox.findData("fit"))
    assert {curve.name for curve in panel.look.curves()} >= {"memory", "memory fit"}
    assert panel.look.plot.titles[0] == "time [years]"
    photograph("42-progression-look", panel.ui.lookButton)


def test_a_score_without_its_range_is_asked_for(panel, user, wait):
    user.click_item(panel.analyse.ui.analysisTree, "Progression", TITLE)
    user.choose_node(panel.analyse.selectors["visits"], "visits")
    user.type_into(panel.analyse.form.fields["ranges"].editor, "")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "0 (healthy) and 1 (worst)" in panel.run.ui.messageLabel.text


def test_regions_of_a_segmentation_are_smoothed_and_shown_over_it(panel, wait, photograph):
    """Values of a table by the names of segments; maps lie over the voxels of the segments."""
    rng, side = np.random.default_rng(0), 6
    number = np.kron(np.arange(1, side * side + 1).reshape(side, side), np.ones((4, 4), int))
    labels = {n: Label(f"parcel {n}") for n in range(1, side * side + 1)}
    geometry = Geometry.from_spacing((2, *number.shape), (2.0, 2.0, 2.0))
    parcels = LabelMap(np.stack([number, number]), geometry, labels, "parcels")
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "thickness image")
    set_node_values(volume, np.stack([number, number]).astype(float))
    set_node_geometry(volume, geometry)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "parcels")
    fill_segmentation(segmentation, parcels)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "thickness")
    value = np.repeat(np.arange(6), 6) / 3 + rng.normal(0, 0.4, 36)
    names = [label.name for label in labels.values()]
    fill_table(node, Table({"region": names, "value": value.tolist()}, {"value": "mm"}))
    user = User(panel)
    user.click_item(panel.analyse.ui.analysisTree, "Spatial", "Regional map")
    user.choose_node(panel.analyse.selectors["regions"], "thickness")
    user.choose_node(panel.analyse.selectors["labels"], "parcels")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    outputs = panel.results.nodes()
    assert outputs["smoothed_map"].GetAttribute("SpatioTemporal.Unit") == "mm"
    assert {"deviation_map", "exceedance_map", "smoothed", "spread"} <= set(outputs.by_output)
    photograph("43-regional-smoothing")
