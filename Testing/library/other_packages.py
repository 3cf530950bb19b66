"""Packages that bring analyses of their own, as Python sees them when they are installed."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import SpatioTemporalLib as st


def installed(folder: Path, name: str, source: str, groups: tuple[str, ...] = ("analyses",)) -> Path:
    """Write a module that offers its analyses, or more, and give back the folder that has to be on the path."""
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    facts = folder / f"{name}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    offered = [f"[spatiotemporal.{group}]\n{name} = {name}\n" for group in groups]
    (facts / "entry_points.txt").write_text("".join(offered))
    return folder


@contextmanager
def known(declaration):
    """Let an analysis be found in this process for a while."""
    analyses = st.analyses()
    before = analyses.get(declaration.id)
    analyses[declaration.id] = declaration
    try:
        yield declaration.id
    finally:
        if before is None:
            del analyses[declaration.id]
        else:
            analyses[declaration.id] = before
