"""A table as text is as long as a person reads."""

from __future__ import annotations

import SpatioTemporalLib as st


def test_a_short_table_is_shown_whole():
    assert str(st.Table({"time": [0.0, 1.5], "name": ["a", "b"]}, {"time": "s"})).splitlines() == [
        "time [s]  name",
        "0         a",
        "1.5       b",
    ]


def test_of_a_long_table_the_first_and_the_last_rows_are_shown():
    lines = str(st.Table({"frame": list(range(500))})).splitlines()
    assert lines[:2] == ["frame", "0"] and lines[-1] == "499" and len(lines) == 1 + 20 + 1 + 5
    assert lines[-6] == "... 475 more rows"


def test_a_table_without_rows_shows_its_columns():
    assert str(st.Table({"a": [], "b": []})) == "a  b"
