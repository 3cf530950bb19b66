"""The worker process: real children, real signals."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import fields

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom
from SpatioTemporalLib.workers.worker_client import Worker
from SpatioTemporalLib.workers.worker_values import read_result, read_value, write_result, write_value

ANALYSIS = "kinetics.extended_tofts"

OTHERS = '''
"""Analyses that behave badly, as another package would bring them."""
import time
from SpatioTemporalLib.data import Map, Series
from SpatioTemporalLib.declare import Input, Output, analysis

INPUTS = [Input("series", Series, help="Any.")]
OUTPUTS = [Output("mean", Map, "a.u.", help="Mean.")]

@analysis(id="test.slow", title="Slow", citation="own definition", inputs=INPUTS, outputs=OUTPUTS)
def slow(series, *, parameters, context):
    """Takes half a minute."""
    print("this is not an answer")
    for step in range(600):
        context.progress(step / 600, "being slow")
        time.sleep(0.05)
    return {"mean": series.values.mean(axis=0)}

@analysis(id="test.deaf", title="Deaf", citation="own definition", inputs=INPUTS, outputs=OUTPUTS)
def deaf(series, *, parameters, context):
    """Never looks up."""
    context.progress(0.5, "not listening")
    time.sleep(60)

@analysis(id="test.broken", title="Broken", citation="own definition", inputs=INPUTS, outputs=OUTPUTS)
def broken(series, *, parameters, context):
    """Divides by zero."""
    return {"mean": 1 / 0}
'''


@pytest.fixture(scope="module")
def other_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    (folder / "badly_behaved.py").write_text(OTHERS)
    facts = folder / "badly_behaved-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: badly-behaved\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[spatiotemporal.analyses]\nbad = badly_behaved\n")
    return folder


@pytest.fixture(scope="module")
def worker(other_package):
    worker = Worker(paths=[other_package])
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def phantom():
    return tofts_phantom(PhantomDesign(), np.random.default_rng(3))


@pytest.fixture
def series():
    return st.Series.from_curves(np.arange(6.0) * 2, np.random.default_rng(0).random((6, 8)), name="small")


def until(worker: Worker, wanted, seconds: float = 30.0) -> list:
    """Events until one satisfies a condition."""
    end, events = time.monotonic() + seconds, []
    while time.monotonic() < end:
        events += worker.poll()
        if any(wanted(event) for event in events):
            return events
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s; heard {events}")


def same(first, second, rounding: float = 0.0) -> bool:
    """Whether two values agree in every field."""
    if isinstance(first, tuple):
        return len(first) == len(second) and all(same(a, b, rounding) for a, b in zip(first, second))
    for field in fields(first):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if field.name == "geometry":
            equal = a.matches(b)
        elif isinstance(a, np.ndarray):
            # Sums over memory that lies elsewhere may round differently; what is handed over may not.
            equal = a.dtype == b.dtype and np.allclose(a, b, rtol=rounding, atol=rounding, equal_nan=True)
        elif isinstance(a, dict):
            equal = repr(a) == repr(b)
        else:
            equal = a == b
        if not equal:
            return False
    return True


def test_result_of_the_worker_is_that_of_the_same_process(worker, phantom):
    inputs = {"series": phantom.series, "mask": phantom.tissue, "aif_mask": phantom.artery}
    here = st.run(ANALYSIS, **inputs, **phantom.facts)
    events = worker.wait(worker.submit(ANALYSIS, inputs, phantom.facts), timeout=60)
    there = events[-1].result
    assert there is not None, events[-1].text
    assert list(here) == list(there)
    for name in here.of_kind(st.Map) | here.of_kind(st.LabelMap) | here.of_kind(st.Curve):
        assert same(here[name], there[name], rounding=1e-5), name
    assert here["statistics"].units == there["statistics"].units
    assert here["statistics"].columns["region"] == there["statistics"].columns["region"]
    assert here.provenance.parameters == there.provenance.parameters
    assert here.provenance.inputs == there.provenance.inputs
    assert here.displays == there.displays and here.findings == there.findings


def test_the_process_looks_for_the_library_where_it_lies_and_not_within_it(monkeypatch):
    """Within it a module called as one of Python's would be taken for that."""
    started = []

    def not_started(command, environment, root):
        started.append(environment["PYTHONPATH"].split(os.pathsep)[0])
        raise OSError("enough")

    monkeypatch.setattr("SpatioTemporalLib.workers.worker_client.ProcessFamily", not_started)
    with pytest.raises(st.InputError, match="E-WORKER-START"):
        Worker()._launch()
    assert os.path.isfile(os.path.join(started[0], "SpatioTemporalLib", "worker.py"))


