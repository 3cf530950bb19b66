"""Texts that a spreadsheet would run are written as texts and read back as they were; numbers stay numbers."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as some

import SpatioTemporalLib as st
from SpatioTemporalLib.io.tables.defused_cells import as_written, defused

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(A1)", "-", "'=1", "''+x"]
FORMULAS += ["\uff1d1", "\uff0b1"]
LETTERS = some.text(some.sampled_from("'=+-@\t\r\n 1.5eax"), max_size=6)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_texts(text):
    assert defused(text) == f"'{text}" and as_written(defused(text)) == text


@pytest.mark.parametrize("text", ["-1.5", "+3", "-1e-9", "", "a=b", "don't", "'quoted'", "1-2", "2024-01-02", "é"])
def test_numbers_and_other_texts_stay(text):
    assert defused(text) == text and as_written(text) == text


@given(LETTERS)
def test_every_text_comes_back(text):
    assert as_written(defused(text)) == text


@given(LETTERS)
def test_nothing_that_is_written_is_a_formula(text):
    written = defused(text)
    assert not written.startswith(("=", "@", "\t", "\r"))
    assert not written.startswith(("+", "-")) or _number(written)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_comes_back_as_it_was(tmp_path, ending):
    columns = {
        "=name": ["=1+1", "-x", "plain", "'=kept"],
        "change": [-1.5, 2.0, -3e-9, 0.25],
        "count": [-1, 2, 3, 4],
        "text": ["-1.5", "n/a", "+2", "@home"],
    }
    path = st.write_table(tmp_path / f"a.{ending}", st.Table(columns, {"change": "%"}, "a"))
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter="\t" if ending == "tsv" else ","))
    assert rows[0] == ["'=name", "change [%]", "count", "text"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'-x", "plain", "''=kept"]
    assert [row[1] for row in rows[1:]] == ["-1.5", "2.0", "-3e-09", "0.25"]
    assert [row[3] for row in rows[1:]] == ["-1.5", "n/a", "+2", "'@home"]
    read = st.read_table(path)
    assert dict(read.columns) == columns and read.units == {"change": "%"}


def test_names_of_curves_are_defused_too(tmp_path):
    path = st.write_curves(tmp_path / "a.csv", [st.Curve([0.0, 1.0], [1.0, -2.0], "mmol/L", "=cmd")])
    assert path.read_text().splitlines() == ["time [s],'=cmd [mmol/L]", "0.0,1.0", "1.0,-2.0"]
    assert st.read_curve(path).name == "=cmd"
