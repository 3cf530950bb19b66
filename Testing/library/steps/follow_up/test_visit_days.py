"""Days of visits from numbers in any unit of time, and from dates as people and scanners write them."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.follow_up.visit_days import days_of

YEAR = [0, 366]  # 2024 is a leap year.


def days(cells, unit="", name="days", asked="days"):
    found = days_of(st.Table({name: cells}, {name: unit} if unit else {}, "visits"), asked)
    return (found - found[0]).tolist()


@pytest.mark.parametrize(
    "cells, unit, expected",
    [
        ([0, 365], "", 365),
        ([100, 465], "d", 365),
        ([0, 12], "months", 365.25),
        ([0, 6], "Month", 182.625),
        ([0, 12], "mo", 365.25),
        ([0, 1], "years", 365.25),
        ([0, 0.5], "a", 182.625),
        ([0, 2], "weeks", 14),
        ([0, 2], "wk", 14),
        ([0, 48], "h", 2),
    ],
)
def test_numbers_are_in_the_unit_of_the_heading(cells, unit, expected):
    assert days(cells, unit) == pytest.approx([0, expected])


@pytest.mark.parametrize(
    "name, expected", [("Days", 2), ("day", 2), ("weeks", 14), ("Months", 60.875), ("years", 730.5)]
)
def test_column_named_by_its_unit_is_found(name, expected):
    assert days([0, 2], name=name) == pytest.approx([0, expected])


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-01", "2025-01-01"],
        ["2024/1/1", "2025/1/1"],
        ["20240101", "20250101"],
        [20240101, 20250101],
        ["01.01.2024", "1.1.2025"],
        ["1 Jan 2024", "01 January 2025"],
        ["01-Jan-2024", "01-JAN-2025"],
        ["January 1, 2024", "Jan 1 2025"],
        ["2024-01-01T08:30:00", "2025-01-01T08:30:00Z"],
        ["2024-01-01 08:30", "2025-01-01 08:30:00.0"],
        ["1/1/2024", "1/1/2025"],
        [45292, 45658],
    ],
)
def test_dates_are_read_in_every_clear_form(cells):
    assert days(cells, name="date") == YEAR


@pytest.mark.parametrize(
    "cells, expected",
    [(["31/01/2024", "01/02/2024"], 1), (["01/31/2024", "02/01/2024"], 1), (["13-2-2024", "1-3-2024"], 17)],
)
def test_date_that_leaves_no_choice_decides_for_the_others(cells, expected):
    assert days(cells, name="date") == [0, expected]


def test_empty_cells_have_no_day():
    assert np.isnan(days(["2024-01-01", "", "n/a"], name="date")[1:]).all()
    assert np.isnan(days([0.0, np.nan])[1])


def test_days_are_taken_before_dates_and_what_is_asked_for_before_all():
    table = st.Table({"date": ["2024-01-01", "2025-01-01"], "days": [0, 3]})
    assert np.diff(days_of(table, "days")) == 3 and np.diff(days_of(table, "date")) == 366


@pytest.mark.parametrize(
    "cells, unit, name, code, said",
    [
        (["03/04/2024", "05/06/2024"], "", "date", "E-DATE", "may begin with day or month"),
        (["13/04/2024", "05/16/2024"], "", "date", "E-DATE", "in others"),
        (["2024-01-01", "2024-02-30"], "", "date", "E-DATE", "row 2"),
        (["2024-01-01", "soon"], "", "date", "E-DATE", "'soon'"),
        (["1/1/24", "1/1/25"], "", "date", "E-DATE", "row 1"),
        (["2024-01", "2025-01"], "", "date", "E-DATE", "'2024-01'"),
        ([2023, 2024], "", "date", "E-DATE", "years"),
        ([0, 1], "mm", "days", "E-INPUT-UNIT", "mm"),
        ([0, 1], "m", "days", "E-INPUT-UNIT", "no unit of time"),
        (["0", "x"], "", "days", "E-TABLE", "row 2"),
        ([0, 1], "", "visit", "E-TABLE", "no column 'days'"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused_in_words(cells, unit, name, code, said):
    with pytest.raises(st.InputError) as caught:
        days(cells, unit, name)
    assert caught.value.code == code and said in str(caught.value)
    assert "could not convert" not in str(caught.value) and "format" not in str(caught.value)