def test_progress_arrives_while_the_job_runs(worker, series):
    job = worker.submit("test.slow", {"series": series})
    events = until(worker, lambda e: e.kind == "progress" and e.fraction > 0.02)
    rising = [e.fraction for e in events if e.kind == "progress"]
    assert rising == sorted(rising)
    assert any(e.kind == "log" and e.text == "being slow" for e in events)
    worker.cancel(job)
    until(worker, lambda e: e.kind == "cancelled")


def test_cancel_half_way_stops_the_job_and_keeps_the_process(worker, series):
    job = worker.submit("test.slow", {"series": series})
    until(worker, lambda e: e.kind == "progress" and e.fraction > 0)
    process = worker.family.own
    worker.cancel(job)
    until(worker, lambda e: e.kind == "cancelled" and e.job == job)
    assert worker.alive and worker.family.own == process
    assert not worker.jobs


def test_a_job_that_does_not_hear_is_ended(worker, series):
    job = worker.submit("test.deaf", {"series": series})
    until(worker, lambda e: e.text == "not listening")
    process = worker.family.launched
    worker.cancel(job)
    until(worker, lambda e: e.kind == "cancelled" and e.job == job)
    assert process.poll() is not None


def test_killed_worker_says_so_and_the_next_job_starts_another(worker, series, phantom):
    job = worker.submit("test.slow", {"series": series})
    until(worker, lambda e: e.kind == "progress")
    os.kill(worker.family.own, signal.SIGKILL)
    died = until(worker, lambda e: e.kind == "error")[-1]
    assert died.job == job and died.code == "E-WORKER-DIED"
    assert "SIGKILL" in died.text and "Run it again" in died.text
    again = worker.wait(worker.submit("kinetics.bolus_arrival", {"series": phantom.series}), timeout=30)
    assert again[-1].kind == "result"


def test_next_job_is_not_taken_for_one_that_died_unheard(worker, series):
    lost, stopped = (worker.submit("test.slow", {"series": series}) for _ in range(2))
    until(worker, lambda e: e.job == lost and e.kind == "progress")
    worker.cancel(stopped)
    worker.kill()
    after = worker.submit("kinetics.bolus_arrival", {"series": series})
    time.sleep(worker.grace + 0.1)
    events = until(worker, lambda e: e.job == after and e.kind in ("result", "error"))
    last = {event.job: event for event in events}
    assert (last[lost].code, last[stopped].kind) == ("E-WORKER-DIED", "cancelled")
    assert last[after].code != "E-WORKER-DIED", last[after].text


def test_job_behind_one_that_has_to_be_ended_runs_all_the_same(worker, series, phantom):
    deaf = worker.submit("test.deaf", {"series": series})
    behind = worker.submit("kinetics.bolus_arrival", {"series": phantom.series})
    until(worker, lambda e: e.text == "not listening")
    worker.cancel(deaf)
    events = until(worker, lambda e: e.job == behind and e.kind in ("result", "error"))
    assert {event.job: event.kind for event in events} == {deaf: "cancelled", behind: "result"}


def test_cancelled_job_that_waits_does_not_end_the_one_before_it(worker, series):
    running, waiting = (worker.submit("test.slow", {"series": series}) for _ in range(2))
    until(worker, lambda e: e.job == running and e.kind == "progress")
    process = worker.family.own
    worker.cancel(waiting)
    until(worker, lambda e: e.job == waiting and e.kind == "cancelled")
    assert list(worker.jobs) == [running] and worker.alive and worker.family.own == process
    worker.cancel(running)
    until(worker, lambda e: e.job == running and e.kind == "cancelled")


