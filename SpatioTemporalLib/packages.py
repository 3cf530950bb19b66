"""Optional packages, imported where they are used."""

from __future__ import annotations

import importlib
from types import ModuleType

from .errors import MissingPackageError


EXTRAS = {"networks": ("torch", "monai", "safetensors")}
"""Packages of the extras that take more than the one found missing first."""


def packages_with(package: str, extra: str) -> tuple[str, ...]:
    """What to install where a package is missing: all of its extra, so that the next one is not missed after it."""
    return EXTRAS[extra] if package in EXTRAS.get(extra, ()) else (package,)


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
