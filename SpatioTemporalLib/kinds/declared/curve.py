"""One quantity over time. As an output, a tuple of curves that belong in one chart."""

from __future__ import annotations

from ...data.curve import Curve
from ...io import read_curve
from ..identity import image_identity
from ..kind import Files, Kind, Nodes

CURVE = Kind(
    Curve,
    called="curve",
    files=Files(lambda given: given.in_unit(read_curve(given.words[0])), "read_curve"),
    nodes=Nodes(("vtkMRMLTableNode",)),
    identity=image_identity,
    is_output=True,
)
