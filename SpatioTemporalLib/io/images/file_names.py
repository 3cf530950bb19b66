"""Names of image files without the endings of their formats."""

from __future__ import annotations

from pathlib import Path

from .format_registry import ending_of


def image_stem(path: Path) -> str:
    """File name without the ending of an image format."""
    return path.name[: len(path.name) - len(ending_of(path.name))] or path.name
