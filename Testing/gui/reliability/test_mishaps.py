"""What may go wrong around the panel: dead workers, closed scenes, removed nodes, missing times."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest
import slicer
from gui.sequences import numbered_sequence
from gui.user import User
from SpatioTemporalNodes.results.provenance import result_summary
from SpatioTemporalNodes.values.value_nodes import labels_from_node


@pytest.fixture
def user(panel):
    return User(panel)


@pytest.fixture
def slow(panel, user, wait):
    """The sample data and a run that takes its time, under way."""
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job.fraction > 0)
    return panel.run.job


def message(panel) -> str:
    return panel.run.ui.messageLabel.text


def fast(panel):
    """Let the slow analysis be quick."""
    panel.analyse.form.set({"duration": 0.1})


def test_killed_worker_leaves_the_scene_and_a_message(panel, user, slow, wait):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    os.kill(panel.logic.runs.worker.family.own, signal.SIGKILL)
    wait(lambda: panel.run.job is None)
    assert "ended unexpectedly" in message(panel) and "The scene is unchanged" in message(panel)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    fast(panel)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)


def test_closing_the_scene_stops_the_run(panel, slow, wait):
    from slicerdouble.desktop import clear_scene

    worker = panel.logic.runs.worker
    clear_scene()
    assert panel.run.job is None and panel.data.view is None
    assert "scene was closed" in message(panel)
    wait(lambda: not worker.jobs, seconds=3)
    assert not result_summary(slicer.mrmlScene)
    panel.data.ui.sampleButton.click()
    assert panel.data.view.frames.count == 25


def test_result_of_a_removed_series_is_dropped_with_a_message(panel, user, wait):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    panel.analyse.form.set({"duration": 1})
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job.fraction > 0)
    slicer.mrmlScene.RemoveNode(panel.data.node)
    wait(lambda: panel.run.job is None)
    assert "series was removed from the scene meanwhile" in message(panel)
    assert not result_summary(slicer.mrmlScene)


def test_double_click_starts_one_run(panel, user, wait):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    fast(panel)
    panel.run.ui.startButton.click()
    panel.run.ui.startButton.click()
    panel.run.start()
    assert len(panel.logic.runs.jobs) == 1
    wait(lambda: panel.run.job is None)
    assert len(result_summary(slicer.mrmlScene)) == 1


def test_times_that_do_not_rise_are_refused(panel, user):
    user.press(panel.data.ui.sampleButton)
    panel.data.ui.timesButton.collapsed = False
    panel.data.ui.timeTable.item(3, 1).setText("1")
    user.press(panel.data.ui.applyTimesButton)
    assert "rise strictly" in message(panel)
    assert list(panel.data.view.times[:2]) == [0, 16.43]


def test_shown_volume_stands_for_its_series(panel, user):
    sequence = numbered_sequence()
    browser = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")[0]
    red = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    red.SetBackgroundVolumeID(None)
    user.press(panel.data.ui.shownButton)
    assert "no volume is shown" in message(panel)
    red.SetBackgroundVolumeID(browser.GetProxyNode(sequence).GetID())
    user.press(panel.data.ui.shownButton)
    assert panel.data.node is sequence


def test_browser_is_understood_too(panel):
    numbered_sequence()
    panel.data.choose(slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")[0])
    assert panel.data.view.frames.count == 5


def test_missing_package_is_offered_and_not_installed_unasked(panel, user, desktop, monkeypatch):
    from SpatioTemporalLib.workers.worker_client import Event

    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    user.press(panel.run.ui.startButton)
    job = panel.run.job
    panel.logic.runs.worker.cancel(job.number)
    text = "Learning needs the package torch, which is not installed."
    monkeypatch.setattr(
        panel.logic.runs.worker, "poll", lambda: [Event("error", job.number, text, code="E-PACKAGE", package="torch")]
    )
    panel.poll()
    assert message(panel) == text and panel.run.ui.installButton.visible
    said = " ".join(panel.run.ui.installButton.text.split())
    assert said == "Install torch (200 MB to 3 GB)..." and desktop.pip_installed == []
    desktop.ask_yes = False
    user.press(panel.run.ui.installButton)
    assert desktop.pip_installed == []
    desktop.ask_yes = True
    user.press(panel.run.ui.installButton)
    assert desktop.pip_installed == ["torch"]


def test_gui_hears_events_while_a_run_is_under_way(panel, slow, wait):
    from PySide6 import QtCore

    beats = []
    timer = QtCore.QTimer()
    timer.timeout.connect(lambda: beats.append(panel.run.job is not None))
    timer.start(5)
    wait(lambda: len(beats) > 10)
    timer.stop()
    assert all(beats)


def test_two_series_at_once(panel, user):
    user.press(panel.data.ui.sampleButton)
    other = panel.logic.convert("Breast DCE", name="copy")
    user.choose_node(panel.look.ui.compareSelector, other.GetName())
    user.move_mouse((90, 100, 0))
    first, second = panel.look.plot.lines
    assert np.array_equal(first.values, second.values) and second.dashed
    assert second.name == "cursor, copy"


def test_model_is_fitted_to_the_voxel_under_the_mouse(panel, user, wait, photograph):
    user.press(panel.data.ui.sampleButton)
    user.press(panel.look.ui.fitButton)
    assert "no position was pointed at" in message(panel)
    user.move_mouse((104, 106, 0))
    user.press(panel.look.ui.fitButton)
    assert "Choose an analysis" in message(panel)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    user.choose_node(panel.analyse.selectors["aif"], "Breast plasma")
    panel.analyse.form.set({"curve_is": "plasma"})
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    user.press(panel.look.ui.fitButton)
    wait(lambda: panel.look.mode == "fit")
    measured, model = panel.look.plot.lines
    assert (measured.name, measured.drawn) == ("voxel 104, 106, 0", "points")
    assert (model.name, model.drawn) == ("voxel 104, 106, 0 fit", "line")
    assert np.sqrt(np.mean((measured.values - model.values) ** 2)) < 0.2 * measured.values.max()
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    photograph("22-voxel-fit", panel.look.widget)
    user.press(panel.look.ui.clearButton)
    assert panel.look.fits == []


def test_fit_of_a_voxel_without_uptake_says_why(panel, user, wait):
    user.press(panel.data.ui.sampleButton)
    user.move_mouse((2, 2, 0))
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    user.press(panel.look.ui.fitButton)
    wait(lambda: not panel.logic.runs.jobs)
    assert "[E-" in message(panel) and panel.look.fits == []


def test_detected_artery_is_shown_as_a_segmentation(panel, user, wait):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts model")
    panel.analyse.form.set({"input_function": "detected"})
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    (artery,) = [node for node in nodes if node.GetName().lower().endswith("artery")]
    assert artery.GetSegmentation().GetNthSegment(0).GetName() == "artery"
    labels = labels_from_node(artery, panel.data.view.probe.geometry)
    assert 3 <= np.count_nonzero(labels.foreground) <= 50


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_run_can_be_cancelled_early_half_way_and_late(panel, user, wait, share):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    panel.analyse.form.set({"duration": 4.0})
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job.fraction >= share, seconds=60.0)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    user.press(panel.run.ui.cancelButton)
    wait(lambda: panel.run.job is None)
    assert "cancelled" in message(panel)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes and not result_summary(slicer.mrmlScene)
    fast(panel)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)


def test_output_that_cannot_be_shown_leaves_no_half_result(panel, user, wait, monkeypatch):
    from SpatioTemporalNodes.results import result_nodes

    def broken(place, output, value):
        raise RuntimeError("no room for a table")
        yield

    monkeypatch.setattr(result_nodes, "_add_table", broken)
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    maps = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "no room for a table" in message(panel)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == maps
    assert not result_summary(slicer.mrmlScene)


def test_pytorch_comes_through_its_extension_where_that_is_present(panel, desktop, monkeypatch):
    import types

    from SpatioTemporalWidgets.package_install import install

    asked = []

    class Logic:
        def installTorch(self, **facts):
            asked.append(facts)
            return object()

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=Logic))
    before = list(desktop.pip_installed)
    assert install(("torch",))
    assert asked == [{"askConfirmation": True, "torchVersionRequirement": ">=2.6"}]
    assert desktop.pip_installed == before


def test_overlapping_segments_are_told_of_in_the_log(panel, user, wait):
    from SpatioTemporalNodes.series.series_view import view_of
    from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation

    import SpatioTemporalLib as st

    user.press(panel.data.ui.sampleButton)
    geometry = view_of(panel.data.node).probe.geometry
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "two regions")
    for name, columns in (("left", slice(90, 106)), ("right", slice(100, 116))):
        values = np.zeros(geometry.shape, np.uint8)
        values[:, 100:112, columns] = 1
        part = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        fill_segmentation(part, st.LabelMap(values, geometry, {1: st.Label(name)}))
        segment = part.GetSegmentation().GetNthSegmentID(0)
        node.GetSegmentation().CopySegmentFromSegmentation(part.GetSegmentation(), segment)
        slicer.mrmlScene.RemoveNode(part)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Semi-quantitative")
    user.choose_node(panel.analyse.selectors["mask"], "two regions")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert "72 voxels lie in several segments" in panel.run.ui.logEdit.plainText


@pytest.mark.parametrize("settings, pins", [("{", "[]"), ("[3]", "[]"), ("{}", '[["a"]]'), ('{"test.slow": 3}', "{}")])
def test_what_a_scene_kept_of_the_panel_may_be_damaged(panel, settings, pins):
    panel.parameters.settings, panel.parameters.pins = settings, pins
    panel.restore()
    assert "E-SCENE-FACT" in message(panel)
    assert panel.look.pins == []


def test_kept_values_that_a_parameter_cannot_have_are_left_out(panel, user):
    panel.parameters.settings = '{"dummy.slow_mean": {"duration": "long", "no such": 1}}'
    panel.restore()
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    assert isinstance(panel.analyse.values()["duration"], float)


def test_a_run_whose_parameters_are_damaged_is_not_run_again_with_others(panel, user, wait):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    fast(panel)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    for nodes in panel.results.nodes().by_output.values():
        for node in nodes:
            node.SetAttribute("SpatioTemporal.Parameters", '{"duration": ')
    user.press(panel.results.ui.againButton)
    assert "E-SCENE-FACT" in message(panel) and panel.run.job is None
