"""A real task run with its events, from a 4-D NIfTI to a thresholded map over the brain, by clicks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
from gui.user import User
from slicerdouble.slice_view import slice_picture
from SpatioTemporalNodes.series.series_nodes import add_series
from SpatioTemporalNodes.values.table_nodes import fill_table
from SpatioTemporalNodes.values.voxels import node_values

import SpatioTemporalLib as st

HAXBY = Path(__file__).parents[3] / "Resources" / "SampleData" / "haxby_1slice"
TITLE = "Task activation (linear model)"


@pytest.fixture
def user(panel):
    """Before a run and its events, as Slicer holds them after reading the files."""
    series = st.read_series(HAXBY / "task001_run001_bold.nii.gz")
    add_series(slicer.mrmlScene, series, name="Task run")
    events = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Events of run 1")
    fill_table(events, st.read_table(HAXBY / "task001_run001_bold_events.tsv"))
    return User(panel)


def test_a_task_run_becomes_a_thresholded_map(panel, user, wait, photograph, pictures):
    node = slicer.mrmlScene.GetFirstNodeByName("Task run")
    panel.data.choose(node)
    # What suits the data stands first: no kinetics are offered to a BOLD run.
    first = panel.analyse.ui.analysisTree.invisibleRootItem().child(0)
    offered = [first.child(n).text(0) for n in range(first.childCount())]
    assert first.text(0) == "Made for this series" and TITLE in offered and "Tofts model" not in offered
    user.click_item(panel.analyse.ui.analysisTree, "Made for this series", TITLE)
    user.choose_node(panel.analyse.selectors["events"], "Events of run 1")
    panel.analyse.form.set({"contrasts": ("face - house",), "threshold": "uncorrected", "level": 0.001})
    photograph("80-activation-form", panel.ui.analyseButton)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    photograph("81-activation-results", panel.ui.resultsButton)
    assert slice_picture().save(str(pictures / "82-activation-slice.png"))
    made = {}
    nodes = slicer.util.getNodesByClass("vtkMRMLNode")
    for node in nodes:
        made.setdefault(node.GetAttribute("SpatioTemporal.Output"), node)
    z = node_values(made["z_face_minus_house"])
    assert np.nanmin(z) < -4
    clusters = made["clusters_face_minus_house"]
    assert clusters.IsA("vtkMRMLSegmentationNode") and clusters.GetSegmentation().GetNumberOfSegments() >= 1
