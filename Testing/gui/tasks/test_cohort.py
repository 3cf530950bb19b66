"""Many cases from the panel: choose a table, preview, run, stop, go on."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.series.series_nodes import add_series

import SpatioTemporalLib as st

CASES = 4


@pytest.fixture
def user(panel):
    panel.ui.cohortButton.collapsed = False
    slicer.app.processEvents()
    yield User(panel)
    panel.cohort.close()
    panel.cohort.page = None
    panel.cohort.ui.pipelineEdit.setText("")
    panel.cohort._rest()
    panel.ui.cohortButton.collapsed = True


@pytest.fixture
def cases(tmp_path):
    """Four small series, of which one is not there."""
    rng = np.random.default_rng(0)
    rows = [["case", "series", "duration"]]
    for n in range(CASES):
        values = rng.normal(100 + n, 1, (5, 2, 4, 4)).astype(np.float32)
        series = st.Series(values, np.arange(5.0), st.Geometry.from_spacing((2, 4, 4)), name=f"s{n}")
        st.write_series(tmp_path / f"s{n}.nii.gz", series)
        rows.append([f"c{n}", f"s{n}.nii.gz" if n != 2 else "gone.nii.gz", "0.1"])
    with open(tmp_path / "cases.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "cases.csv"


def told(panel):
    """What stands beside each case."""
    table = panel.cohort.ui.casesTable
    return [str(table.item(row, 1).text()) for row in range(table.rowCount)]


def chosen(panel, user, cases, out):
    panel.analyse.choose("dummy.slow_mean")
    user.type_into(panel.cohort.ui.casesEdit, str(cases))
    user.type_into(panel.cohort.ui.resultsEdit, str(out))


def test_preview_run_and_page(panel, user, wait, cases, tmp_path, photograph):
    chosen(panel, user, cases, tmp_path / "out")
    user.press(panel.cohort.ui.previewButton)
    wait(lambda: panel.cohort.process is None)
    assert told(panel)[0] == "will run" and "gone.nii.gz is not there" in told(panel)[2]
    assert not (tmp_path / "out" / "cases").exists()
    user.press(panel.cohort.ui.startBatchButton)
    assert panel.cohort.ui.startBatchButton.text == "Stop"
    wait(lambda: panel.cohort.process is None)
    assert told(panel)[0] == "done" and told(panel)[2].startswith("failed")
    assert "3 computed, 0 done before, 1 failed" in panel.cohort.ui.cohortLabel.text
    assert (tmp_path / "out" / "cases" / "c3" / "mean.nii.gz").is_file()
    assert panel.cohort.ui.pageButton.enabled and panel.cohort.page.is_file()
    photograph("cohort", panel.ui.cohortButton)


def test_a_batch_that_was_stopped_goes_on(panel, user, wait, cases, tmp_path):
    text = cases.read_text().replace("gone.nii.gz", "s2.nii.gz").replace("s3.nii.gz,0.1", "s3.nii.gz,50")
    cases.write_text(text)
    chosen(panel, user, cases, tmp_path / "out")
    user.press(panel.cohort.ui.startBatchButton)
    wait(lambda: (tmp_path / "out" / "cases" / "c2").is_dir())
    user.press(panel.cohort.ui.startBatchButton)
    wait(lambda: panel.cohort.process is None)
    assert "go on" in panel.cohort.ui.cohortLabel.text
    assert not list((tmp_path / "out" / "cases").glob(".*")), "what was half-written stayed"
    cases.write_text(text.replace("s3.nii.gz,50", "s3.nii.gz,0.1"))
    user.press(panel.cohort.ui.startBatchButton)
    wait(lambda: panel.cohort.process is None)
    assert "1 computed, 3 done before, 0 failed" in panel.cohort.ui.cohortLabel.text


def test_what_is_missing_is_said(panel, user, wait, tmp_path):
    panel.analyse.choose("dummy.slow_mean")
    panel.cohort.ui.casesEdit.setText("")
    user.press(panel.cohort.ui.previewButton)
    assert "a table of cases" in panel.run.ui.messageLabel.text
    chosen(panel, user, tmp_path / "nowhere.csv", tmp_path / "out")
    user.press(panel.cohort.ui.previewButton)
    wait(lambda: panel.cohort.process is None)
    assert "nowhere.csv" in panel.cohort.ui.cohortLabel.text


def test_a_batch_from_the_console(module, panel, cases, tmp_path):
    outcome = panel.logic.batch("dummy.slow_mean", cases, tmp_path / "out", workers=2, size=4)
    assert outcome["computed"] == 3 and [failure["case"] for failure in outcome["failures"]] == ["c2"]
    with pytest.raises(st.errors.SpatioTemporalError, match="nowhere"):
        panel.logic.batch("dummy.slow_mean", tmp_path / "nowhere.csv", tmp_path / "out")


@pytest.fixture
def answers(monkeypatch, tmp_path):
    """What dialogs for files answer."""
    import qt

    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(qt.QFileDialog, name, lambda *given: str(tmp_path / "chain.json"))
    return tmp_path / "chain.json"


def ran(panel, user, wait, analysis, series, **parameters):
    panel.analyse.choose(analysis)
    panel.data.choose(slicer.mrmlScene.GetFirstNodeByName(series))
    panel.analyse.form.set(parameters)
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert "done" in panel.run.ui.messageLabel.text, panel.run.ui.messageLabel.text
    return panel.results.run


def test_what_led_to_a_result_runs_for_many_cases(panel, user, wait, cases, answers, tmp_path, photograph):
    cases.write_text(cases.read_text().replace(",duration", "").replace(",0.1", "").replace("gone", "s2"))
    series = add_series(slicer.mrmlScene, st.read_series(tmp_path / "s0.nii.gz"), name="One patient")
    panel.data.choose(series[0])
    ran(panel, user, wait, "preprocessing.smooth", "One patient", smoothing=4.0)
    smoothed = next(n for n in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if "smoothed" in n.GetName().lower())
    ran(panel, user, wait, "dummy.slow_mean", smoothed.GetName(), duration=0.1)
    user.press(panel.cohort.ui.fromResultButton)
    steps = json.loads(answers.read_text())["steps"]
    assert [(step["name"], step["inputs"]) for step in steps] == [
        ("smooth", {}), ("slow_mean", {"series": "smooth:smoothed"}),
    ]  # fmt: skip
    assert [step["parameters"] for step in steps] == [{"smoothing": 4.0}, {"duration": 0.1}]
    assert "Columns of the table: series; if wanted: mask" in panel.cohort.ui.cohortLabel.text
    user.type_into(panel.cohort.ui.casesEdit, str(cases))
    user.type_into(panel.cohort.ui.resultsEdit, str(tmp_path / "out"))
    user.press(panel.cohort.ui.startBatchButton)
    wait(lambda: panel.cohort.process is None)
    assert f"{CASES} computed, 0 done before, 0 failed" in panel.cohort.ui.cohortLabel.text
    photograph("cohort-pipeline", panel.ui.cohortButton)
    # The first case is the patient in the scene: both have the same mean.
    mean = next(n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "mean" in n.GetName().lower())
    read = st.read_map(tmp_path / "out/cases/c0/slow_mean/mean.nii.gz")
    np.testing.assert_allclose(read.values, slicer.util.arrayFromVolume(mean), rtol=1e-5)
    assert panel.logic.pipeline(mean, tmp_path / "again.json").read_text() == answers.read_text()


def test_a_pipeline_that_is_none_is_refused_and_none_is_written_without_a_run(panel, user, answers, tmp_path):
    answers.write_text('{"steps": []}')
    user.press(panel.cohort.ui.pipelineButton)
    assert "holds no list of steps" in panel.run.ui.messageLabel.text and not panel.cohort.ui.pipelineEdit.text
    user.press(panel.cohort.ui.fromResultButton)
    assert "no run is chosen" in panel.run.ui.messageLabel.text
    chosen(panel, user, tmp_path / "cases.csv", tmp_path / "out")
    user.type_into(panel.cohort.ui.pipelineEdit, str(tmp_path / "nowhere.json"))
    user.press(panel.cohort.ui.previewButton)
    assert "nowhere.json" in panel.run.ui.messageLabel.text and panel.cohort.process is None
    with pytest.raises(st.errors.SpatioTemporalError, match="no run made this"):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
        panel.logic.pipeline(node, tmp_path / "none.json")
