"""Optional packages, imported where they are used."""

from __future__ import annotations

import importlib
from types import ModuleType

from .errors import MissingPackageError

EXTRAS = {"networks": ("torch", "monai", "safetensors")}
"""Packages of each extra that has several."""


def packages_with(package: str, extra: str) -> tuple[str, ...]:
    """What to install where a package is missing, it first: all of its extra, so that no other is missed after it."""
    return (package, *(other for other in EXTRAS.get(extra, ()) if other != package))


def require(module: str, *, package: str, extra: str, purpose: str) -> ModuleType:
    """The imported module, or an error that says how to install it.

    Parameters
    ----------
    module : str
        Name to import, e.g. ``"matplotlib.figure"``.
    package, extra, purpose : str
        See `MissingPackageError`.

    Raises
    ------
    MissingPackageError
        If the package is absent. A package that is present but broken raises
        its own error, because reinstalling another one would not help.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingPackageError(package, extra, purpose) from error
