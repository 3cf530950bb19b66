"""Labels over time: a segmentation of every frame."""

from __future__ import annotations

from ...data.volumes import LabelSeries
from ...io import read_label_series
from ..identity import image_identity
from ..kind import Files, Given, Kind, Nodes
from .series import TIMES, times_given


def _read(given: Given) -> LabelSeries:
    paths = given.words
    return given.in_unit(read_label_series(paths[0] if len(paths) == 1 else paths, **times_given(given.options)))


LABEL_SERIES = Kind(
    LabelSeries,
    called="labels over time",
    files=Files(_read, "read_label_series", several=True, options=TIMES),
    nodes=Nodes(("vtkMRMLSequenceNode",)),
    identity=image_identity,
    is_output=True,
)
