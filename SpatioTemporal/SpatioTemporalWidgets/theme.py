"""Colours that can be read on whatever the desktop's palette is."""

from __future__ import annotations

import qt

# On light and on dark ground.
INKS = {
    "wrong": ("#c00000", "#ff8a80"),
    "warning": ("#a04f00", "#ffb454"),
    "wrong row": ("#f4c7c3", "#6b2a26"),
    "mark": ("#d04000", "#ff8c50"),
}
DARK = 128  # lightness, of 255


def is_dark(palette) -> bool:
    """Whether the ground on which text is written is dark."""
    return palette.color(qt.QPalette.Window).lightness() < DARK


def ink(name: str, palette) -> str:
    """The colour for a purpose, as style sheets and `QColor` take it."""
    return INKS[name][is_dark(palette)]


def text_style(name: str, widget) -> str:
    """Style sheet that colours the text of a widget."""
    return f"color: {ink(name, widget.palette)};"


def between(first, second, part: float):
    """The colour a part of the way from one to another."""
    parts = ("red", "green", "blue")
    mixed = [round(getattr(first, p)() * (1 - part) + getattr(second, p)() * part) for p in parts]
    return qt.QColor(*mixed)


def readable_on(paper, colour: tuple[float, float, float]):
    """A colour of a curve, 0..1, as it is told from dark paper as well as from light."""
    plain = qt.QColor(*(int(255 * part) for part in colour))
    if paper.lightness() < DARK:
        return between(plain, qt.QColor(255, 255, 255), 0.35)
    return between(plain, qt.QColor(0, 0, 0), 0.1)
