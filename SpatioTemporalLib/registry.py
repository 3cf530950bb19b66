"""Finds every analysis: those in this package and those other packages offer."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from . import analyses as built_in
from .declare import Analysis
from .errors import ParameterError
from .io.images.format_registry import found_formats
from .kinds.registry import found_kinds

ENTRY_POINT_GROUP = "spatiotemporal.analyses"


@dataclass(frozen=True)
class Unavailable:
    """A module that was meant to hold analyses, or kinds or formats of another package, and could not be imported."""

    module: str
    reason: str


@functools.cache
def discover() -> tuple[dict[str, Analysis], tuple[Unavailable, ...]]:
    """All analyses by id, sorted, and the modules that failed to import, those with kinds and formats among them.

    Raises
    ------
    TypeError
        If two functions claim the same id.
    """
    found: dict[str, Analysis] = {}
    broken = []
    for name, load in [*_built_in_modules(), *_entry_points()]:
        try:
            loaded = load()
        except Exception as error:  # noqa: BLE001 - one bad file must not hide all the others
            broken.append(Unavailable(name, f"{type(error).__name__}: {error}"))
            continue
        for declaration in _declarations(loaded):
            other = found.setdefault(declaration.id, declaration)
            if other.function is not declaration.function:
                raise TypeError(f"{declaration.id} is declared twice: {_place(other)} and {_place(declaration)}")
    broken += [Unavailable(*told) for told in (*found_kinds().broken, *found_formats().broken)]
    return dict(sorted(found.items())), tuple(broken)


def analyses() -> dict[str, Analysis]:
    """All analyses by id, sorted."""
    return discover()[0]


def unavailable() -> tuple[Unavailable, ...]:
    """The modules that could not be imported, with the reason."""
    return discover()[1]


def get(id: str) -> Analysis:
    """The analysis of that id, or an error that names the nearest."""
    known = analyses()
    if id in known:
        return known[id]
    import difflib

    near = difflib.get_close_matches(id, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise ParameterError(
        "E-ANALYSIS", f"there is no analysis {id!r}", fix=f"{hint}'spatiotemporal list' shows all of them."
    )


def _built_in_modules():
    # By file, not by package: a folder of a new domain needs no __init__.py.
    for root in map(Path, built_in.__path__):
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            if parts[-1] != "__init__":
                name = ".".join((built_in.__name__, *parts))
                yield name, functools.partial(importlib.import_module, name)


def _entry_points():
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        yield entry.value, entry.load


def _declarations(loaded) -> list[Analysis]:
    candidates = vars(loaded).values() if isinstance(loaded, ModuleType) else [loaded]
    return [c.declaration for c in candidates if isinstance(getattr(c, "declaration", None), Analysis)]


def _place(declaration: Analysis) -> str:
    return f"{declaration.function.__module__}.{declaration.function.__name__}"
