"""Lines of NRRD headers: nothing but a line feed ends one, and what is escaped comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library.io.bad_inputs.files import frames, nrrd

from SpatioTemporalLib import Geometry, InputError, Label, LabelMap, read_labels, read_map, read_series, write_labels
from SpatioTemporalLib.io import write_series
from SpatioTemporalLib.io.nrrd.lines import escaped, unescaped

BREAKS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_any_text_but_carriage_returns_is_one_line_and_comes_back(text):
    assert "\n" not in escaped(text) and unescaped(escaped(text)) == text


def test_escapes_are_read_from_left_to_right():
    assert unescaped(r"C:\\new\n\\n\t") == "C:\\new\n\\n\\t"


@pytest.mark.parametrize("sign", BREAKS, ids=[f"U+{ord(sign):04X}" for sign in BREAKS])
def test_a_name_does_not_move_the_image(sign, tmp_path):
    name = f"a{sign}space origin: (900,0,0)"
    series = read_series(nrrd(tmp_path / "a.seq.nrrd", keys=f"{KEYS}SpatioTemporal.Name:={name}\n"))
    assert series.name == name
    np.testing.assert_array_equal(series.geometry.affine[:3, 3], (-30.5, 12.25, 7))


@pytest.mark.parametrize(
    "name", ["a\nspace origin: (900,0,0)", "C:\\new\\name", "\\", "a\\\nb", *(f"a{b}b" for b in BREAKS)]
)
def test_names_come_back_as_they_were_and_nothing_moves(name, tmp_path):
    from dataclasses import replace

    series = replace(read_series(nrrd(tmp_path / "a.seq.nrrd")), name=name)
    again = read_series(write_series(tmp_path / "b.seq.nrrd", series))
    assert again.name == name and again.geometry.difference_mm(series.geometry) == 0
    labels = LabelMap(frames()[0] % 2, series.geometry, {1: Label(name)})
    again = read_labels(write_labels(tmp_path / "b.seg.nrrd", labels))
    assert again.labels[1].name == name and again.geometry.difference_mm(series.geometry) == 0


KEYS = "axis 3 index values:=0 2 4 6 8 10\n"


@pytest.mark.parametrize(
    "line", ["space origin: (1,2,3)", "sizes: 5 4 3 5", "encoding: gzip", "axis 3 index values:=0 1 2"]
)
def test_what_is_said_twice_differently_is_refused(line, tmp_path):
    with pytest.raises(InputError, match="twice"):
        read_series(nrrd(tmp_path / "a.seq.nrrd", keys=f"{KEYS}{line}\n"))


def test_two_spellings_of_a_field_are_the_same_field(tmp_path):
    with pytest.raises(InputError, match="twice"):
        read_series(nrrd(tmp_path / "a.seq.nrrd", keys=f"{KEYS}byteskip: 0\nbyte skip: 2\n"))


def test_what_is_said_twice_alike_is_said_once(tmp_path):
    assert read_series(nrrd(tmp_path / "a.seq.nrrd", keys=f"{KEYS}space origin: (-30.5,12.25,7)\n")).frame_count == 6


def codes(value) -> set[str]:
    return {finding.code for finding in value.findings}


@pytest.mark.parametrize("line", ["space orgin: (1,2,3)", "no field at all", "byte-skip: 4"])
def test_lines_that_are_no_fields_are_told(line, tmp_path):
    assert "W-HEADER-FIELD" in codes(read_series(nrrd(tmp_path / "a.seq.nrrd", keys=f"{KEYS}{line}\n")))


def read(folder, **fields):
    return read_map(nrrd(folder / "a.nrrd", frames()[0], **fields), "1")


def test_a_missing_origin_orientation_or_size_of_voxels_is_told(tmp_path):
    assert codes(read(tmp_path)) == set()
    assert codes(read(tmp_path, space_origin=None)) == {"W-GEO-ORIGIN"}
    assert codes(read(tmp_path, space=None)) == {"W-GEO-ORIENTATION"}
    assert {"W-GEO-ORIENTATION", "W-GEO-SPACING"} <= codes(read(tmp_path, space_directions=None))


@pytest.mark.parametrize(
    "fields, code",
    [
        (dict(space_origin="(1e30,0,0)"), "E-GEO-PLACE"),
        (dict(space_origin="(1e400,0,0)"), "E-FILE-CORRUPT"),
        (dict(space_origin="(1,2)"), "E-FILE-CORRUPT"),
        (dict(space_origin="(1,2,3,4)"), "E-FILE-CORRUPT"),
        (dict(space_directions="(1e30,0,0) (0,1,0) (0,0,1)"), "E-GEO-SPACING"),
        (dict(space_directions="(1e-30,0,0) (0,1,0) (0,0,1)"), "E-GEO-SPACING"),
        (dict(space_directions="(inf,0,0) (0,1,0) (0,0,1)"), "E-FILE-CORRUPT"),
        (dict(space_directions=None, spacings="1 2"), "E-FILE-CORRUPT"),
        (dict(space_directions=None, spacings="1_0 2 3"), "E-FILE-CORRUPT"),
        (dict(sizes="5 4 ٣"), "E-FILE-CORRUPT"),
        (dict(sizes="5 4 1_0"), "E-FILE-CORRUPT"),
        (dict(sizes="5 4 " + "9" * 5000), "E-FILE-CORRUPT"),
        (dict(byte_skip="9" * 19), "E-FILE-CORRUPT"),
    ],
)
def test_absurd_numbers_are_refused(fields, code, tmp_path):
    with pytest.raises(InputError) as refused:
        read(tmp_path, **fields)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "fields", [dict(space_origin="(50000,0,0)"), dict(space_directions="(200,0,0) (0,2,0) (0,0,2)")]
)
def test_unusual_places_and_sizes_are_told(fields, tmp_path):
    assert codes(read(tmp_path, **fields)) & {"W-GEO-PLACE", "W-GEO-SPACING"}


@pytest.mark.parametrize(
    "keys, code",
    [
        ("Segment0_Name:=lost\n", "E-SEGMENT"),
        ("Segment0_Name:=a\nSegment0_LabelValue:=1_0\n", "E-SEGMENT"),
        ("Segment0_Name:=a\nSegment0_LabelValue:=-1\n", "E-SEGMENT"),
        ("Segment0_Name:=a\nSegment0_LabelValue:=1000000000000000000\n", "E-SEGMENT"),
        ("Segment0_LabelValue:=1\nSegment0_Color:=1 2 3\n", "E-SEGMENT"),
        ("Segment0_LabelValue:=1\nSegment0_Color:=nan 0 0\n", "E-SEGMENT"),
        ("Segment0_LabelValue:=1\nSegment1_LabelValue:=1\n", "E-SEGMENT"),
        (f"Segment0_LabelValue:=1\nSegment0_Name:={'x' * 5000}\n", "E-SEGMENT"),
    ],
)
def test_segments_that_are_not_described_well_are_refused(keys, code, tmp_path):
    with pytest.raises(InputError) as refused:
        read_labels(nrrd(tmp_path / "a.seg.nrrd", frames()[0] % 2, keys=keys))
    assert refused.value.code == code


def test_labels_without_a_name_among_named_ones_are_told(tmp_path):
    labels = read_labels(nrrd(tmp_path / "a.seg.nrrd", frames()[0] % 3, keys="Segment0_LabelValue:=1\n"))
    assert codes(labels) == {"W-LABEL-NAME"}


@pytest.mark.parametrize(
    "values", [np.full((3, 4, 5), 1e18), np.full((3, 4, 5), -1.0), np.full((3, 4, 5), np.inf), np.full((3, 4, 5), 1.5)]
)
def test_values_that_are_no_labels_are_refused(values, tmp_path):
    path = nrrd(tmp_path / "a.nrrd", values)
    with pytest.raises(InputError, match="E-LABEL-VALUE"):
        read_labels(path)
    with pytest.raises(InputError, match="E-LABEL-VALUE"):
        LabelMap(np.where(values < 0, 1e10, values), Geometry.from_spacing((3, 4, 5)))


@pytest.mark.parametrize(
    "keys", ["Segment0_LabelValue:=1\nSegment0_Layer:=6\n", "Segment0_LabelValue:=1\nSegment0_Layer:=x\n"]
)
def test_segments_in_layers_that_are_not_there_are_refused(keys, tmp_path):
    with pytest.raises(InputError, match="E-SEGMENT"):
        read_labels(nrrd(tmp_path / "a.seg.nrrd", frames() % 2, keys=keys))


def test_segments_of_high_numbers_in_layers_are_merged(tmp_path):
    values = np.zeros((2, 3, 4, 5), np.int16)
    values[0, 0, 0, 0], values[1, 1, 1, 1] = 1, 1
    keys = "".join(f"Segment{n}_LabelValue:=1\nSegment{n}_Layer:={layer}\n" for layer, n in enumerate((0, 99_999)))
    labels = read_labels(nrrd(tmp_path / "a.seg.nrrd", values, keys=keys))
    assert labels.values[0, 0, 0] == 1 and labels.values[1, 1, 1] == 100_000


def test_an_image_is_no_label_map(tmp_path):
    noise = np.arange(70_000, dtype=np.float32).reshape(7, 100, 100)
    with pytest.raises(InputError, match="70000|69999"):
        read_labels(nrrd(tmp_path / "a.nrrd", noise))