def test_bad_input_arrives_as_the_words_of_the_error(worker, series, phantom):
    one = st.Series.from_curves([0.0], np.ones((1, 4)), name="one")
    with pytest.raises(st.InputError) as raised:
        st.run(ANALYSIS, series=one)
    event = worker.wait(worker.submit(ANALYSIS, {"series": one}))[-1]
    assert (event.kind, event.code, event.text) == ("error", raised.value.code, str(raised.value))
    event = worker.wait(worker.submit(ANALYSIS, {"series": phantom.series}, {"hematocrit": 7}))[-1]
    assert event.code == "E-PARAMETER" and "outside 0..0.7" in event.text
    event = worker.wait(worker.submit("no.such", {"series": series}))[-1]
    assert event.code == "E-ANALYSIS"
    event = worker.wait(worker.submit(ANALYSIS, {"series": "a text"}))[-1]
    assert event.code == "E-INPUT-KIND"


def test_a_fault_of_the_software_is_told_in_a_sentence(worker, series):
    event = worker.wait(worker.submit("test.broken", {"series": series}))[-1]
    assert event.code == "E-INTERNAL" and "ZeroDivisionError" in event.text
    assert "Traceback" not in event.text and "\n" not in event.text


def test_process_ends_when_its_owner_does(other_package, series):
    worker = Worker(paths=[other_package])
    worker.submit("test.slow", {"series": series})
    until(worker, lambda e: e.kind == "progress")
    worker.family.launched.stdin.close()
    assert worker.family.launched.wait(timeout=5) == 0
    worker.close()


def test_closing_removes_the_folders(other_package, series):
    worker = Worker(paths=[other_package])
    worker.submit("test.slow", {"series": series})
    until(worker, lambda e: e.kind == "progress")
    folder = worker._root
    worker.close()
    assert not worker.alive and not folder.exists()


def test_every_kind_of_value_survives_the_folder(tmp_path, series):
    geometry = st.Geometry.from_spacing((2, 3, 4), (1, 2, 3))
    code = st.Code("1", "DCM", "one")
    values = [
        series,
        st.ImageStack(np.ones((2, 2, 3, 4)), [2.0, 5.0], geometry),
        st.Map(np.full((2, 3, 4), np.nan, np.float32), geometry, "1/min", "ktrans"),
        st.LabelMap(np.eye(3, 4, dtype=np.uint8)[None].repeat(2, 0), geometry, {1: st.Label("a", (1, 0, 0), code)}),
        st.Curve([0.0, 1.0], [3.0, float("nan")], "mmol/L", "c", "m", [0.1, 0.2]),
        st.Table({"region": ["a", "b"], "n": [1, 2]}, {"n": "mL"}),
        (st.Curve([0.0], [1.0], "s"), st.Curve([0.0], [2.0], "s")),
    ]
    for number, value in enumerate(values):
        assert same(read_value(write_value(value, tmp_path, f"v{number}"), tmp_path), value), value


def test_large_arrays_are_mapped_and_never_pickled(tmp_path, phantom):
    big = st.Series(np.zeros((8, 8, 64, 128), np.float32), np.arange(8.0), st.Geometry.from_spacing((8, 64, 128)))
    described = write_value(big, tmp_path, "big")
    assert isinstance(read_value(described, tmp_path).values, np.memmap)
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(st.InputError, match="objects.*E-HANDOVER"):
        read_value({**described, "values": "evil.npy"}, tmp_path)
    result = st.run("kinetics.bolus_arrival", series=phantom.series)
    assert same(read_result(write_result(result, tmp_path), tmp_path).arrival, result.arrival)


def test_jobs_run_in_the_order_they_were_submitted(worker, series, phantom):
    # The first takes longer to hand over than those after it.
    jobs = [worker.submit("kinetics.bolus_arrival", {"series": s}) for s in (phantom.series, series, series, series)]
    ended, end = [], time.monotonic() + 60
    while len(ended) < len(jobs) and time.monotonic() < end:
        ended += [event.job for event in worker.poll() if event.kind in ("result", "error")]
        time.sleep(0.01)
    assert ended == jobs
