"""A position as an option: ``--point -12.5,30,41``."""

from __future__ import annotations

from ...data.point import Point
from ...errors import ParameterError


def point_of(text: str, flag: str, name: str) -> Point:
    """The point of "R,A,S" in mm."""
    try:
        ras = [float(word) for word in text.split(",")]
    except ValueError:
        ras = []
    if len(ras) != 3:
        raise ParameterError(
            "E-POINT", f"{flag} {text} is no position", fix=f"Write R, A and S in mm: {flag} -12.5,30,41"
        )
    return Point(tuple(ras), name)


def with_dashes_joined(words: list[str], flags: set[str]) -> list[str]:
    """The words of a command with what follows these options joined to them.

    What begins with a dash, such as -12,3,4, would be taken for an option itself.
    """
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in flags and word.startswith("-") and not word.startswith("--"):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined
