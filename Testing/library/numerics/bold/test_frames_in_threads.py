"""Frames come in their order whatever the number of threads, and what is not begun ends with a report that raises."""

from __future__ import annotations

import threading

import pytest

from SpatioTemporalLib.numerics.bold.preprocessing.frames_in_threads import each_frame


@pytest.mark.parametrize("threads", [1, 3])
def test_frames_come_in_their_order(threads):
    parts = []
    assert each_frame(lambda n: n * n, 20, threads, parts.append) == [n * n for n in range(20)]
    assert parts == [n / 20 for n in range(20)]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_report_that_raises_ends_what_has_not_begun(threads):
    begun, gate = [], threading.Event()

    def work(n):
        begun.append(n)
        gate.wait(0.05)

    def report(done):
        if done > 0:
            raise KeyError("stopped")

    with pytest.raises(KeyError):
        each_frame(work, 100, threads, report)
    assert len(begun) < 20


def test_what_fails_in_a_thread_is_raised():
    def work(n):
        if n == 3:
            raise ValueError("frame 3")

    with pytest.raises(ValueError, match="frame 3"):
        each_frame(work, 8, 2)
