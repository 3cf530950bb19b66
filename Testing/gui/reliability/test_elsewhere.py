"""What the panel does while another module is shown, and what of it is over when an error is mended."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import slicer
from gui.sequences import numbered_sequence
from gui.user import User

import SpatioTemporalLib as st


@pytest.fixture
def user(panel):
    return User(panel)


@pytest.fixture
def elsewhere(module, panel):
    """Another module is shown until the test ends."""
    shown = module.widgetRepresentation()
    yield shown
    shown.enter()


def message(panel):
    return panel.run.ui.messageLabel


def test_curves_stop_while_another_module_is_shown(panel, user, elsewhere):
    user.press(panel.data.ui.sampleButton)
    user.move_mouse((90, 100, 0))
    drawn = panel.look.plot.lines
    assert len(drawn) == 1
    elsewhere.exit()
    user.move_mouse((104, 106, 0))
    assert panel.look.plot.lines is drawn and panel.look.observed == []
    elsewhere.enter()
    user.move_mouse((104, 106, 0))
    assert not np.array_equal(panel.look.plot.lines[0].values, drawn[0].values)
    assert len(panel.look.observed) == 2


def test_series_that_comes_meanwhile_is_followed_only_afterwards(panel, user, elsewhere):
    elsewhere.exit()
    panel.data.load_sample()
    assert panel.look.observed == []
    elsewhere.enter()
    user.move_mouse((90, 100, 0))
    assert len(panel.look.plot.lines) == 1


def test_preview_stops_while_another_module_is_shown(panel, user, wait, elsewhere):
    user.press(panel.data.ui.sampleButton)
    panel.analyse.choose("kinetics.tofts")
    preview = panel.analyse.preview
    user.press(panel.analyse.ui.previewBox)
    assert preview.timer.active
    elsewhere.exit()
    wait(lambda: preview.job is None)
    assert not preview.timer.active
    asked = preview.asked
    panel.analyse.form.set({"hematocrit": 0.3})
    slicer.app.processEvents()
    assert preview.asked == asked and preview.job is None
    elsewhere.enter()
    wait(lambda: preview.asked is not None and preview.asked != asked)
    user.press(panel.analyse.ui.previewBox)


def test_run_goes_on_while_another_module_is_shown(panel, user, wait, elsewhere):
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    panel.analyse.form.set({"duration": 0.3})
    user.press(panel.run.ui.startButton)
    elsewhere.exit()
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel).text


def test_error_is_gone_when_what_was_wrong_is_mended(panel, user):
    user.press(panel.data.ui.sampleButton)
    panel.data.ui.timesButton.collapsed = False
    cell = panel.data.ui.timeTable.item(3, 1)
    right = cell.text()
    cell.setText("1")
    user.press(panel.data.ui.applyTimesButton)
    assert "rise strictly" in message(panel).text and "color" in message(panel).styleSheet
    panel.data.ui.timeTable.item(3, 1).setText(right)
    user.press(panel.data.ui.applyTimesButton)
    assert (message(panel).text, message(panel).styleSheet) == ("", "")


def test_success_of_something_else_does_not_hide_an_error(panel, user):
    user.press(panel.data.ui.sampleButton)
    user.press(panel.look.ui.pinButton)
    assert "no position" in message(panel).text
    panel.look.ui.baselineBox.setValue(4)
    assert "no position" in message(panel).text
    user.move_mouse((90, 100, 0))
    user.press(panel.look.ui.pinButton)
    assert message(panel).text == ""


def test_what_was_missing_for_a_run_is_not_said_any_more_when_it_is_there(panel, user):
    panel.analyse.choose("kinetics.tofts")
    panel.run.start()
    assert "Choose Series in step 1" in message(panel).text
    user.press(panel.data.ui.sampleButton)
    assert message(panel).text == "" and message(panel).styleSheet == ""


def test_series_that_was_mended_elsewhere_is_taken_when_the_user_comes_back(panel, elsewhere):
    from SpatioTemporalNodes.series.frames import proxy_of

    sequence = numbered_sequence()
    move = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "move")
    proxy_of(sequence).SetAndObserveTransformNodeID(move.GetID())
    panel.data.choose(sequence)
    assert panel.data.view is None and "under the transform move" in panel.data.ui.oddLabel.text
    elsewhere.exit()
    proxy_of(sequence).SetAndObserveTransformNodeID(None)
    elsewhere.enter()
    assert panel.data.view is not None and "transform" not in panel.data.ui.oddLabel.text


@pytest.mark.parametrize(
    ("low", "high", "decimals"), [(0, 0.15, 3), (0, 0.5, 3), (0, 1, 2), (0, 60, 1), (0, 500, 0), (-2, 2, 2)]
)
def test_lowest_shown_value_can_be_set_to_a_hundredth_of_the_range(panel, low, high, decimals):
    from SpatioTemporalNodes.display.volume_display import show_as_map
    from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

    geometry = st.Geometry.from_spacing((2, 4, 5), (1, 1, 1))
    values = np.linspace(low, high, 40).reshape(geometry.shape).astype(np.float32)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "map")
    node.SetAttribute("SpatioTemporal.Unit", "1/min")
    set_node_geometry(node, geometry)
    set_node_values(node, values)
    show_as_map(node, values, st.Display((low, high), "coolwarm" if low else "viridis"))
    slider, threshold = panel.results.ui.thresholdSlider, panel.results.threshold
    shown_from = node.GetDisplayNode().GetLowerThreshold()
    threshold.show(node)
    assert slider.decimals == decimals and slider.maximum == pytest.approx(high)
    assert node.GetDisplayNode().GetLowerThreshold() == shown_from, "showing a map changes nothing of it"
    if not low:
        assert slider.value == pytest.approx(shown_from, abs=10.0**-decimals)
    slider.blockSignals(True)
    slider.value = high * 0.37
    slider.blockSignals(False)
    threshold.apply(node)
    assert node.GetDisplayNode().GetApplyThreshold()
    assert node.GetDisplayNode().GetLowerThreshold() == pytest.approx(high * 0.37, abs=(high - low) / 100)


def test_packages_come_through_slicers_own_installer_where_it_has_one(panel, desktop, monkeypatch):
    from SpatioTemporalWidgets.package_install import install

    monkeypatch.setattr(slicer.util, "pip_install", lambda text: pytest.fail("the older way was taken"))
    assert install(("monai>=1.5.2", "safetensors"))
    assert desktop.pip_installed == ["monai>=1.5.2", "safetensors"]
    desktop.pip_installed.clear()
    desktop.ask_yes = False
    assert not install(("monai",)) and desktop.pip_installed == []
    desktop.ask_yes = True


def test_packages_come_through_pip_in_an_older_slicer(panel, desktop, monkeypatch):
    from SpatioTemporalWidgets.package_install import install

    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    assert install(("monai", "safetensors"))
    assert desktop.pip_installed == ["monai safetensors"]
