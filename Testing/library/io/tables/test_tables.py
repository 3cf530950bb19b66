"""Curves and tables as spreadsheets write them."""

from __future__ import annotations

import pytest
from library.io.bad_inputs.files import text

from SpatioTemporalLib import InputError, read_curve, read_table
from SpatioTemporalLib.io.tables.delimited import name_and_unit


def test_curve_with_one_column_needs_no_name(tmp_path):
    curve = read_curve(text(tmp_path / "aif.csv", "time [min],Cp [mmol/L]\n0,0\n0.5,4.5\n1,3\n"))
    assert (curve.times.tolist(), curve.values.tolist()) == ([0, 30, 60], [0, 4.5, 3])
    assert (curve.name, curve.unit) == ("Cp", "mmol/L")


def test_curve_rows_out_of_order_are_sorted(tmp_path):
    curve = read_curve(text(tmp_path / "aif.csv", "time [s],Cp [mmol/L]\n10,2\n0,1\n5,3\n"))
    assert (curve.times.tolist(), curve.values.tolist()) == ([0, 5, 10], [1, 3, 2])


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("time [s],Cp\n0,1\n1,2\n", "E-UNIT", r"column 'Cp' has no unit.*time \[s\],Cp \[mmol/L\]"),
        ("time,Cp [mM]\n0,1\n1,2\n", "E-TIME-UNIT", "headed 'time'.*s, ms, min, h"),
        ("t [furlong],Cp [mM]\n0,1\n1,2\n", "E-TIME-UNIT", "furlong"),
        ("time [s],a [mM],b [mM]\n0,1,1\n1,2,2\n", "E-CURVE", r"unclear; columns: a \[mM\], b \[mM\]"),
        ("time [s],Cp [mM]\n0,1\n1,n/a\n", "E-TABLE-VALUE", "row 3 holds 'n/a'.*leave it empty"),
        ("time [s],Cp [mM]\n0,1\nNaN,2\n", "E-TIME-VALUE", "row 3"),
        ("time [s],Cp [mM]\n0,1\nlate,2\n", "E-TIME-VALUE", "row 3 is 'late'"),
        ("time [s],Cp [mM]\n0,1\n1,5,2\n", "E-TABLE-ROW", "row 3 has not 2 cells.*semicolon"),
        ("time [s],Cp [mM]\n", "E-TABLE", "no rows"),
        ("0,1\n1,2\n", "E-TABLE-HEADING", "name the columns.*'0', '1'"),
        ("time [s],Cp [mM],Cp [mM]\n0,1,1\n", "E-TABLE-HEADING", "Cp"),
        ("time [s],Cp [mM]\n0,\n1,\n", "E-CURVE", "no number"),
    ],
)
def test_curve_problems_name_file_row_and_remedy(content, code, words, tmp_path):
    with pytest.raises(InputError, match=words) as caught:
        read_curve(text(tmp_path / "aif.csv", content))
    assert caught.value.code == code
    assert str(caught.value).startswith("aif.csv")
    assert caught.value.fix


def test_curve_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no column 'Cq'; columns: Cp"):
        read_curve(text(tmp_path / "a.csv", "time [s],Cp [mM]\n0,1\n"), "Cq")


def test_table_keeps_identifiers_and_types(tmp_path):
    content = "\ufeffid;age [y];weight [kg];note\n007;61;70,5;stable\n012;58;;grew\n"
    table = read_table(text(tmp_path / "clinic.csv", content))
    assert table.columns["id"] == ["007", "012"]
    assert table.columns["age"] == [61, 58]
    assert table.columns["weight"][0] == 70.5
    assert table.columns["weight"][1] != table.columns["weight"][1]
    assert table.columns["note"] == ["stable", "grew"]
    assert (table.units, table.name) == ({"age": "y", "weight": "kg"}, "clinic")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_of_any_usual_encoding(encoding, tmp_path):
    table = read_table(text(tmp_path / "a.csv", "Größe,Wert\nklein,1\n", encoding))
    assert list(table.columns) == ["Größe", "Wert"]


def test_binary_file_is_no_table(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04\0\0\0")
    with pytest.raises(InputError, match="no text.*CSV"):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("heading", "parts"),
    [
        ("Cp [mmol/L]", ("Cp", "mmol/L")),
        ("Cp (mM)", ("Cp", "mM")),
        ("plain", ("plain", "")),
        ("Ktrans (mean) [1/min]", ("Ktrans (mean)", "1/min")),
        ("[s]", ("[s]", "")),
    ],
)
def test_unit_in_a_heading(heading, parts):
    assert name_and_unit(heading) == parts
