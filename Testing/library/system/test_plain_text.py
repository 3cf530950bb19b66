"""Text that others wrote neither moves a terminal's cursor nor leads a file elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import Finding, InputError, Severity
from SpatioTemporalLib.system.plain_text import for_file_name, for_message

ESCAPE, TURNED = "\x1b[2J\x1b]0;title\x07", "\u202egpj.exe"


def test_ordinary_text_stays_as_it_is():
    for text in ("T1 vibe é 前立腺", "50 %/min", "a-b_c (2)"):
        assert for_message(text) == text
    assert for_file_name("T1 vibe é 前立腺") == "T1 vibe é 前立腺"


@pytest.mark.parametrize("text", [ESCAPE, TURNED, "a\x00b", "a\x9bb", "a\u200bb", "\ud800"])
def test_nothing_in_a_message_is_unseen(text):
    for shown in (
        for_message(text),
        str(InputError("E-X", text, where=text)),
        str(Finding("W-X", Severity.WARN, text)),
    ):
        assert shown.isprintable(), ascii(shown)
        shown.encode("utf-8")


def test_lines_of_others_do_not_become_lines_of_a_message():
    assert for_message("name\r\nerror: all is lost\n") == "name error: all is lost"
    assert "\n" in str(InputError("E-X", "two problems:\n  one"))


def test_long_text_is_shortened_in_a_message():
    shown = for_message("a" * 50 + "b" * 10**6, 20)
    assert len(shown) <= 20 and shown.startswith("aaa") and shown.endswith("bbb")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("../../etc/passwd", "_.._etc_passwd"), ("a/b\\c:d", "a_b_c_d"), ("..", "unnamed"), ("", "unnamed")),
        *(("CON", "_CON"), ("nul.txt", "_nul.txt"), ("a. .", "a"), ("a\x1b[31m\nb", "a[31m b"), ("???", "unnamed")),
    ],
)
def test_names_of_files_are_names_on_every_system(text, name):
    assert for_file_name(text) == name


def test_long_names_are_cut_between_characters():
    name = for_file_name("前" * 500)
    assert len(name.encode()) <= 120 and set(name) == {"前"}


def test_what_is_printed_of_values_is_seen():
    grid = st.Geometry.from_spacing((1, 2, 2))
    odd = f"a{ESCAPE}"
    image = st.Map(np.ones(grid.shape, np.float32), grid, odd, odd)
    values = [
        image,
        st.Series(np.ones((2, 1, 2, 2)), [0.0, 1.0], grid, unit=odd, name=odd),
        st.Curve([0.0, 1.0], [1.0, 2.0], odd, odd),
        st.Table({odd: [odd, TURNED]}, {odd: odd}, odd),
        st.FollowUp(odd, (st.Visit(0.0, {odd: image}, {}, {odd: odd}),), (Finding("W-X", Severity.WARN, odd),)),
        st.LabelMap(np.ones(grid.shape, np.uint8), grid, {1: st.Label(odd)}, odd),
    ]
    for value in values:
        assert str(value).replace("\n", "").isprintable(), type(value)
