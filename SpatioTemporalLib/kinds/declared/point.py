"""A position as an option: ``--point -12.5,30,41``."""

from __future__ import annotations

from collections.abc import Callable

from ...data.point import Point
from ...errors import ParameterError
from ..identity import text_identity
from ..kind import Files, Given, Kind, Nodes


def _read(given: Given) -> Point:
    """The point of "R,A,S" in mm."""
    text = given.words[0]
    try:
        ras = [float(word) for word in text.split(",")]
    except ValueError:
        ras = []
    if len(ras) != 3:
        fix = f"Write R, A and S in mm: {given.flag} -12.5,30,41"
        raise ParameterError("E-POINT", f"{given.flag} {text} is no position", fix=fix)
    return given.in_unit(Point(tuple(ras), given.input.name))


def _identity(value: Point, look: Callable[[], None]) -> dict[str, object]:
    return {"ras": list(value.ras)} | text_identity(value.ras)


POINT = Kind(
    Point,
    called="point",
    files=Files(_read, "Point((R, A, S))", metavar="R,A,S", may_begin_with_dash=True),
    nodes=Nodes(("vtkMRMLMarkupsFiducialNode",)),
    identity=_identity,
)
