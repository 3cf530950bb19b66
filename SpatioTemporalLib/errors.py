"""What can go wrong, said so that a reader knows what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SpatioTemporalError(Exception):
    """Base of every error this library raises on purpose."""


class InputError(SpatioTemporalError):
    """An input cannot be used.

    Parameters
    ----------
    code : str
        Stable short name such as ``E-TIME-DUP``, for tests and for searching.
    message : str
        What was found and what was expected, with the values.
    where : str
        File, node, row or field that has to be looked at.
    fix : str
        The next step for the user.
    """

    def __init__(self, code: str, message: str, *, where: str = "", fix: str = ""):
        self.code = code
        self.message = message
        self.where = where
        self.fix = fix
        super().__init__(code, message, where, fix)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.fix:
            text = f"{text.rstrip('.')}. {self.fix}"
        return f"{text} [{self.code}]"


class GeometryError(InputError):
    """Two images do not lie on the same grid, or a grid is impossible."""


class ParameterError(InputError):
    """A parameter is unknown, of the wrong type or out of range."""


class Cancelled(SpatioTemporalError):
    """The user stopped the run; nothing was written."""


class MissingPackageError(SpatioTemporalError):
    """An optional package is needed for what was asked.

    Parameters
    ----------
    package : str
        Name of the package on PyPI.
    extra : str
        Extra of this project that brings it, as in ``pip install ".[extra]"``.
    purpose : str
        What needs it.
    """

    def __init__(self, package: str, extra: str, purpose: str):
        self.package = package
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed. "
            f"Install it with: pip install {package} (this project's extra [{extra}] brings it), "
            f"or in Slicer's Python console: slicer.util.pip_install('{package}')."
        )


class Severity(str, Enum):
    """What was done about something odd in an input; a note is nothing odd, but good to know."""

    NOTE = "note"
    REPAIR = "repair"
    WARN = "warning"
    MASK = "masked"


@dataclass(frozen=True)
class Finding:
    """Something odd about an input that did not stop the work.

    Findings travel with the data they are about and end in the provenance of
    every result made from it.
    """

    code: str
    severity: Severity
    message: str
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.severity.value}: {place}{self.message} [{self.code}]"
