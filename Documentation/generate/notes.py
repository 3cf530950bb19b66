"""The notes of a docstring as Markdown."""

from __future__ import annotations

import re

from .markdown import fenced

MATH = ".. math::"
INLINE = re.compile(r":math:`([^`]*)`")


def notes_as_markdown(notes: str) -> str:
    """Paragraphs of prose, and formulas as blocks of mathematics."""
    parts = []
    for paragraph in notes.split("\n\n"):
        if paragraph.startswith(MATH):
            formula = " ".join(paragraph.removeprefix(MATH).split())
            parts.append(fenced("{math}", formula))
        else:
            parts.append(INLINE.sub(r"$\1$", paragraph))
    return "\n\n".join(parts)
