"""Optional packages, imported where they are used."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from types import ModuleType

from ..errors import MissingPackageError

EXTRAS = {
    "figures": ("matplotlib",),
    "slicer": ("slicer-core",),
    "dicom": ("highdicom",),
    "networks": ("torch", "monai", "einops", "safetensors"),
    "spreadsheets": ("openpyxl",),
    "batch": ("cryptography", "dask-jobqueue", "distributed"),
}
"""Packages of each extra of this project, as pyproject.toml lists them."""

SERVES = {
    "matplotlib": "pictures beside results, reports of networks",
    "slicer-core": "scenes for 3D Slicer (--scene)",
    "highdicom": "results as DICOM objects (--dicom)",
    "torch": "networks, and fits on a GPU (--device cuda)",
    "monai": "networks",
    "einops": "networks of shifted windows",
    "safetensors": "weights of networks",
    "openpyxl": "clinical tables of public collections as spreadsheets (cohort --clinical)",
    "distributed": "many cases on a Dask cluster (batch --dask, --scheduler)",
    "dask-jobqueue": "many cases by a cluster's queue (batch --slurm, --pbs)",
    "cryptography": "certificates for workers of a cluster's queue (batch --slurm, --pbs)",
}
"""What each of them is for."""

MODULES = {"slicer-core": "slicer", "dask-jobqueue": "dask_jobqueue"}
"""Names to import that differ from those on PyPI."""


def packages_with(package: str, extra: str) -> tuple[str, ...]:
    """What to install where a package is missing, it first: all of its extra, so that no other is missed after it."""
    return (package, *(other for other in EXTRAS.get(extra, ()) if other != package))


def extra_of(package: str) -> str:
    """The extra that brings a package, empty where none does."""
    return next((extra for extra, packages in EXTRAS.items() if package in packages), "")


def missing(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Those that cannot be found; none is imported."""
    return tuple(package for package in packages if not _found(MODULES.get(package, package)))


def require_all(packages: tuple[str, ...], purpose: str) -> None:
    """Tell all packages that are missing at once.

    Raises
    ------
    MissingPackageError
        With all of them, and the extras that bring them.
    """
    absent = missing(packages)
    if absent:
        raise MissingPackageError(absent, ",".join(dict.fromkeys(filter(None, map(extra_of, absent)))), purpose)


def require(module: str, *, package: str, extra: str = "", purpose: str) -> ModuleType:
    """The imported module, or an error that says how to install it and what else of its extra is missing.

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
        others = tuple(other for other in missing(packages_with(package, extra)) if other != package)
        raise MissingPackageError((package, *others), extra, purpose) from error


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        # What hides a package from the import system may do so by an error; a module without a spec was put there.
        return False
