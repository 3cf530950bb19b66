"""The words of the library: what goes in and what comes out."""

from .cohort import Cohort
from .curve import Curve, Table
from .events import Events
from .follow_up import FollowUp, Visit
from .geometry import Geometry
from .graph import Graph
from .point import Point
from .report import Report
from .result import Display, Provenance, Result
from .series import Acquisition, Series
from .volumes import Code, ImageStack, Label, LabelMap, LabelSeries, Map

__all__ = [
    "Acquisition",
    "Code",
    "Cohort",
    "Curve",
    "Display",
    "Events",
    "FollowUp",
    "Geometry",
    "Graph",
    "ImageStack",
    "Label",
    "LabelMap",
    "LabelSeries",
    "Map",
    "Point",
    "Provenance",
    "Report",
    "Result",
    "Series",
    "Table",
    "Visit",
]
