"""The words of the library: what goes in and what comes out."""

from .curve import Curve, Table
from .geometry import Geometry
from .result import Display, Provenance, Result
from .series import Acquisition, Series
from .volumes import Code, ImageStack, Label, LabelMap, Map

__all__ = [
    "Acquisition",
    "Code",
    "Curve",
    "Display",
    "Geometry",
    "ImageStack",
    "Label",
    "LabelMap",
    "Map",
    "Provenance",
    "Result",
    "Series",
    "Table",
]
