"""What can go wrong, said so that a reader knows what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .system.plain_text import without_controls
from .version import DISTRIBUTION


def counted(count: int, one: str, many: str = "") -> str:
    """The count with its noun, and a verb if there is one: "1 file exists", "2 files exist"."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


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
        # Names of files and words of their headers end here: none may move a terminal's cursor or colour it.
        self.code, self.message, self.where, self.fix = code, *map(without_controls, (message, where, fix))
        super().__init__(code, self.message, self.where, self.fix)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.fix:
            text = f"{text if text.endswith(('?', '!')) else f'{text.rstrip(chr(46))}.'} {self.fix}"
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
    package : str or tuple of str
        Name on PyPI, or the names of all that are missing, so that none is missed after another.
    extra : str
        Extras of this project that bring them, as in ``pip install ".[extra]"``, separated by commas; empty where
        every installation has them.
    purpose : str
        What needs it.
    """

    def __init__(self, package: str | tuple[str, ...], extra: str, purpose: str):
        self.packages = (package,) if isinstance(package, str) else tuple(package)
        self.package = self.packages[0]
        self.extra = extra
        names, several = " ".join(self.packages), len(self.packages) > 1
        listed = f"{', '.join(self.packages[:-1])} and {self.packages[-1]}" if several else self.package
        them = "them" if several else "it"
        brought = f" (the extra {DISTRIBUTION}[{extra}] brings {them})" if extra else ""
        super().__init__(
            f"{purpose} needs the package{'s' * several} {listed}, which {'are' if several else 'is'} not installed. "
            f"Install {them} with: pip install {names}{brought}, "
            f"or in Slicer's Python console: slicer.util.pip_install('{names}')."
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
        return without_controls(f"{self.severity.value}: {place}{self.message} [{self.code}]")
