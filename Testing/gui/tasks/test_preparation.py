"""A functional run prepared by clicks, with a page about its quality, and handed on to the search for activation."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.series.series_nodes import add_series
from SpatioTemporalNodes.values.table_nodes import fill_table

from SpatioTemporalLib.simulation.bold.files import events_table
from SpatioTemporalLib.simulation.bold.run import BoldDesign, simulated_run

TITLE, ACTIVATION = "Preparation of a functional run", "Task activation (linear model)"


@pytest.fixture
def user(panel):
    """Before a simulated run whose node says when its slices were acquired, and its events."""
    run = simulated_run(BoldDesign(shape=(10, 30, 26), spacing=(6.0, 6.0, 11.0), frames=60), np.random.default_rng(0))
    add_series(slicer.mrmlScene, run.series, name="Moving head")
    events = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Events of hands")
    fill_table(events, events_table(run.events))
    return User(panel)


def test_a_run_is_prepared_for_a_task_and_handed_on(panel, user, wait, photograph):
    panel.data.choose(slicer.mrmlScene.GetFirstNodeByName("Moving head"))
    user.click_item(panel.analyse.ui.analysisTree, "Made for this series", TITLE)
    panel.analyse.form.set({"purpose": "task"})
    window = panel.ui.analyseButton.window()
    height = window.height() if callable(window.height) else window.height
    window.resize(380, 1400)
    photograph("90-preparation-form", panel.ui.analyseButton)
    window.resize(380, height)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    photograph("91-preparation-results", panel.ui.resultsButton)
    made = {}
    for node in slicer.util.getNodesByClass("vtkMRMLNode"):
        made.setdefault(node.GetAttribute("SpatioTemporal.Output"), node)
    assert {"preprocessed", "tsnr_before", "tsnr_after", "brain", "motion", "nuisance", "report"} <= set(made)
    panel.data.choose(made["preprocessed"])
    user.click_item(panel.analyse.ui.analysisTree, "Made for this series", ACTIVATION)
    user.choose_node(panel.analyse.selectors["events"], "Events of hands")
    user.choose_node(panel.analyse.selectors["confounds"], made["nuisance"].GetName())
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
