"""Data are offered by the names of inputs; an analysis takes of an offer what it declares.

An analysis that no offer names is shown on the data offered for the kind of its first input, so that a new one has
its page and its picture without anything being added here.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field

from SpatioTemporalLib.data import Series
from SpatioTemporalLib.declare import Analysis
from SpatioTemporalLib.suitability import Suits, series_facts, suitability


@dataclass(frozen=True)
class Offer:
    """Values and parameters by name, and where they come from.

    story : a sentence about the data. files : path in a clone of what is shipped, or made by `commands`.
    commands : what has to be typed first.
    """

    story: str
    values: dict[str, object]
    parameters: dict[str, object] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Example:
    """What one analysis is shown with."""

    analysis: Analysis
    inputs: dict[str, object]
    parameters: dict[str, object]
    offer: Offer


OFFERS: dict[str | type, Callable[[], Offer]] = {}


def offered(*wanted: str | type):
    """Declare a function to make the data for analyses of these ids, or for inputs of these kinds."""

    def declare(make: Callable[[], Offer]) -> Callable[[], Offer]:
        once = functools.cache(make)
        for key in wanted:
            assert key not in OFFERS, f"there are two offers for {key}"
            OFFERS[key] = once
        return once

    return declare


def example_of(analysis: Analysis) -> Example | None:
    """The inputs and parameters an analysis is shown with; None when nothing offered suits it."""
    _load()
    named = OFFERS.get(analysis.id)
    make = named or OFFERS.get(analysis.inputs[0].kind)
    if make is None:
        return None
    offer = make()
    if named is None and not _suits(analysis, offer):
        return None
    inputs = {item.name: offer.values[item.name] for item in analysis.inputs if item.name in offer.values}
    for item in analysis.inputs:
        if item.name not in inputs and not item.optional:
            suiting = [value for value in offer.values.values() if isinstance(value, item.kind)]
            if not suiting:
                return None
            inputs[item.name] = suiting[0]
    known = {parameter.name for parameter in analysis.parameters}
    parameters = {name: value for name, value in offer.parameters.items() if name in known}
    return Example(analysis, inputs, parameters, offer)


def _suits(analysis: Analysis, offer: Offer) -> bool:
    """Whether an analysis can be shown on data that were not made for it."""
    series = next((value for value in offer.values.values() if isinstance(value, Series)), None)
    return series is None or suitability(analysis, series_facts(series)).suits is not Suits.NOT


@functools.cache
def _load() -> None:
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
