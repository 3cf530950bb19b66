import io

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.terminal.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_shows_share_message_and_ends_its_line():
    terminal = Terminal()
    bar = ProgressBar(terminal)
    bar.drawn = -1.0
    bar(0.5, "fitting voxels")
    bar(1.0, "done")
    shown = terminal.getvalue()
    assert " 50 %" in shown and "fitting voxels" in shown and "s left" in shown
    assert shown.endswith("done\n")


def test_bar_draws_at_most_ten_times_a_second():
    terminal = Terminal()
    bar = ProgressBar(terminal)
    for step in range(1000):
        bar(step / 1000, "working")
    assert terminal.getvalue().count("\r") <= 2


def test_nothing_is_drawn_into_a_file():
    stream = io.StringIO()
    ProgressBar(stream)(0.5, "working")
    assert stream.getvalue() == ""


def test_cancelled_context_stops_at_its_next_report():
    context = st.Context()
    context.progress(0.1)
    context.cancel()
    with pytest.raises(st.Cancelled):
        context.progress(0.2)


def test_progress_outside_its_range_is_kept_within():
    seen = []
    context = st.Context(report=lambda fraction, message: seen.append(fraction))
    context.progress(-1)
    context.progress(2)
    assert seen == [0.0, 1.0]
