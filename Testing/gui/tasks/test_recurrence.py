"""A liver with lesions over three scans, from volumes and overlapping segments to a curve of recurrence, by clicks."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.values.segmentation_nodes import _oriented_image
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

from SpatioTemporalLib.simulation.liver_images import liver_follow_up
from SpatioTemporalLib.simulation.liver_metastases import draw_patient

TITLE = "Recurrence from lesions over time"
KNOWN = {"age": "62", "log_cea": "3.1", "nodes_positive": "1", "extrahepatic": "0", "sex": "1"}


@pytest.fixture
def user(panel):
    """Before three CT volumes of a simulated liver, each with a segmentation whose segments overlap."""
    rng = np.random.default_rng(15)
    for number, visit in enumerate(liver_follow_up(draw_patient(rng), rng).visits, start=1):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"Liver CT {number}")
        set_node_values(volume, visit.images["ct"].values)
        set_node_geometry(volume, visit.images["ct"].geometry)
        volume.SetAttribute("SpatioTemporal.Unit", "HU")
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"drawn {number}")
        node.CreateDefaultDisplayNodes()
        for name, mask in visit.masks.items():
            segment = slicer.vtkSegment()
            segment.SetName(name)
            segment.AddRepresentation("Binary labelmap", _oriented_image(mask))
            node.GetSegmentation().AddSegment(segment)
    yield User(panel)
    panel.data.ui.joinKindBox.setCurrentIndex(0)
    panel.data.ui.joinButton.collapsed = True


def join(panel, user):
    panel.data.ui.joinButton.collapsed = False
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(box.findData("visits"))
    volumes, table = panel.data.ui.volumeList, panel.data.ui.visitTable
    for row in range(volumes.count):
        if volumes.item(row).text().startswith("Liver CT"):
            volumes.item(row).setSelected(True)
    for row, day in enumerate(("0", "45", "90")):
        table.item(row, 1).setText(day)
        choice = table.cellWidget(row, 2)
        choice.setCurrentIndex(choice.findText(f"drawn {row + 1}"))
    user.press(panel.data.ui.joinVolumesButton)


def test_three_scans_become_a_curve_of_recurrence_with_what_drives_it(panel, user, wait, photograph):
    join(panel, user)
    user.click_item(panel.analyse.ui.analysisTree, "Prognosis", TITLE)
    user.choose_node(panel.analyse.selectors["visits"], "Visits of Liver CT 1")
    rows = panel.analyse.form.fields["covariates"].rows
    for name, value in KNOWN.items():
        editor = rows[name]
        if hasattr(editor, "findData") and editor.findData(value) >= 0:
            editor.setCurrentIndex(editor.findData(value))
        else:
            user.type_into(editor, value)
    photograph("70-recurrence-form", panel.ui.analyseButton)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    photograph("71-recurrence-results", panel.ui.resultsButton)
    scene = slicer.mrmlScene
    made = {
        n.GetAttribute("SpatioTemporal.Output"): n for n in nodes_of(scene) if n.GetAttribute("SpatioTemporal.Output")
    }
    assert {"prediction", "survival", "contributions", "lesions", "graph", "report"} <= set(made)
    chart = next(
        n for n in nodes_of(scene, "vtkMRMLPlotChartNode") if n.GetAttribute("SpatioTemporal.Output") == "survival"
    )
    assert chart.GetXAxisTitle() == "time after the last visit [months]"
    graph = next(n for n in nodes_of(scene, "vtkMRMLModelNode") if n.GetAttribute("SpatioTemporal.Output") == "graph")
    assert graph.GetPolyData().GetNumberOfCells() > 100 and graph.GetDisplayNode().GetVisibility()
    # The first lesion is by far the largest and grows: it is to be red.
    lesions = made["lesions"] if made["lesions"].IsA("vtkMRMLSegmentationNode") else None
    names = [lesions.GetSegmentation().GetNthSegment(n).GetName() for n in range(3)]
    colours = [lesions.GetSegmentation().GetNthSegment(n).GetColor() for n in range(3)]
    largest = next(n for n, name in enumerate(names) if name.startswith("Tumor_1"))
    assert colours[largest][0] > 0.8 > colours[largest][2]


def nodes_of(scene, kind="vtkMRMLNode"):
    found = scene.GetNodesByClass(kind)
    found.UnRegister(None)
    return [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]
