"""The examples for Slicer's Python console in README and manual, executed with the sample data in the scene."""

from __future__ import annotations

import pytest
import slicer
from gui.user import User
from library.docs.manual_blocks import ROOT, blocks


@pytest.mark.parametrize("page", ["README.md", "Documentation/panel.md"])
def test_console_example_runs(panel, page):
    User(panel).press(panel.data.ui.sampleButton)
    text = (ROOT / page).read_text(encoding="utf-8")
    (example,) = [content for _, content in blocks(text, "python") if "getModuleLogic" in content]
    sequences = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode")
    names = {"slicer": slicer}
    exec(compile(example, page, "exec"), names)
    assert names["result"]["ktrans"].IsA("vtkMRMLScalarVolumeNode")
    assert names["curve"].unit == "a.u." and len(names["curve"].times) == 25
    converted = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") - sequences
    assert converted == ("logic.convert" in example)
