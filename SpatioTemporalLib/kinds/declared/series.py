"""Volumes over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...data.series import Series
from ...io import read_series
from ..identity import image_identity
from ..kind import Files, Given, Kind, Nodes, Option
from ..words import numbers

TIMES = (
    Option("times", "frame times in s, separated by commas, where the file has none", of="all"),
    Option("frame_interval", "time between frames in s, likewise", metavar="S", of="all", type=float),
    Option("confirm_times", "accept frame times that look unusual", of="all", type=bool),
)


def times_given(options: Mapping[str, object]) -> dict[str, object]:
    """The keyword arguments of `read_series` that were given as options."""
    return {
        "times": numbers(options["times"], "--times"),
        "frame_interval": options["frame_interval"],
        "confirm_times": options["confirm_times"],
    }


def _read(given: Given) -> Series:
    paths = given.words
    return given.in_unit(read_series(paths[0] if len(paths) == 1 else paths, **times_given(given.options)))


def _identity(value: Series, look: Callable[[], None]) -> dict[str, object]:
    return image_identity(value, look) | {"time_source": value.time_source}


SERIES = Kind(
    Series,
    called="series",
    files=Files(_read, "read_series", several=True, options=TIMES),
    nodes=Nodes(("vtkMRMLSequenceNode",)),
    identity=_identity,
    is_output=True,
)
