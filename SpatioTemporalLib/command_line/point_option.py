"""A position as an option: ``--point -12.5,30,41``."""

from __future__ import annotations

from ..data.point import Point
from ..errors import ParameterError

START_OF_NUMBER = tuple("0123456789.")


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


def with_points_joined(words: list[str], flags: set[str]) -> list[str]:
    """The words of a command with each position joined to its option, for argparse takes -12,3,4 for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in flags and word.startswith("-") and word[1:].startswith(START_OF_NUMBER):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined
