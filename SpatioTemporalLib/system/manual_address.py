"""Where the manual's page of an analysis is read."""

from __future__ import annotations

from pathlib import Path

from ..version import MANUAL

BUILT = Path(__file__).resolve().parents[2] / "out" / "docs"
"""What ``make docs`` builds in a clone."""


def manual_page(id: str) -> str:
    """Address of the page of an analysis: a file, where the manual was built beside the library, else on the web.

    An analysis of another package has a page only where the manual was built with that package installed; without one
    it is the page of all analyses that is given.
    """
    page = f"analyses/{id.replace('.', '/')}.html"
    for name in (page, "analyses.html"):
        if (BUILT / name).is_file():
            return (BUILT / name).as_uri()
    return f"{MANUAL}/{page}"
