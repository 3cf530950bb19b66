"""What an input is recognised by, for the provenance of results."""

from __future__ import annotations

from collections.abc import Callable

from ..kinds.registry import kind_of


def identity(value: object, look: Callable[[], None] = lambda: None) -> dict[str, object]:
    """Name, kind, SHA-256 and size of an input; `look` is called before each frame is read."""
    kind = kind_of(type(value))
    return {"name": getattr(value, "name", kind.called), "kind": kind.name} | kind.identity(value, look)
