"""Tables that are hostile, enormous or odd: refused with words, told, or read as they say."""

from __future__ import annotations

import pytest
from library.io.bad_inputs.files import text

from SpatioTemporalLib import InputError, read_curve, read_series, read_table
from SpatioTemporalLib.io.tables.file import write_table


def code_of(read) -> str:
    with pytest.raises(InputError) as refused:
        read()
    return refused.value.code


@pytest.mark.parametrize("number", ["1e400", "-1e400", "inf", "Infinity", "1_000", "٣", "0x10", "1e999", "9" * 500])
def test_what_is_no_finite_number_is_refused_in_curves(number, tmp_path):
    assert (
        code_of(lambda: read_curve(text(tmp_path / "a.csv", f"time [s],a [mM]\n0,1\n1,{number}\n"))) == "E-TABLE-VALUE"
    )
    assert (
        code_of(lambda: read_curve(text(tmp_path / "b.csv", f"time [s],a [mM]\n0,1\n{number},1\n"))) == "E-TIME-VALUE"
    )
    assert (
        code_of(lambda: read_series(text(tmp_path / "c.csv", f"time [s],a [mM]\n0,1\n1,{number}\n"))) == "E-TABLE-VALUE"
    )


@pytest.mark.parametrize("number", ["1e400", "inf", "1_000", "٣"])
def test_what_is_no_finite_number_stays_text_in_tables(number, tmp_path):
    assert read_table(text(tmp_path / "a.csv", f"name,a\nx,1\ny,{number}\n")).columns["a"] == ["1", number]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_only_line_feeds_and_carriage_returns_end_a_row(sign, tmp_path):
    table = read_table(text(tmp_path / "a.csv", f"name,a\nx{sign}y,1\r\nz,2\rw,3\n"))
    assert table.columns == {"name": [f"x{sign}y", "z", "w"], "a": [1, 2, 3]}


def test_line_feeds_within_quotes_belong_to_the_cell(tmp_path):
    written = read_table(text(tmp_path / "a.csv", 'name,a\n"x\n# y\n\nz",1\n# a comment\n\n"say ""so""",2\n'))
    assert written.columns == {"name": ["x\n# y\n\nz", 'say "so"'], "a": [1, 2]}
    again = read_table(write_table(tmp_path / "b.csv", written))
    assert again.columns == written.columns


@pytest.mark.parametrize("row", ['"y,2', '"y" z,2', '"say ":"so""",2'])
def test_quotes_that_do_not_end_or_end_within_a_cell_are_refused_with_their_row(row, tmp_path):
    with pytest.raises(InputError, match="row 3 cannot be read"):
        read_table(text(tmp_path / "a.csv", f"name,a\nx,1\n{row}\nz,3\n"))


def test_inches_are_no_quotes(tmp_path):
    table = read_table(text(tmp_path / "a.csv", 'name,a\n5" tube,1\n6" tube,2\n'))
    assert table.columns == {"name": ['5" tube', '6" tube'], "a": [1, 2]}


@pytest.mark.parametrize("content", ["name\r,a\nx,1\ny,2\n", "name\nx;1\n", "name\nx\ty\n"])
def test_rows_that_are_cells_under_one_heading_are_refused(content, tmp_path):
    assert code_of(lambda: read_table(text(tmp_path / "a.csv", content))) == "E-TABLE-ROW"


def test_a_single_column_needs_no_sign_between_cells(tmp_path):
    assert read_table(text(tmp_path / "a.csv", "name\nx\ny\n")).columns == {"name": ["x", "y"]}


def test_rows_are_counted_as_in_the_file(tmp_path):
    with pytest.raises(InputError, match="row 7"):
        read_table(text(tmp_path / "a.csv", '# a comment\nname,a\n\n"x\ny",1\nz,2\nw,3,4\n'))


def test_a_million_columns_are_refused(tmp_path):
    headings = ",".join(f"c{n}" for n in range(200_001))
    assert code_of(lambda: read_table(text(tmp_path / "a.csv", f"{headings}\n{headings}\n"))) == "E-TABLE-ROW"


def test_many_columns_are_no_trouble(tmp_path):
    headings = ",".join(f"c{n}" for n in range(20_000))
    assert len(read_table(text(tmp_path / "a.csv", f"{headings}\n{headings}\n")).columns) == 20_000


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_gigantic_cell_is_refused(quote, tmp_path):
    cell = quote + "x" * 300_000 + quote
    assert code_of(lambda: read_table(text(tmp_path / "a.csv", f"name,a\n{cell},1\n"))) in (
        "E-TABLE-ROW",
        "E-FILE-CORRUPT",
    )


@pytest.mark.parametrize("heading", ["a" + " " * 50_000 + "[x", "a" * 50_000])
def test_a_gigantic_heading_is_refused(heading, tmp_path):
    assert code_of(lambda: read_table(text(tmp_path / "a.csv", f"name,{heading}\nx,1\n"))) == "E-TABLE-HEADING"


def test_a_table_that_does_not_fit_is_refused(tmp_path, monkeypatch):
    from SpatioTemporalLib.system import memory

    path = text(tmp_path / "a.csv", "name,a\nx,1\n")
    monkeypatch.setattr(memory, "available_memory", lambda: 100)
    assert code_of(lambda: read_table(path)) == "E-MEMORY"


def test_letters_of_another_encoding_are_told(tmp_path):
    table = read_table(text(tmp_path / "a.csv", "größe,a\nx,1\n", "cp1252"))
    assert list(table.columns) == ["größe", "a"] and [f.code for f in table.findings] == ["R-ENCODING"]


@pytest.mark.parametrize("data", [b"\xff\xfea", b"\xff\xfe\x00\xd8", b"a,b\n\0,1\n", b"\x1f\x8b\x08\0" + bytes(50)])
def test_what_is_no_text_is_refused(data, tmp_path):
    (tmp_path / "a.csv").write_bytes(data)
    assert code_of(lambda: read_table(tmp_path / "a.csv")) in ("E-FILE-KIND", "E-FILE-CORRUPT", "E-TABLE")
