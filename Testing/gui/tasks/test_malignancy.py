"""A nodule followed up, from two CT volumes to a probability with what it rests on, by mouse and keyboard."""

from __future__ import annotations

import json

import pytest
import slicer
from gui.user import User
from library.small.bundles import AGE, small_bundle, two_scans
from library.small.phases import small_phase_bundle
from slicerdouble.desktop import clear_scene, load_scene, save_scene
from slicerdouble.slice_view import slice_picture
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
from SpatioTemporalNodes.values.voxels import node_geometry, set_node_geometry, set_node_values

from SpatioTemporalLib.networks.bundle.container import METADATA

TITLE = "Malignancy of a nodule from follow-up images"
JOINED = "Visits of CT 1"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A folder with a bundle that takes age and sex, one that takes age, a broken one, and one of another task."""
    folder = tmp_path_factory.mktemp("bundles")
    small_bundle(folder / "both")
    small_bundle(folder / "age only", covariates=(AGE,))
    small_bundle(folder / "broken")
    small_phase_bundle(folder / "of phases")
    (folder / "broken" / METADATA).write_text("{")
    return folder


@pytest.fixture
def user(panel):
    """Before two CT volumes of a nodule with its segmentation at the second."""
    for number, scan in enumerate(two_scans(), start=1):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"CT {number}")
        set_node_values(volume, scan.ct.values)
        set_node_geometry(volume, scan.ct.geometry)
        volume.SetAttribute("SpatioTemporal.Unit", "HU")
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"nodule {number}")
        fill_segmentation(segmentation, scan.nodule)
        segmentation.GetDisplayNode().SetVisibility(False)
    yield User(panel)
    panel.data.ui.joinKindBox.setCurrentIndex(0)
    panel.data.ui.joinButton.collapsed = True


def message(panel) -> str:
    return panel.run.ui.messageLabel.text


def field(panel, name):
    return panel.analyse.form.fields[name]


def join(panel, user, *, masks=(2,)):
    panel.data.ui.joinButton.collapsed = False
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(box.findData("visits"))
    table = panel.data.ui.visitTable
    for row in range(2):
        panel.data.ui.volumeList.item(row).setSelected(True)
    for row, day in enumerate(("0", "330")):
        table.item(row, 1).setText(day)
        if row + 1 in masks:
            choice = table.cellWidget(row, 2)
            choice.setCurrentIndex(choice.findText(f"nodule {row + 1}"))
    user.press(panel.data.ui.joinVolumesButton)


def fill_in(panel, user, bundles):
    user.click_item(panel.analyse.ui.analysisTree, "Follow up", TITLE)
    user.choose_node(panel.analyse.selectors["visits"], JOINED)
    user.type_into(field(panel, "bundle").editor, str(bundles / "both"))
    rows = field(panel, "covariates").rows
    user.type_into(rows["age"], "63,5")
    rows["sex"].setCurrentIndex(rows["sex"].findData("F"))


def finish(panel, user, wait):
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)


def shown(view="Red"):
    composite = slicer.mrmlScene.GetSingletonNode(view, "vtkMRMLSliceCompositeNode")
    return (
        slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or ""),
        slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID() or ""),
    )


def table_shown(panel) -> dict[str, str]:
    table = panel.results.ui.statisticsTable
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount)}


def test_two_volumes_become_a_probability_with_what_it_rests_on(panel, user, bundles, wait, photograph, pictures):
    join(panel, user, masks=(1, 2))
    fill_in(panel, user, bundles)
    photograph("30-malignancy-form", panel.ui.analyseButton)
    finish(panel, user, wait)
    results = panel.results
    found = table_shown(panel)
    assert found["outcome"] == "malignant" and 0 < float(found["probability"]) < 1
    assert "SIMULATED" in found["trained on"]
    assert results.ui.reportButton.isVisible() and results.output == "layer_cam_1"
    user.click_item(results.ui.runTree, TITLE, "Integrated gradients 2")
    photograph("31-malignancy-results", panel.ui.resultsButton)
    assert slice_picture().save(str(pictures / "32-malignancy-slice.png"))
    photograph("33-malignancy-panel")
    background, foreground = shown()
    assert node_geometry(background).matches(node_geometry(slicer.mrmlScene.GetFirstNodeByName("CT 2")))
    assert foreground.GetAttribute("SpatioTemporal.Output") == "integrated_gradients_2"
    display = foreground.GetDisplayNode()
    assert display.GetColorNode().GetName() == "Coolwarm"
    assert display.GetWindowLevelMin() == pytest.approx(-display.GetWindowLevelMax()) != 0
    user.click_item(results.ui.runTree, TITLE, "Growth")
    assert "doubling" in " ".join(table_shown(panel)) or results.ui.statisticsTable.columnCount > 2


def test_each_map_lies_over_its_own_visit_with_the_views_on_the_nodule(panel, user, bundles, wait):
    join(panel, user)
    fill_in(panel, user, bundles)
    field(panel, "integrated_gradients").editor.setChecked(False)
    finish(panel, user, wait)
    for number, scan in enumerate(two_scans(), start=1):
        user.click_item(panel.results.ui.runTree, TITLE, f"Layer CAM {number}")
        background, foreground = shown()
        assert node_geometry(background).matches(scan.ct.geometry)
        assert foreground.GetAttribute("SpatioTemporal.Output") == f"layer_cam_{number}"
        matrix = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceNode").GetSliceToRAS()
        centre = [matrix.GetElement(axis, 3) for axis in range(3)]
        assert centre == pytest.approx(scan.centre, abs=3.0)


def test_a_point_and_a_named_segment_say_where_the_nodule_is(panel, user, bundles, wait):
    join(panel, user, masks=())
    fill_in(panel, user, bundles)
    for name in ("layer_cam", "integrated_gradients"):
        field(panel, name).editor.setChecked(False)
    scan = two_scans()[1]
    point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "place")
    point.AddControlPoint([float(x) for x in scan.centre])
    user.choose_node(panel.analyse.selectors["point"], "place")
    finish(panel, user, wait)
    assert 0 < float(table_shown(panel)["probability"]) < 1
    assert not any(output.startswith("layer_cam") for output in panel.results.nodes().by_output)
    user.choose_node(panel.analyse.selectors["nodule"], "nodule 2")
    user.type_into(field(panel, "segment").editor, "lung")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "no segment 'lung' is drawn; there are nodule" in message(panel)


def test_device_is_chosen_in_the_panel(panel, user, bundles, wait):
    join(panel, user)
    fill_in(panel, user, bundles)
    panel.run.ui.computingButton.collapsed = False
    box = panel.run.ui.deviceBox
    assert [box.itemText(n) for n in range(box.count)] == ["Automatic", "CPU", "GPU (CUDA)"]
    box.setCurrentIndex(box.findData("cpu"))
    finish(panel, user, wait)
    assert panel.results.nodes()["prediction"].GetAttribute("SpatioTemporal.Device") == "cpu"
    panel.run.ui.computingButton.collapsed = True


def test_the_form_asks_for_what_the_bundle_takes(panel, user, bundles):
    join(panel, user)
    fill_in(panel, user, bundles)
    covariates = field(panel, "covariates")
    assert covariates.rows["age"].placeholderText == "not known (62 ± 6 in training)"
    assert panel.analyse.values()["covariates"] == ("age=63.5", "sex=F")
    assert field(panel, "bundle").warning.text.startswith("TRAINED ON SIMULATED DATA")
    assert "2 to 3 visits" in field(panel, "bundle").about.text
    field(panel, "bundle").editor.setText(str(bundles / "age only"))
    assert list(covariates.rows) == ["age"]
    assert panel.analyse.values()["covariates"] == ("age=63.5",)
    field(panel, "bundle").editor.setText(str(bundles / "both"))
    assert panel.analyse.values()["covariates"] == ("age=63.5", "sex=F"), "what was filled in is not lost"


def test_what_does_not_fit_is_said_below_its_field_and_keeps_the_run_from_starting(panel, user, bundles):
    join(panel, user)
    fill_in(panel, user, bundles)
    assert panel.run.ui.startButton.enabled
    user.type_into(field(panel, "covariates").rows["age"], "old")
    assert field(panel, "covariates").reason.text == "age = old is no number"
    assert not panel.run.ui.startButton.enabled
    user.type_into(field(panel, "covariates").rows["age"], "")
    assert panel.run.ui.startButton.enabled and panel.analyse.values()["covariates"] == ("sex=F",)
    wrong = {"broken": "no valid JSON", "nowhere": "is not there", "": "has 4 files"}
    wrong["of phases"] = "was trained for segmentation, classification is asked for"
    for name, words in wrong.items():
        field(panel, "bundle").editor.setText(str(bundles / name))
        assert words in field(panel, "bundle").reason.text
        assert not field(panel, "bundle").about.visible and not panel.run.ui.startButton.enabled


def test_bundle_is_chosen_by_its_buttons(panel, user, bundles, desktop, monkeypatch):
    import qt

    user.click_item(panel.analyse.ui.analysisTree, "Follow up", TITLE)
    desktop.processEvents()
    answers = {
        "Folder...": ("getExistingDirectory", str(bundles / "both")),
        "File...": ("getOpenFileName", str(bundles / "packed.zip")),
    }
    for text, (name, answer) in answers.items():
        monkeypatch.setattr(qt.QFileDialog, name, lambda *given, answer=answer: answer)
        widgets = slicer.util.findChildren(panel.analyse.widget)
        (button,) = [w for w in widgets if getattr(w, "text", "") == text and w.isVisible()]
        user.press(button)
        assert field(panel, "bundle").editor.text == answer


def test_saved_scene_keeps_the_form_and_the_result(panel, user, bundles, wait, tmp_path):
    join(panel, user)
    fill_in(panel, user, bundles)
    box = panel.run.ui.deviceBox
    box.setCurrentIndex(box.findData("cpu"))
    field(panel, "integrated_gradients").editor.setChecked(False)
    finish(panel, user, wait)
    assert json.loads(panel.parameters.settings)["follow_up.malignancy"]["covariates"] == ["age=63.5", "sex=F"]
    save_scene(tmp_path / "scene.mrb")
    clear_scene()
    assert not panel.results.run
    load_scene(tmp_path / "scene.mrb")
    assert panel.analyse.values()["covariates"] == ("age=63.5", "sex=F")
    assert panel.run.device == "cpu"
    user.click_item(panel.results.ui.runTree, TITLE, "Layer CAM 2")
    background, _ = shown()
    assert node_geometry(background).matches(two_scans()[1].ct.geometry)
    before = table_shown(panel)
    panel.analyse.form.reset()
    user.press(panel.results.ui.againButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)
    assert panel.analyse.values()["covariates"] == ("age=63.5", "sex=F")
    assert table_shown(panel) == before


def test_missing_packages_are_offered_together(panel, user, bundles, wait, desktop, tmp_path, monkeypatch):
    # So Python says it where a package is not there; the worker looks here first.
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')")
    worker = panel.logic.runs.worker
    monkeypatch.setattr(worker, "paths", [str(tmp_path), *worker.paths])
    worker.kill()
    join(panel, user)
    fill_in(panel, user, bundles)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "needs the package torch" in message(panel)
    button = panel.run.ui.installButton
    assert " ".join(button.text.split()) == "Install torch, monai, einops and safetensors (200 MB to 3 GB)..."
    user.press(button)
    assert desktop.pip_installed == ["torch", "monai", "einops", "safetensors"]
    assert message(panel) == "Installed: torch, monai, einops and safetensors. Run again."
