"""Texts in tables that a spreadsheet would take for formulas, and run: written so that it does not, and read back.

A cell that begins with ``=`` may start a program or send what stands beside it
to an address. An apostrophe before it makes it a text to every spreadsheet.
"""

from __future__ import annotations

import re

from ..files.plain_numbers import number

# The wide signs are formulas too where Japanese or Chinese is the language.
BEGINS = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
FORMULA, DEFUSED = re.compile(f"'*{BEGINS}"), re.compile(f"'+{BEGINS}")


def defused(text: str) -> str:
    """A text with an apostrophe before it when it looks like a formula; numbers stay as they are."""
    return f"'{text}" if FORMULA.match(text) and number(text) is None else text


def as_written(cell: str) -> str:
    """The text that `defused` was given."""
    return cell[1:] if DEFUSED.match(cell) else cell
