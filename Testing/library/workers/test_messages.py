"""What a worker and its client hear that is no message, or not whole: told in words, and the work goes on."""

from __future__ import annotations

import io
import json
import shutil
import sys

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.worker import Service
from SpatioTemporalLib.workers import process_family, worker_client
from SpatioTemporalLib.workers.worker_answers import answer_of
from SpatioTemporalLib.workers.worker_client import Worker
from SpatioTemporalLib.workers.worker_orders import lines_of
from SpatioTemporalLib.workers.worker_values import read_result, read_value, write_result, write_value

GOOD = {"run": "9", "folder": "/nowhere", "analysis": "kinetics.enhancement"}


def heard(*lines) -> list[dict]:
    """All that a service answers to lines, the jobs among them run."""
    said: list[dict] = []
    service = Service(said.append)
    service.listen(lines)
    service.work()
    return said


@pytest.fixture
def series():
    return st.Series.from_curves(np.arange(6.0) * 2, np.random.default_rng(0).random((6, 8)), name="small")


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\n", b"no json", b"\xff\xfe", b"[]", b"3", b"null", b'"order"', b"{}", b"[" * 10**5, b"{" * 10**4),
        *(b'{"run": null}', b'{"run": [1]}', b'{"run": NaN, "folder": "x", "analysis": "a"}', b'{"cancel": {}}'),
        *(b'{"order": 3}', b'{"order": "/nowhere/at all"}', b'{"order": "\\u0000"}', b'{"order": "/"}'),
        *(json.dumps({**GOOD, **change}).encode() for change in [{"folder": 3}, {"analysis": 3}, {"inputs": []}]),
        *(json.dumps({**GOOD, **change}).encode() for change in [{"parameters": "x"}, {"threads": 0}, {"seed": -1}]),
        *(json.dumps({**GOOD, **change}).encode() for change in [{"memory_budget": 1e400}, {"seed": 10**40}]),
        *(json.dumps({**GOOD, **change}).encode() for change in [{"parameters": {"context": 1}}, {"device": []}]),
        json.dumps({**GOOD, "inputs": {"series": {}}, "parameters": {"series": 1}}).encode(),
        *(b'{"run": 1}', b'{"run": 1, "analysis": "a"}', b'{"run": 1, "folder": "f"}', None),
    ],
)
def test_what_is_no_order_is_refused_and_the_next_one_heard(line):
    refused, cancelled = heard(line, b'{"cancel": "7"}', json.dumps(GOOD).encode())
    assert refused["event"] == "error" and refused["code"] == "E-JOB", refused
    assert refused["text"].isprintable() and len(refused["text"]) < 500
    assert cancelled["code"] == "E-HANDOVER"


def test_an_order_that_names_itself_is_refused(tmp_path):
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"order": str(file)}))
    (said,) = heard(json.dumps({"order": str(file)}).encode())
    assert said["code"] == "E-JOB"


def test_lines_of_any_length_are_passed_over_in_pieces():
    class Counting(io.BytesIO):
        most = 0

        def readline(self, size=-1):
            line = super().readline(size)
            self.most = max(self.most, len(line))
            return line

    stream = Counting(b"a\n" + b"x" * 10_000 + b"\nb\n" + b"y" * 10_000)
    assert list(lines_of(stream, 100)) == [b"a\n", None, b"b\n", None]
    assert stream.most <= 101


@pytest.mark.parametrize("gone", ["kind", "values", "times", "geometry", "unit", "acquisition", "findings"])
def test_a_description_with_a_field_missing_is_told(tmp_path, series, gone):
    described = write_value(series, tmp_path, "a")
    del described[gone]
    with pytest.raises(st.InputError, match="E-HANDOVER"):
        read_value(described, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        *({"kind": "Trap"}, {"kind": None}, {"kind": []}, {"values": "../../etc/passwd"}, {"values": 3}, {"times": ""}),
        *({"geometry": {"shape": [1, 2], "affine": 3}}, {"geometry": {"shape": ["x"], "affine": []}}, {"unit": 5}),
        *({"findings": [{"code": 1}]}, {"findings": "none"}, {"acquisition": {"colour": 3}}, {"durations": ["a"]}),
        {"geometry": {"shape": [10**400, 1, 1], "affine": []}},
    ],
)
def test_a_description_of_another_kind_is_told(tmp_path, series, change):
    described = {**write_value(series, tmp_path, "a"), **change}
    if change == {"unit": 5}:
        described["unit"] = {"a": 1}
    try:
        read_value(described, tmp_path)
    except st.InputError as error:
        assert error.code == "E-HANDOVER" and len(str(error)) < 600
    else:
        assert "unit" in change


@pytest.mark.parametrize("described", [None, 3, [], "text", {}, {"kind": "tuple"}, {"kind": "tuple", "items": 3}])
def test_what_is_no_description_is_told(tmp_path, described):
    for read in (read_value, read_result):
        with pytest.raises(st.InputError, match="E-HANDOVER"):
            read(described, tmp_path)


def test_a_description_of_great_depth_is_told(tmp_path):
    described: dict = {"kind": "tuple", "items": []}
    for _ in range(5000):
        described = {"kind": "tuple", "items": [described]}
    with pytest.raises(st.InputError, match="E-HANDOVER"):
        read_value(described, tmp_path)


