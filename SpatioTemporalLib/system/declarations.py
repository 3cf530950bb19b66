"""Declarations that are found by being there: in the modules of a package, and in other packages that offer theirs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def declarations(of: type[T], package: str, *, what: str, group: str = "", attribute: str = "") -> dict[str, T]:
    """All declarations of a type by name, sorted.

    Parameters
    ----------
    of : type
        With a field `name`.
    package : str
        Each module or package in it may hold any number of them.
    what : str
        What one is called, for messages.
    group : str
        Of entry points by which other packages offer theirs; none are asked for if empty.
    attribute : str
        Where a declaration stands at what it declares; empty where it is a value of the module itself.

    Raises
    ------
    TypeError
        If two claim the same name.
    """
    found: dict[str, T] = {}
    for place, loaded in [*_modules(package), *_offered(group)]:
        for value in vars(loaded).values() if isinstance(loaded, ModuleType) else [loaded]:
            declared = getattr(value, attribute, None) if attribute else value
            if isinstance(declared, of) and found.setdefault(declared.name, declared) is not declared:
                raise TypeError(f"the {what} {declared.name} is declared twice, the second time in {place}")
    return dict(sorted(found.items()))


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    paths = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(paths, f"{package}."):
        yield module.name, importlib.import_module(module.name)


def _offered(group: str) -> Iterator[tuple[str, object]]:
    for entry in entry_points(group=group) if group else ():
        yield entry.value, entry.load()
