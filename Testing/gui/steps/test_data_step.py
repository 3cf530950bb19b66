"""Step 1: series, stacks, times and units, given where the data do not say them."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.sequences import numbered_sequence
from gui.user import User
from SpatioTemporalNodes.values.voxels import node_values, set_node_values


@pytest.fixture
def user(panel):
    return User(panel)


def message(panel) -> str:
    return panel.run.ui.messageLabel.text


def test_frame_numbers_are_no_times_until_the_user_gives_some(panel, user, wait, photograph):
    panel.data.ui.seriesSelector.setCurrentNode(numbered_sequence())
    assert "no times" in panel.data.ui.understoodLabel.text
    assert "nothing can be quantified" in panel.data.ui.oddLabel.text
    assert not panel.data.ui.timesButton.collapsed
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Bolus arrival")
    assert not panel.run.ui.startButton.enabled and "frame times" in panel.run.ui.startButton.toolTip
    user.move_mouse((1, 1, 1))
    assert panel.look.plot.titles[0] == "frame" and list(panel.look.plot.lines[0].values) == [0, 1, 2, 3, 4]
    photograph("21-no-times")
    user.press(panel.data.ui.applyTimesButton)
    assert "no number" in message(panel)
    panel.data.ui.intervalBox.value = 2.5
    user.press(panel.data.ui.intervalButton)
    user.press(panel.data.ui.applyTimesButton)
    assert panel.data.view.timed and list(panel.data.view.times) == [0, 2.5, 5, 7.5, 10]
    assert panel.run.ui.startButton.enabled
    user.press(panel.data.ui.resetTimesButton)
    assert not panel.data.view.timed


def test_volume_without_a_unit_is_asked_for_it(panel, user, wait):
    from SpatioTemporalNodes.values.voxels import set_node_geometry

    user.press(panel.data.ui.sampleButton)
    geometry = panel.data.view.probe.geometry
    t1 = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1 from elsewhere")
    set_node_values(t1, np.full(geometry.shape, 1.2, np.float32))
    set_node_geometry(t1, geometry)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Tofts model")
    user.choose_node(panel.analyse.selectors["t1_map"], t1.GetName())
    user.press(panel.run.ui.startButton)
    assert "E-UNIT" in message(panel) and "step 3" in message(panel) and panel.run.job is None
    editors = [w for w in slicer.util.findChildren(panel.analyse.widget) if getattr(w, "placeholderText", "") == "unit"]
    (unit,) = [editor for editor in editors if editor.isVisible()]
    user.type_into(unit, "s")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in message(panel), message(panel)


def test_several_volumes_become_a_series(panel, user):
    for number in range(4):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"volume {number}")
        set_node_values(volume, np.full((2, 3, 4), number, np.float32))
    panel.data.ui.joinButton.collapsed = False
    assert panel.data.ui.volumeList.count == 4
    user.press(panel.data.ui.joinVolumesButton)
    assert "two volumes or more" in message(panel)
    for row in range(3):
        panel.data.ui.volumeList.item(row).setSelected(True)
    panel.data.ui.joinBox.value = 30
    user.press(panel.data.ui.joinVolumesButton)
    assert panel.data.ui.understoodLabel.text.startswith("3 frames, 0–60 s, every 30 s")
    panel.data.ui.joinButton.collapsed = True


def test_unit_that_the_file_does_not_say_is_chosen_and_kept(panel, user):
    user.press(panel.data.ui.sampleButton)
    assert panel.data.view.unit == "a.u."
    box = panel.data.ui.unitBox
    box.setCurrentIndex(box.findData("kBq/mL"))
    assert panel.data.view.unit == "kBq/mL" and panel.data.ui.understoodLabel.text.endswith("kBq/mL")
    node = panel.data.node
    panel.data.ui.seriesSelector.setCurrentNode(None)
    panel.data.ui.seriesSelector.setCurrentNode(node)
    assert panel.data.view.unit == "kBq/mL"
    assert box.itemData(box.currentIndex) == "kBq/mL"


def test_several_volumes_become_a_stack_that_gives_t1(panel, user, wait):
    """Saturation recovery with three repetition times, from volumes to a map of the known T1."""
    t1, times = 0.8, (0.2, 0.8, 3.0)
    for number, time_s in enumerate(times):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"volume {number}")
        set_node_values(volume, np.full((2, 3, 4), 1000 * (1 - np.exp(-time_s / t1)), np.float32))
    panel.data.ui.joinButton.collapsed = False
    for row in range(3):
        panel.data.ui.volumeList.item(row).setSelected(True)
    box = panel.data.ui.joinKindBox
    box.setCurrentIndex(box.findData("repetition_time"))
    user.type_into(panel.data.ui.settingsEdit, "0.2, 0.8")
    user.press(panel.data.ui.joinVolumesButton)
    assert "3 numbers are needed" in message(panel)
    user.type_into(panel.data.ui.settingsEdit, "0.2, 0.8, 3")
    user.press(panel.data.ui.joinVolumesButton)
    box.setCurrentIndex(0)
    panel.data.ui.joinButton.collapsed = True
    panel.analyse.choose("kinetics.saturation_recovery_t1")
    user.choose_node(panel.analyse.selectors["stack"], "Repetition times of volume 0")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    node = panel.results.chosen_map()
    assert np.allclose(node_values(node), t1, rtol=1e-4), message(panel)