@pytest.mark.parametrize("left", [0, 5, 60, 200, -8])
@pytest.mark.parametrize("voxels", [8, 100_000])
def test_arrays_whose_files_are_shorter_than_they_say_are_told(tmp_path, left, voxels):
    series = st.Series.from_curves(np.arange(6.0), np.ones((6, voxels)))
    described = write_value(series, tmp_path, "a")
    file = tmp_path / described["values"]
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(st.InputError, match="E-HANDOVER"):
        read_value(described, tmp_path)


def test_arrays_that_are_other_files_are_told(tmp_path, series):
    described = write_value(series, tmp_path, "a")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    shutil.move(tmp_path / "other.npz", tmp_path / described["values"])
    with pytest.raises(st.InputError, match="E-HANDOVER"):
        read_value(described, tmp_path)


def test_a_folder_that_is_gone_is_told_by_the_worker(tmp_path, series):
    folder = tmp_path / "job"
    folder.mkdir()
    order = {"run": 1, "folder": str(folder), "analysis": "kinetics.enhancement"}
    order["inputs"] = {"series": write_value(series, folder, "a")}
    shutil.rmtree(folder)
    (said,) = heard(json.dumps(order).encode())
    assert said["code"] == "E-HANDOVER" and "is gone" in said["message"]
    with pytest.raises(st.InputError, match="is gone.*E-HANDOVER"):
        write_result(st.run("kinetics.enhancement", series=series, baseline_frames=2), folder)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"progress", b"[1]", b"{", b"[" * 10**5, b"\xff", b'{"event": 3}', b'{"event": "unknown"}'),
        *(b'{"event": ["ready"]}', b'{"event": "ready"}', b'{"event": "progress", "fraction": "half"}'),
        *(f'{{"event": "ready", "process": {number}}}'.encode() for number in (0, 1, -1, -7, 1.5, "true", 10**12)),
        b'{"event": "progress", "fraction": NaN}',
        b'{"event": "error", "job": 3}',
        b'{"event": "error", "job": "3", "message": [1]}',
    ],
)
def test_what_is_no_answer_is_passed_over(line):
    assert answer_of(line) is None


def test_answers_are_read_with_every_field():
    answer = answer_of(b'{"event": "log", "job": "1", "message": "a\\u001b[2J"}')
    assert answer["message"] == "a\\x1b[2J" and answer["fraction"] == 0 and answer["fix"] == ""


PROGRAM = """
import json, sys, time
print(json.dumps({"event": "ready", "process": 2**22}), flush=True)
job = json.loads(sys.stdin.readline())["run"]
print(%r.replace("&", "\\n"), end="", flush=True)
time.sleep(60)
"""


def worker_saying(text: str, monkeypatch) -> Worker:
    """A client of a process that only says something."""

    class Other(process_family.ProcessFamily):
        def __init__(self, command, environment, folder):
            super().__init__([sys.executable, "-c", PROGRAM % text], environment, folder)

    monkeypatch.setattr(worker_client, "ProcessFamily", Other)
    return Worker()


@pytest.mark.parametrize(
    "result",
    [
        '{"event": "result", "job": "1"}&',
        '{"event": "result", "job": "1", "result": {}}&',
        '{"event": "result", "job": "1", "result": {"outputs": {"a": {"kind": "Map"}}, "displays": {}}}&',
        'no&answer&{"event": "result", "job": "1", "result": [1]}&',
    ],
)
def test_results_that_are_none_are_told_by_the_client(monkeypatch, series, result):
    worker = worker_saying(result, monkeypatch)
    try:
        last = worker.wait(worker.submit("kinetics.enhancement", {"series": series}), timeout=20)[-1]
        assert (last.kind, last.code) == ("error", "E-HANDOVER"), last
    finally:
        worker.close()


def test_a_line_without_end_is_told_by_the_client(monkeypatch, series):
    monkeypatch.setattr(process_family, "LONGEST_ANSWER", 1000)
    worker = worker_saying("x" * 5000, monkeypatch)
    try:
        last = worker.wait(worker.submit("kinetics.enhancement", {"series": series}), timeout=20)[-1]
        assert (last.kind, last.code) == ("error", "E-WORKER-LINE"), last
    finally:
        worker.close()


def test_a_temporary_folder_that_was_cleared_does_not_stop_the_next_run(series):
    worker = Worker()
    try:
        worker.submit("kinetics.bolus_arrival", {"series": series})
        shutil.rmtree(worker._root)
        first = worker.wait("1", timeout=30)[-1]
        assert first.kind == "result" or first.code == "E-HANDOVER", first
        again = worker.wait(worker.submit("kinetics.bolus_arrival", {"series": series}), timeout=30)[-1]
        # The series is too short for an arrival perhaps, but it was computed with.
        assert again.code != "E-HANDOVER", again
        worker.cancel(worker.submit("kinetics.bolus_arrival", {"series": series}))
    finally:
        worker.close()


def test_a_process_that_cannot_be_started_is_told(tmp_path, series):
    worker = Worker(tmp_path / "no python")
    try:
        with pytest.raises(st.InputError, match="no python.*E-WORKER-START"):
            worker.submit("kinetics.bolus_arrival", {"series": series})
    finally:
        worker.close()
