"""Lets a panel become as narrow as a user makes it, with large fonts too."""

from __future__ import annotations

import textwrap

import qt
import slicer

FIELDS = (qt.QComboBox, qt.QLineEdit, qt.QSpinBox, qt.QDoubleSpinBox, slicer.qMRMLNodeComboBox)
# Enough for an arrow and a few letters; what is cut off stands in the tool tip or the opened list.
LEAST_WIDTH = 48
BUTTON_LETTERS = 28
LONGEST_WORD = 24
# A place at which a line may be broken, and which is not to be seen.
BREAK = "\u200b"


def let_shrink(*widgets) -> None:
    """Let no text that is long by chance decide how wide the panel is.

    Lists to choose from, fields and labels that wrap ask for a minimum that
    depends on what is in them. Other widgets, such as buttons, whose words are
    the panel's own, are left alone.
    """
    for widget in widgets:
        if isinstance(widget, qt.QLabel) and widget.wordWrap:
            # Whatever number is given is taken instead of the width of the longest word.
            widget.setMinimumWidth(1)
        if isinstance(widget, FIELDS):
            widget.setMinimumWidth(LEAST_WIDTH)
        if isinstance(widget, qt.QComboBox):
            # Else its preferred width is that of the longest entry.
            widget.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            widget.setMinimumContentsLength(6)


def in_lines(text: str) -> str:
    """A button's text on as many lines as it needs in a narrow panel."""
    return "\n".join(textwrap.wrap(text, BUTTON_LETTERS, break_long_words=False, break_on_hyphens=False))


def breakable(text: str) -> str:
    """A text whose long words, such as paths and addresses, can go on in the next line."""
    return " ".join(_broken(word) if len(word) > LONGEST_WORD else word for word in text.split(" "))


def _broken(word: str) -> str:
    for mark in ("/", "\\", "_", "-", ".", ","):
        word = word.replace(mark, mark + BREAK)
    return word
