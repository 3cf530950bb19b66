"""Volumes over an acquisition setting."""

from __future__ import annotations

from ...data.volumes import ImageStack
from ...io import read_stack
from ...io.reading.volumes import SETTING_UNITS
from ..identity import image_identity
from ..kind import Files, Given, Kind, Nodes, Option
from ..words import numbers

SETTINGS = Option(
    "settings",
    "what differs between the volumes of a stack, e.g. flip angles 2,5,12; with the input's name before it where there "
    "are several stacks; angles in degrees, times in s",
    "[INPUT=]LIST",
    of="named",
)


def _read(given: Given) -> ImageStack:
    setting = given.input.setting or "flip_angle"
    settings = numbers(given.options["settings"], "--settings")
    stack = read_stack(given.words, settings=settings, setting=setting, setting_unit=SETTING_UNITS[setting])
    return given.in_unit(stack)


IMAGE_STACK = Kind(
    ImageStack,
    called="stack of images",
    files=Files(_read, "read_stack", several=True, options=(SETTINGS,)),
    nodes=Nodes(("vtkMRMLSequenceNode",)),
    identity=image_identity,
)
