"""The examples for Slicer's Python console in README and manual, executed with the sample data in the scene."""

from __future__ import annotations

import pytest
import slicer
from gui.user import User
from library.docs.manual_blocks import ROOT, blocks
from library.small.inputs import small_phantom

import SpatioTemporalLib as st


def example_of(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    (example,) = [content for _, content in blocks(text, "python") if "getModuleLogic" in content]
    return example


@pytest.mark.parametrize("page", ["README.md", "Documentation/panel.md"])
def test_console_example_runs(panel, page):
    User(panel).press(panel.data.ui.sampleButton)
    example = example_of(page)
    sequences = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode")
    names = {"slicer": slicer}
    exec(compile(example, page, "exec"), names)
    assert names["result"]["ktrans"].IsA("vtkMRMLScalarVolumeNode")
    assert names["curve"].unit == "a.u." and len(names["curve"].times) == 25
    converted = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") - sequences
    assert converted == ("logic.convert" in example)


def test_console_example_of_many_cases_runs(panel, tmp_path, monkeypatch):
    page = "Documentation/batch.md"
    st.write_series(tmp_path / "dce.seq.nrrd", small_phantom().series)
    (tmp_path / "cases.csv").write_text("series\ndce.seq.nrrd\n")
    monkeypatch.chdir(tmp_path)
    names = {"slicer": slicer}
    exec(compile(example_of(page), page, "exec"), names)
    assert names["outcome"]["computed"] == 1 and not names["outcome"]["failures"]
    assert (tmp_path / "results" / "index.html").is_file()
