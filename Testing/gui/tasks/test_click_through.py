"""One user, one examination, from the sample data to a scene that was saved and opened again."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.display.overlay import overlaid_map
from SpatioTemporalNodes.results.provenance import result_summary
from SpatioTemporalNodes.values.voxels import node_values

TUMOUR = (104, 106, 0)
KTRANS = "Breast DCE Ktrans"


@pytest.fixture(scope="module")
def story(module):
    """The panel and its user; what one step did is there for the next."""
    from slicerdouble.desktop import clear_scene

    clear_scene()
    panel = module.widgetRepresentation().self().panel
    yield panel, User(panel)
    panel.logic.runs.forget_all()


def node_ids() -> set[str]:
    return {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}


def message(panel) -> str:
    return panel.run.ui.messageLabel.text


def test_load_sample_data(story, photograph):
    panel, user = story
    photograph("01-empty")
    user.press(panel.data.ui.sampleButton)
    text = panel.data.ui.understoodLabel.text
    assert text.startswith("25 frames, 0–394.32 s, every 16.43 s (") and "192×192×1" in text
    red = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    assert slicer.mrmlScene.GetNodeByID(red.GetBackgroundVolumeID()).GetName() == "Breast DCE"
    photograph("02-data")


def test_curve_follows_the_mouse(story, photograph):
    panel, user = story
    user.move_mouse(TUMOUR)
    (line,) = panel.look.plot.lines
    k, j, i = TUMOUR[::-1]
    frames = [node_values(volume)[k, j, i] for volume in panel.data.view.frames.volumes]
    assert np.allclose(line.values, frames) and np.allclose(line.times, panel.data.view.times)
    user.move_mouse((60, 90, 0))
    assert not np.allclose(panel.look.plot.lines[0].values, frames)
    user.move_mouse((-50, 0, 0))
    assert len(panel.look.plot.lines) == 1, "outside the images the last curve stays"
    photograph("03-cursor")


def test_pin_points_and_change_what_is_shown(story, photograph):
    panel, user = story
    user.move_mouse(TUMOUR)
    user.press(panel.look.ui.pinButton)
    user.move_mouse((60, 90, 0))
    assert [line.name for line in panel.look.plot.lines] == ["cursor", "point 1"]
    box = panel.look.ui.modeBox
    for mode, unit in (("change", "a.u."), ("percent", "%"), ("concentration", "mmol/L")):
        box.setCurrentIndex(box.findData(mode))
        assert panel.look.plot.titles[1].endswith(f"[{unit}]"), panel.look.plot.note
        baseline = panel.look.plot.lines[1].values[:3].mean()
        assert abs(baseline) < 0.1 * np.nanmax(panel.look.plot.lines[1].values)
    photograph("04-pinned")


def test_click_on_the_curve_goes_to_that_frame(story):
    from PySide6 import QtCore
    from PySide6.QtTest import QTest

    panel, _ = story
    plot = panel.look.plot
    x = plot.frame.x(panel.data.view.times[10])
    QTest.mouseClick(panel.look.ui.plotLabel, QtCore.Qt.LeftButton, pos=QtCore.QPoint(x, 80))
    browser = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")[0]
    assert browser.GetSelectedItemNumber() == 10 and plot.now == pytest.approx(164.3)
    browser.SetSelectedItemNumber(4)
    assert panel.look.ui.frameSlider.value == 4


def test_choose_an_analysis_and_change_its_parameters(story, photograph):
    panel, user = story
    user.type_into(panel.analyse.ui.searchEdit, "tofts extended")
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    panel.analyse.ui.searchEdit.clear()
    field = panel.analyse.form.fields["hematocrit"]
    user.type_into(field.editor, "7")
    assert "outside 0..0.7" in field.reason.text and field.reason.isVisible()
    assert not panel.run.ui.startButton.enabled and "outside" in panel.run.ui.startButton.toolTip
    photograph("05-invalid")
    user.type_into(field.editor, "0.45")
    assert panel.run.ui.startButton.enabled and not field.reason.isVisible()
    user.choose_node(panel.analyse.selectors["aif"], "Breast plasma")
    panel.analyse.form.set({"curve_is": "plasma"})
    photograph("06-analysis")


def test_run_shows_overlay_legend_table_and_chart(story, wait, photograph, pictures):
    from slicerdouble.slice_view import desktop_picture, slice_picture

    panel, user = story
    user.press(panel.run.ui.startButton)
    assert not panel.run.ui.startButton.enabled and panel.run.ui.cancelButton.enabled
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert overlaid_map(slicer.mrmlScene).GetName() == KTRANS
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(overlaid_map(slicer.mrmlScene))
    assert legend.GetVisibility() and legend.GetTitleText() == f"{KTRANS} [1/min]"
    assert overlaid_map(slicer.mrmlScene).GetDisplayNode().GetWindowLevelMax() == pytest.approx(0.5)
    table = panel.results.ui.statisticsTable
    assert table.rowCount == 4 and table.item(0, 1).text() == "ktrans"
    view = slicer.mrmlScene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode")
    assert view.GetPlotChartNode() is not None
    summary = result_summary(slicer.mrmlScene)[0]
    assert summary.parameters["hematocrit"] == 0.45 and summary.parameters["curve_is"] == "plasma"
    photograph("07-results")
    picture = slice_picture()
    assert picture.save(str(pictures / "08-slice-view.png"))
    assert desktop_picture(panel.widget).save(str(pictures / "09-desktop.png"))


def test_opacity_threshold_and_legend_follow_their_controls(story):
    panel, user = story
    ui, node = panel.results.ui, overlaid_map(slicer.mrmlScene)
    ui.opacitySlider.value = 0.3
    red = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    assert red.GetForegroundOpacity() == pytest.approx(0.3)
    ui.thresholdSlider.value = 0.1
    assert node.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.1)
    ui.legendBox.setChecked(False)
    assert not slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node).GetVisibility()
    ui.legendBox.setChecked(True)
    user.press(ui.hideButton)
    assert overlaid_map(slicer.mrmlScene) is None
    user.click_item(ui.runTree, "Extended Tofts", "ve")
    assert overlaid_map(slicer.mrmlScene).GetName() == "Breast DCE ve"


def test_model_is_drawn_over_the_points(story, photograph):
    panel, _ = story
    box = panel.look.ui.modeBox
    box.setCurrentIndex(box.findData("fit"))
    names = [line.name for line in panel.look.plot.lines]
    assert names[:2] == ["fitted voxels", "fitted voxels fit"]
    assert [line.drawn for line in panel.look.plot.lines[:2]] == ["points", "line"]
    photograph("10-fit", panel.look.widget)
    box.setCurrentIndex(box.findData("signal"))


def test_segments_give_curves_and_statistics(story, wait, photograph):
    panel, user = story
    user.click_item(panel.analyse.ui.analysisTree, "Segmentation", "Enhancing tissue")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    regions = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[-1]
    assert "done" in message(panel), message(panel)
    user.choose_node(panel.look.ui.segmentationSelector, regions.GetName())
    segment = next(line for line in panel.look.plot.lines if line.spread is not None)
    assert segment.name.startswith("enhancing region")
    user.click_item(panel.results.ui.runTree, "Extended Tofts", "Ktrans")
    user.choose_node(panel.results.ui.regionSelector, regions.GetName())
    table = panel.results.ui.statisticsTable
    headings = [table.horizontalHeaderItem(n).text() for n in range(table.columnCount)]
    assert headings[:4] == ["segment", "median [1/min]", "mean [1/min]", "SD [1/min]"]
    assert {"voxels", "measured", "volume [mL]"} <= set(headings)
    photograph("11-segments")


def test_runs_are_compared_segment_by_segment(story, wait):
    panel, user = story
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Tofts model")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    panel.results.ui.compareBox.setChecked(True)
    table = panel.results.ui.statisticsTable
    runs = [table.item(row, 1).text().split(",")[0] for row in range(2)]
    assert runs == ["Tofts model", "Extended Tofts model"]
    assert table.item(0, 0).text() == table.item(1, 0).text() == "enhancing region 1"
    panel.results.ui.compareBox.setChecked(False)
    user.press(panel.results.ui.removeButton)
    assert len(result_summary(slicer.mrmlScene)) == 2


def test_cancel_half_way_stops_the_run(story, wait, photograph):
    panel, user = story
    nodes, runs = slicer.mrmlScene.GetNumberOfNodes(), len(result_summary(slicer.mrmlScene))
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    user.press(panel.run.ui.startButton)
    wait(lambda: "s left" in panel.run.ui.progressBar.format)
    photograph("12-running")
    user.press(panel.run.ui.cancelButton)
    wait(lambda: panel.run.job is None)
    assert "cancelled" in message(panel) and panel.run.ui.startButton.enabled
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes and len(result_summary(slicer.mrmlScene)) == runs


def test_run_again_fills_the_same_nodes(story, wait):
    panel, user = story
    user.click_item(panel.results.ui.runTree, "Extended Tofts")
    before = node_ids()
    values = node_values(slicer.util.getNode(KTRANS)).copy()
    user.press(panel.results.ui.againButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert panel.analyse.form.values()["hematocrit"] == 0.45
    assert node_ids() == before
    assert np.allclose(node_values(slicer.util.getNode(KTRANS)), values)


def test_export_writes_images_and_tables(story, tmp_path):
    import SpatioTemporalLib as st

    panel, user = story
    user.click_item(panel.results.ui.runTree, "Extended Tofts", "Ktrans")
    files = {path.name for path in panel.results.export(tmp_path / "out")}
    assert {"ktrans.nii.gz", "curves.csv", "statistics.csv", "fit_status.nii.gz", "result.json"} <= files
    ktrans = st.read_map(tmp_path / "out" / "ktrans.nii.gz")
    assert ktrans.unit == "1/min"
    user.press(panel.results.ui.dicomBox)
    objects = {path.name for path in panel.results.export(tmp_path / "again") if path.suffix == ".dcm"}
    user.press(panel.results.ui.dicomBox)
    assert {"ktrans.dcm", "fit_status.dcm"} <= objects
    panel.look.save(tmp_path / "curves.csv")
    assert "point 1 [a.u.]" in (tmp_path / "curves.csv").read_text().splitlines()[0]
    charts = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode")
    user.press(panel.look.ui.chartButton)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == charts + 1


def test_saved_scene_goes_on_where_it_was_left(story, wait, tmp_path, photograph):
    from slicerdouble.desktop import clear_scene, load_scene, save_scene

    panel, user = story
    save_scene(tmp_path / "study.mrb")
    clear_scene()
    assert panel.data.view is None and panel.look.plot.lines == [] and panel.results.run == ""
    assert not panel.run.ui.startButton.enabled
    load_scene(tmp_path / "study.mrb")
    assert panel.data.view.frames.count == 25 and panel.data.view.timed
    assert panel.analyse.analysis.title == "Extended Tofts model"
    assert panel.analyse.form.values()["hematocrit"] == 0.45
    assert [line.name for line in panel.look.plot.lines if line.name.startswith("point")] == ["point 1"]
    user.move_mouse(TUMOUR)
    assert panel.look.plot.lines[0].name == "cursor"
    user.click_item(panel.results.ui.runTree, "Extended Tofts", "Ktrans")
    assert overlaid_map(slicer.mrmlScene).GetName() == KTRANS
    user.press(panel.results.ui.againButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    photograph("13-continued")
