"""Parts of pages in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty when it has no rows."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """A text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def plain(text: str) -> str:
    """A text of the source in which nothing means markup."""
    return re.sub(r"([\\`*_{}\[\]<>$])", r"\\\1", text)


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def page(*parts: str) -> str:
    """Paragraphs, those that are empty left out."""
    return "\n\n".join(part for part in parts if part) + "\n"
