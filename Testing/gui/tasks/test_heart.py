"""A cine with one frame drawn, from there to a segmentation of every frame that plays and its ejection fraction."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.results.run_nodes import nodes_of_run, result_from_nodes
from SpatioTemporalNodes.series.series_nodes import add_series
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation

from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle

DESIGN = VentricleDesign((12, 24, 24), (3.0, 3.0, 6.0), (17.0, 17.0, 24.0), 8.0, ejection_fraction=0.5, frames=8)


@pytest.fixture
def user(panel):
    heart = beating_ventricle(DESIGN)
    add_series(slicer.mrmlScene, heart.series, name="Cine")
    drawn = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn")
    fill_segmentation(drawn, heart.labels.frame(0))
    panel.data.choose(slicer.mrmlScene.GetFirstNodeByName("Cine"))
    return User(panel)


def made(output):
    nodes = slicer.util.getNodesByClass("vtkMRMLNode")
    return next(node for node in nodes if node.GetAttribute("SpatioTemporal.Output") == output)


def test_one_drawn_frame_becomes_all_and_gives_the_ejection_fraction(panel, user, wait):
    panel.analyse.choose("motion.propagation")
    # What moves leaves its slice: there is no preview of one.
    assert not panel.analyse.ui.previewBox.enabled
    user.choose_node(panel.analyse.selectors["labels"], "Drawn")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    sequence = made("labels")
    cine = slicer.mrmlScene.GetFirstNodeByName("Cine browser")
    assert sequence.IsA("vtkMRMLSequenceNode") and sequence.GetNumberOfDataNodes() == 8
    # It plays with the images.
    proxy = cine.GetProxyNode(sequence)
    assert proxy.IsA("vtkMRMLSegmentationNode") and proxy.GetSegmentation().GetNumberOfSegments() == 2

    nodes = nodes_of_run(slicer.mrmlScene, sequence.GetAttribute("SpatioTemporal.Run"))
    back = result_from_nodes(nodes)["labels"]
    assert back.frame_count == 8 and [label.name for label in back.labels.values()] == ["cavity", "wall"]

    panel.analyse.choose("motion.volume_curve")
    panel.analyse.selectors["labels"].setCurrentNode(sequence)
    panel.analyse.form.set({"segments": ("cavity",)})
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    table = made("measures").GetTable()
    columns = {table.GetColumnName(n): table.GetColumn(n) for n in range(table.GetNumberOfColumns())}
    names = [columns["measure"].GetValue(n) for n in range(table.GetNumberOfRows())]
    value = columns["value"].GetValue(names.index("ejection fraction"))
    assert value == pytest.approx(50.0, abs=6.0) and np.isfinite(value)


def test_a_sequence_of_images_is_no_segmentation_and_it_is_said(panel, user, wait):
    panel.analyse.choose("motion.volume_curve")
    panel.analyse.selectors["labels"].setCurrentNode(slicer.mrmlScene.GetFirstNodeByName("Cine"))
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "E-LABEL-VALUE" in panel.run.ui.messageLabel.text
