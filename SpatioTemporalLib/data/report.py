"""A page for a reader, as one HTML document."""

from __future__ import annotations

from dataclasses import dataclass

from ..system.plain_text import for_message


@dataclass(frozen=True)
class Report:
    """A result in words, tables and pictures.

    title : plain text.
    html : one complete document, pictures inside it; nothing is fetched from elsewhere.
    """

    title: str
    html: str
    name: str = "report"

    def __str__(self) -> str:
        return f"{for_message(self.title)} (HTML, {len(self.html.encode('utf-8')) / 1024:.0f} kB)"
