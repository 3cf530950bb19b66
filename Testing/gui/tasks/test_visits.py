"""Visits of a patient, from two volumes to results on several grids, a report, and a saved scene."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from library.small.inputs import two_visits
from library.small.pairs import simulated_visits
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
from SpatioTemporalNodes.values.voxels import node_geometry, set_node_geometry, set_node_values
from SpatioTemporalNodes.visits.follow_up_nodes import follow_up_from_node

JOINED = "Visits of CT 1"


@pytest.fixture
def user(panel):
    user = User(panel)
    for number, visit in enumerate(two_visits().visits, start=1):
        image = visit.images["image"]
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"CT {number}")
        set_node_values(volume, image.values.astype(np.float32))
        set_node_geometry(volume, image.geometry)
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"lesion {number}")
        fill_segmentation(segmentation, visit.mask)
    yield user
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(0)
    panel.data.ui.joinButton.collapsed = True


def message(panel) -> str:
    return panel.run.ui.messageLabel.text


def choose_volumes(panel):
    panel.data.ui.joinButton.collapsed = False
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(box.findData("visits"))
    for row in range(2):
        panel.data.ui.volumeList.item(row).setSelected(True)


def join(panel, user):
    choose_volumes(panel)
    table = panel.data.ui.visitTable
    table.item(0, 1).setText("10")
    table.item(1, 1).setText("100")
    box = table.cellWidget(1, 2)
    box.setCurrentIndex(box.findText("lesion 2"))
    user.press(panel.data.ui.joinVolumesButton)
    assert JOINED in message(panel), message(panel)


def test_volumes_are_joined_with_their_days_and_segmentations(panel, user, photograph):
    choose_volumes(panel)
    table = panel.data.ui.visitTable
    assert table.isVisible() and table.rowCount == 2 and table.item(0, 0).text() == "CT 1"
    user.press(panel.data.ui.joinVolumesButton)
    assert "the day of CT 1 is nothing" in message(panel)
    table.item(0, 1).setText("10")
    table.item(1, 1).setText("soon")
    user.press(panel.data.ui.joinVolumesButton)
    assert "the day of CT 2 is soon" in message(panel)
    join(panel, user)
    photograph("22-visits")
    node = slicer.mrmlScene.GetFirstNodeByName(JOINED)
    node.SetAttribute("SpatioTemporal.Unit", "HU")
    found = follow_up_from_node(node)
    assert found.days.tolist() == [0, 90]
    assert found.visits[0].mask is None and found.visits[1].mask.foreground.any()


def test_what_was_filled_in_stays_when_another_volume_is_chosen(panel, user):
    choose_volumes(panel)
    table = panel.data.ui.visitTable
    table.item(1, 1).setText("77")
    panel.data.ui.volumeList.item(0).setSelected(False)
    assert table.rowCount == 1 and table.item(0, 1).text() == "77"
    panel.data.ui.volumeList.item(0).setSelected(True)
    assert [table.item(row, 1).text() for row in range(2)] == ["", "77"]


def test_visits_are_registered_and_run_again(panel, user, wait):
    join(panel, user)
    numbered = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "no visits")
    user.click_item(panel.analyse.ui.analysisTree, "Follow up", "Registration of visits")
    selector = panel.analyse.selectors["visits"]
    assert selector.nodeCount() == 1, "only visits are offered"
    selector.setCurrentNode(numbered)
    assert selector.currentNode() is None and not panel.run.ui.startButton.enabled
    user.choose_node(selector, JOINED)
    user.choose_node(panel.analyse.selectors["region"], "lesion 1")
    user.press(panel.run.ui.startButton)
    assert "E-UNIT" in message(panel) and "step 3" in message(panel)
    editors = [w for w in slicer.util.findChildren(panel.analyse.widget) if getattr(w, "placeholderText", "") == "unit"]
    (unit,) = [editor for editor in editors if editor.isVisible()]
    user.type_into(unit, "HU")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    node = panel.results.chosen_map()
    assert node.GetName() == f"{JOINED} registered_2"
    assert node_geometry(node).matches(two_visits().visits[0].images["image"].geometry)
    user.press(panel.results.ui.againButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert panel.results.chosen_map().GetID() == node.GetID()
    assert not panel.results.ui.reportButton.isVisible()


def test_report_of_a_run_opens_in_the_browser(panel, user, wait, monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(qt, "QDesktopServices", type("Services", (), {"openUrl": opened.append}), raising=False)
    join(panel, user)
    sequence = slicer.mrmlScene.GetFirstNodeByName(JOINED)
    sequence.SetAttribute("SpatioTemporal.Unit", "HU")
    point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "nodule")
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Every kind")
    assert not panel.analyse.ui.previewBox.enabled, "there is no slice that visits share"
    user.choose_node(panel.analyse.selectors["visits"], JOINED)
    user.choose_node(panel.analyse.selectors["point"], "nodule")
    user.press(panel.run.ui.startButton)
    assert "no point has been placed" in message(panel)
    point.AddControlPoint([-12.5, 30.0, 41.0])
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert panel.results.output == "brighter_1"
    user.press(panel.results.ui.reportButton)
    (url,) = opened
    with open(url.toLocalFile(), encoding="utf-8") as page:
        assert "R -12.5, A 30, S 41" in page.read()


def test_results_on_several_grids_are_exported_and_measured(panel, user, wait, tmp_path):
    join(panel, user)
    sequence = slicer.mrmlScene.GetFirstNodeByName(JOINED)
    sequence.SetAttribute("SpatioTemporal.Unit", "HU")
    panel.analyse.choose("dummy.every_kind")
    user.choose_node(panel.analyse.selectors["visits"], JOINED)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    files = {file.name for file in panel.results.export(tmp_path / "out")}
    assert {"brighter_1.nii.gz", "brighter_2.nii.gz", "lesion_2.nii.gz", "report.html"} <= files


def test_console_takes_visits_by_name_and_as_values(panel, user):
    join(panel, user)
    slicer.mrmlScene.GetFirstNodeByName(JOINED).SetAttribute("SpatioTemporal.Unit", "HU")
    logic = slicer.util.getModuleLogic("SpatioTemporal")
    by_name = logic.run("dummy.every_kind", visits=JOINED)
    assert by_name["brighter_2"].GetName() == f"{JOINED} HU+1 2"
    as_value = logic.run("dummy.every_kind", visits=two_visits())
    assert as_value["brighter_2"].GetName() == "HU+1 2"


def test_visits_are_no_series(panel, user):
    join(panel, user)
    panel.data.ui.seriesSelector.setCurrentNode(slicer.mrmlScene.GetFirstNodeByName(JOINED))
    assert "cannot be used as a series" in panel.data.ui.understoodLabel.text


def test_two_visits_become_segments_of_what_is_new(panel, user, wait, photograph):
    """From two head scans and their days to segments in the scene, by clicks."""
    drawn, _ = simulated_visits(seed=70, shape=(16, 48, 48))
    for number, visit in enumerate(drawn.visits, start=1):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"FLAIR {number}")
        set_node_values(volume, visit.images["flair"].values)
        set_node_geometry(volume, visit.images["flair"].geometry)
    panel.data.ui.joinButton.collapsed = False
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(box.findData("visits"))
    volumes, table = panel.data.ui.volumeList, panel.data.ui.visitTable
    for row in range(volumes.count):
        volumes.item(row).setSelected(volumes.item(row).text().startswith("FLAIR"))
    table.item(0, 1).setText("0")
    table.item(1, 1).setText(str(int(drawn.visits[1].days)))
    user.press(panel.data.ui.joinVolumesButton)
    assert "Visits of FLAIR 1" in message(panel), message(panel)
    slicer.mrmlScene.GetFirstNodeByName("Visits of FLAIR 1").SetAttribute("SpatioTemporal.Unit", "a.u.")
    user.click_item(panel.analyse.ui.analysisTree, "Follow up", "New and vanished lesions by a trained network")
    user.choose_node(panel.analyse.selectors["visits"], "Visits of FLAIR 1")
    assert "SIMULATED" in " ".join(
        label.text for label in slicer.util.findChildren(panel.analyse.widget, className="QLabel")
    )
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    photograph("23-change")
    (node,) = [n for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if "changes" in n.GetName()]
    segments = node.GetSegmentation()
    assert [segments.GetNthSegment(n).GetName() for n in range(segments.GetNumberOfSegments())] == ["new", "vanished"]
