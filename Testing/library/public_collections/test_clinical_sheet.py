"""Tables of clinical facts: what is no table is refused in words, and sheets are found by their headings."""

import zipfile

import openpyxl
import pytest
from library.public_collections.crlm_phantom import COLUMNS, ROWS, write_table_as

import SpatioTemporalLib as st
from SpatioTemporalLib.public_collections.clinical_sheet import read_sheet

WANTED = ("age", "vital_status")


def test_the_sheet_with_the_headings_is_read_and_rows_have_their_numbers(tmp_path):
    sheet = read_sheet(write_table_as(tmp_path / "a.xlsx"), WANTED)
    assert sheet.headings == COLUMNS
    assert [number for number, _ in sheet.rows] == [2, 3, 4, 5, 6]
    assert sheet.column("age") == ["61", "48.5", "70", "55", "66"] and sheet.column("relevant_notes")[1] == ""
    text = read_sheet(write_table_as(tmp_path / "a.csv"), WANTED)
    assert (sheet.headings, sheet.rows) == (text.headings, text.rows)


def test_empty_rows_are_passed_over_and_rows_keep_their_numbers(tmp_path):
    book = openpyxl.Workbook()
    for row in ([], ["age", "vital_status"], [], [61, 1], [None, None], [70.5, 0]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    rows = read_sheet(tmp_path / "a.xlsx", WANTED).rows
    assert [cells["age"] for _, cells in rows] == ["61", "70.5"]
    assert rows[1][0] - rows[0][0] == 2


@pytest.mark.parametrize("what", ["cut off", "a text", "another archive", "other headings", "a heading twice"])
def test_what_is_no_such_table_is_refused_in_words(what, tmp_path):
    path = write_table_as(tmp_path / "a.xlsx")
    if what == "cut off":
        path.write_bytes(path.read_bytes()[:-200])
    elif what == "a text":
        path.write_text("age,vital_status")
    elif what == "another archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "age")
    elif what == "other headings":
        write_table_as(path, columns=[f"x{n}" for n in range(len(COLUMNS))])
    else:
        write_table_as(path, columns=["age" if column == "sex" else column for column in COLUMNS])
    with pytest.raises(st.InputError, match="^a.xlsx: "):
        read_sheet(path, WANTED)


def test_a_spreadsheet_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("SpatioTemporalLib.public_collections.clinical_sheet.MOST_BYTES", 1000)
    with pytest.raises(st.InputError, match="a.xlsx: unpacks to .* bytes.*E-TOO-LARGE"):
        read_sheet(write_table_as(tmp_path / "a.xlsx", ROWS), WANTED)
