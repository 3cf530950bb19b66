"""Arrays go to the worker piece by piece, exactly, and without threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.workers import hand_over
from SpatioTemporalLib.workers.hand_over import SlowFolder
from SpatioTemporalLib.workers.worker_client import Worker

SMALL_PIECE = 1000  # bytes


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(hand_over, "PIECE", SMALL_PIECE)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5000.0).reshape(5, 10, 100),
        np.asfortranarray(np.arange(5000.0).reshape(50, 100)),
        np.arange(5000, dtype=np.int16).reshape(2, 2500)[:, ::3],
        np.arange(600, dtype=">f4").reshape(600, 1).T,
        np.zeros((0, 4)),
        np.array(3.5),
        np.ones((3, 0, 7), np.uint8),
        np.array(["name", "longer name"]),
        np.arange(24) % 2 == 0,
    ],
    ids=["rows", "by columns", "every third", "one row", "empty", "single", "empty inside", "texts", "yes and no"],
)
def test_array_is_what_was_handed_over(tmp_path, small_pieces, array):
    folder = SlowFolder(tmp_path)
    file = folder.save("values", array)
    steps = sum(1 for _ in folder.writing())
    found = np.load(tmp_path / file, allow_pickle=False)
    assert found.dtype == array.dtype and np.array_equal(found, array)
    assert steps >= array.nbytes / SMALL_PIECE


def test_objects_are_not_handed_over(tmp_path):
    with pytest.raises(ValueError, match="holds objects"):
        SlowFolder(tmp_path).save("evil", np.array([{"a": 1}], dtype=object))


def test_worker_needs_no_thread_of_its_owner(small_pieces):
    before = threading.active_count()
    worker = Worker()
    try:
        rising = np.clip(np.arange(40.0) - 10, 1, 20)[:, None] * np.linspace(1, 2, 300)
        series = st.Series.from_curves(np.arange(40.0) * 2, rising, name="rising")
        events = worker.wait(worker.submit("kinetics.enhancement", {"series": series}, {"baseline_frames": 3}))
        assert events[-1].kind == "result", events[-1].text
        assert threading.active_count() == before
    finally:
        worker.close()


def test_order_longer_than_a_pipe_takes_arrives():
    worker = Worker()
    try:
        table = st.Table({"name": [f"row {n}" for n in range(30_000)]})
        event = worker.wait(worker.submit("kinetics.enhancement", {"series": table}), timeout=60)[-1]
        assert event.code == "E-INPUT-KIND", event.text
    finally:
        worker.close()
