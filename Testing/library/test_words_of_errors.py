"""Messages read as sentences: one stop between two of them, nouns that agree, no word twice."""

import re

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import counted

DOUBLED = re.compile(r"\b(\w+)[: ]+\1\b|[.?!;,:][.;,]|(?<![\w×.])1 [a-z]+s\b|\(s\)|(?:^|\s)\.:", re.IGNORECASE)


@pytest.mark.parametrize(
    "message, expected",
    [
        ("the TR is 4 s", "dce: the TR is 4 s. Give seconds. [E-X]"),
        ("the TR is 4 s.", "dce: the TR is 4 s. Give seconds. [E-X]"),
        ("is the TR in minutes?", "dce: is the TR in minutes? Give seconds. [E-X]"),
        ("stop!", "dce: stop! Give seconds. [E-X]"),
    ],
)
def test_one_stop_stands_between_what_is_wrong_and_what_to_do(message, expected):
    assert str(st.InputError("E-X", message, where="dce", fix="Give seconds.")) == expected


@pytest.mark.parametrize("count, text", [(0, "0 files exist"), (1, "1 file exists"), (2, "2 files exist")])
def test_noun_and_verb_agree_with_their_count(count, text):
    assert counted(count, "file exists", "files exist") == text
    assert counted(count, "file") == text.rsplit(" ", 1)[0]


@pytest.mark.parametrize("patient", ["patient", "Patient 7", "007"])
def test_a_patient_is_called_so_once(patient):
    with pytest.raises(st.InputError) as caught:
        st.FollowUp(patient, ())
    assert not DOUBLED.search(str(caught.value)), str(caught.value)
    assert "patient" in str(caught.value).lower() and patient in str(caught.value)


def one_of_each(folder):
    """Messages of things of which there is one."""
    values = np.ones((12, 1, 2, 2)) * np.where(np.arange(12) < 5, 1.0, 3.0)[:, None, None, None]
    values[:, 0, 0, 0] = np.nan
    series = st.Series(values, np.arange(12.0), st.Geometry.from_spacing((1, 2, 2)), name="dce")
    yield str(st.Series.from_curves([0.0], [[1.0]], name="dce"))
    yield str(st.Curve([0.0, 1.0], [1.0, 2.0], "mmol/L", "plasma"))
    for message in (
        lambda: st.Series(values, [0.0], series.geometry, name="dce"),
        lambda: st.Series(values[:1], np.arange(12.0), series.geometry, name="dce"),
        lambda: st.LabelMap(np.array([[[0.5, 1.0]]]), st.Geometry.from_spacing((1, 1, 2)), name="mask"),
        lambda: st.run("kinetics.tofts", series=st.Series.from_curves([0.0], [[1.0]], unit="mmol/L", name="dce")),
    ):
        with pytest.raises(st.InputError) as caught:
            message()
        yield str(caught.value)
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("nothing")
    with pytest.raises(st.InputError) as caught:
        st.read_series(folder / "notes")
    yield str(caught.value)
    yield from map(str, st.run("kinetics.enhancement", series=series, baseline_frames=5).findings)


def test_messages_about_one_thing_are_in_the_singular(tmp_path):
    told = list(one_of_each(tmp_path))
    assert any("1 voxel" in text for text in told) and any("1 frame" in text for text in told)
    for text in told:
        assert not DOUBLED.search(text), text
