"""No process is left of a worker that was started through a launcher, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from library.other_packages import installed
from slicerdouble.launcher import write_launcher

import SpatioTemporalLib as st
from SpatioTemporalLib.workers.worker_client import Worker

psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the launcher is a shell script")
ROOT = Path(__file__).resolve().parents[3]

LOCKED = '''
"""Analyses that hear nobody, as another package would bring them."""
import ctypes
import time
from SpatioTemporalLib.data import Map, Series
from SpatioTemporalLib.declare import Input, Output, analysis

INPUTS = [Input("series", Series, help="Any.")]
OUTPUTS = [Output("mean", Map, "a.u.", help="Mean.")]

@analysis(id="test.deaf", title="Deaf", citation="own definition", inputs=INPUTS, outputs=OUTPUTS)
def deaf(series, *, parameters, context):
    """Never looks up."""
    context.progress(0.5, "not listening")
    time.sleep(60)

@analysis(id="test.locked", title="Locked", citation="own definition", inputs=INPUTS, outputs=OUTPUTS)
def locked(series, *, parameters, context):
    """Keeps Python's lock, so that no thread gets a turn."""
    context.progress(0.5, "not listening")
    ctypes.PyDLL(None).sleep(60)
'''

OWNER = """
import sys, time
import numpy as np
import SpatioTemporalLib as st
from SpatioTemporalLib.workers.worker_client import Worker
worker = Worker(sys.argv[1], paths=[sys.argv[2]])
worker.submit(sys.argv[3], {"series": st.Series.from_curves(np.arange(6.0), np.ones((6, 8)))})
while not any(event.text == "not listening" for event in worker.poll()):
    time.sleep(0.01)
print(worker.family.launched.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    installed(folder, "locked_analyses", LOCKED)
    return folder


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    return write_launcher(tmp_path_factory.mktemp("launcher"))


@pytest.fixture
def worker(launcher, package):
    worker = Worker(launcher, paths=[package], grace=0.2)
    yield worker
    worker.close()


@pytest.fixture
def series():
    return st.Series.from_curves(np.arange(6.0) * 2, np.random.default_rng(0).random((6, 8)), name="small")


def busy(worker: Worker, series, analysis: str = "test.deaf") -> tuple[str, list]:
    """A job under way, and all processes that belong to it."""
    job = worker.submit(analysis, {"series": series})
    seen = []
    while not any(event.text == "not listening" for event in seen):
        assert not any(event.kind == "error" for event in seen), seen
        time.sleep(0.01)
        seen.extend(worker.poll())
    processes = family(worker.family.launched.pid)
    assert len(processes) >= 2 and worker.family.own in [process.pid for process in processes[1:]]
    return job, processes


def family(launched: int) -> list:
    first = psutil.Process(launched)
    return [first, *first.children(recursive=True)]


def assert_gone(processes: list) -> None:
    # Who waits for the end of those whose parent was killed is not up to this process.
    _, alive = psutil.wait_procs(processes, timeout=10)
    left = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not left, left


def test_cancelled_job_that_does_not_hear(worker, series):
    job, processes = busy(worker, series)
    worker.cancel(job)
    events = worker.wait(job)
    assert events[-1].kind == "cancelled"
    assert_gone(processes)


def test_closed_while_it_computes(worker, series):
    _, processes = busy(worker, series)
    worker.close()
    assert_gone(processes)


def test_killed_launcher_takes_its_child_along_and_the_next_job_runs(worker, series):
    job, processes = busy(worker, series)
    os.kill(worker.family.launched.pid, signal.SIGKILL)
    died = worker.wait(job)[-1]
    assert died.code == "E-WORKER-DIED" and "SIGKILL" in died.text
    assert_gone(processes)
    assert worker.wait(worker.submit("kinetics.bolus_arrival", {"series": series}))[-1].code != "E-WORKER-DIED"


def test_killed_child_is_told_with_its_signal(worker, series):
    job, processes = busy(worker, series)
    os.kill(worker.family.own, signal.SIGKILL)
    assert "SIGKILL" in worker.wait(job)[-1].text
    assert_gone(processes)


def test_child_ends_by_itself_when_its_launcher_is_gone(worker, series):
    _, processes = busy(worker, series)
    os.kill(worker.family.launched.pid, signal.SIGKILL)
    assert_gone(processes)


@pytest.mark.parametrize("analysis", ["test.deaf", "test.locked"])
def test_killed_owner_leaves_nothing_whatever_is_computed(launcher, package, analysis):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", OWNER, str(launcher), str(package), analysis]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    processes = family(int(owner.stdout.readline()))
    owner.kill()
    owner.communicate()
    assert_gone(processes)


def test_ended_family_is_not_ended_again(worker, series, monkeypatch):
    _, processes = busy(worker, series)
    worker.kill()
    assert_gone(processes)
    signalled = []
    monkeypatch.setattr(os, "killpg", lambda *given: signalled.append(given))
    monkeypatch.setattr(os, "kill", lambda *given: signalled.append(given))
    worker.kill()
    assert signalled == []
