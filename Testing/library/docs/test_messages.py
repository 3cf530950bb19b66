"""The page of messages has every code of the source, with what is said."""

import re
from pathlib import Path

import pytest

from Documentation.generate.manual import SOURCES
from Documentation.generate.meanings import MEANINGS
from Documentation.generate.message_codes import messages_of
from Documentation.generate.message_page import message_page

CODE = re.compile(r"""["']([EWRNI]-[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)["']""")
SAID = """
LIMIT = "ten"

def check(name, count):
    text = f"{count} of {LIMIT} are left"
    found = Finding("W-LEFT", Severity.WARN, text, name)
    if count:
        raise InputError("E-MANY", f"there are {count} " + "too many", where=name, fix=f"Take {LIMIT} away.")
    raise InputError(code="E-NONE", message=_("there is {what}").format(what=name))

PAIRS = [("I-PAIR", "beside its text")]
RAISED = "E-ELSEWHERE"
"""


@pytest.fixture(scope="module")
def messages():
    return messages_of(SOURCES)


def test_every_code_of_the_source_is_on_the_page(messages):
    # Read as text here and as a syntax tree there: neither can miss what the other sees.
    files = [file for folder in SOURCES for file in folder.rglob("*.py")]
    written = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))}
    page = message_page(messages)
    assert len(written) > 200
    assert {c for c in written if f"\n({c.lower()})=\n### {c}\n" not in page} == set()


def test_most_codes_have_their_text_and_errors_what_to_do(messages):
    codes = {m.code for m in messages}
    said = {m.code for m in messages if m.message}
    assert len(said) > 0.95 * len(codes)
    errors = {c for c in codes if c.startswith("E-")}
    assert len(errors & {m.code for m in messages if m.fix}) > 0.9 * len(errors)


def test_every_code_says_what_it_means(messages):
    said = {m.code for m in messages if m.message}
    assert {m.code for m in messages} - said == set(MEANINGS)
    page = message_page(messages)
    assert "### E-TIME-ORDER\n\nA frame has a time that is not later" in page


def test_texts_are_read_from_the_tree(tmp_path: Path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text(SAID)
    found = {m.code: (m.message, m.fix) for m in messages_of([tmp_path / "package"])}
    assert found == {
        "W-LEFT": ("… of ten are left", ""),
        "E-MANY": ("there are … too many", "Take ten away."),
        "E-NONE": ("there is …", ""),
        "I-PAIR": ("beside its text", ""),
        "E-ELSEWHERE": ("", ""),
    }
    page = message_page(messages_of([tmp_path / "package"]))
    assert "(e-many)=\n### E-MANY\n\n- there are … too many\\\n  → Take ten away." in page
