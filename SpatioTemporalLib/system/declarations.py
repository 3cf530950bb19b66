"""Declarations that are found by being there: in the modules of a package, and in other packages that offer theirs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """Declarations by name, sorted, and what other packages offer that cannot be imported: its place, and why."""

    declared: dict[str, T]
    broken: tuple[tuple[str, str], ...] = ()


def declarations(of: type[T], package: str, *, what: str, group: str = "", attribute: str = "") -> Found[T]:
    """All declarations of a type.

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
    broken: list[tuple[str, str]] = []
    for place, loaded in [*_modules(package), *_offered(group, broken)]:
        for value in vars(loaded).values() if isinstance(loaded, ModuleType) else [loaded]:
            declared = getattr(value, attribute, None) if attribute else value
            if isinstance(declared, of) and found.setdefault(declared.name, declared) is not declared:
                raise TypeError(f"the {what} {declared.name} is declared twice, the second time in {place}")
    return Found(dict(sorted(found.items())), tuple(broken))


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    paths = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(paths, f"{package}."):
        yield module.name, importlib.import_module(module.name)


def _offered(group: str, broken: list[tuple[str, str]]) -> Iterator[tuple[str, object]]:
    for entry in entry_points(group=group) if group else ():
        try:
            yield entry.value, entry.load()
        except Exception as error:  # noqa: BLE001 - one bad package must not hide all that is there
            broken.append((entry.value, f"{type(error).__name__}: {error}"))
