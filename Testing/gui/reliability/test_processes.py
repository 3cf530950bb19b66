"""The process that computes ends with whatever ends it in the panel, though a launcher stands in between."""

from __future__ import annotations

import os

import pytest
from gui.user import User
from SpatioTemporalNodes.results.runs import Runs

from SpatioTemporalLib.workers.worker_client import Event

psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the launcher is a shell script")


@pytest.fixture
def user(panel):
    return User(panel)


@pytest.fixture
def processes(panel, user, wait):
    """Those of the worker, with a run under way that hears nothing for a while."""
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", "Slow mean")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job.fraction > 0)
    launched = psutil.Process(panel.logic.runs.worker.family.launched.pid)
    found = [launched, *launched.children(recursive=True)]
    assert panel.logic.runs.worker.family.own in [process.pid for process in found[1:]], "it is the launcher's child"
    return found


def assert_gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=10)
    left = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not left, left


def test_cancelled_run_that_does_not_stop(panel, user, wait, processes, monkeypatch, tmp_path):
    worker = panel.logic.runs.worker
    # As of a computation that does not look up: it is not told.
    monkeypatch.setattr(worker, "_say", lambda order: None)
    worker.jobs[panel.run.job.number] = tmp_path
    user.press(panel.run.ui.cancelButton)
    wait(lambda: panel.run.job is None)
    assert "had to be ended" in panel.run.ui.messageLabel.text
    assert_gone(processes)


def test_installing_packages(panel, user, wait, processes, desktop, monkeypatch):
    job = panel.run.job
    text = "Learning needs the package torch, which is not installed."
    monkeypatch.setattr(
        panel.logic.runs.worker, "poll", lambda: [Event("error", job.number, text, code="E-PACKAGE", package="torch")]
    )
    panel.poll()
    user.press(panel.run.ui.installButton)
    assert desktop.pip_installed
    assert_gone(processes)


def test_closing_the_module(panel, processes):
    worker = panel.logic.runs.worker
    panel.logic.close()
    assert_gone(processes)
    panel.logic.runs = Runs(panel.logic.runs.scene, type(worker)(worker.python, paths=worker.paths))
    panel.run.scene_closed()
