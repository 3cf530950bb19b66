"""The README's examples for Slicer's Python console, executed with the sample data in the scene."""

from __future__ import annotations

import re
from pathlib import Path

import slicer
from gui.user import User

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_console_example_runs(panel):
    User(panel).press(panel.data.ui.sampleButton)
    example = next(b for b in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "getModuleLogic" in b)
    sequences = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode")
    names = {"slicer": slicer}
    exec(compile(example, "README.md", "exec"), names)
    assert names["result"]["ktrans"].IsA("vtkMRMLScalarVolumeNode")
    assert names["curve"].unit == "a.u." and len(names["curve"].times) == 25
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == sequences + 1
