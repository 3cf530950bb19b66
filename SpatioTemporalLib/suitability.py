"""Which analyses suit a series: what they are made for, and what the series is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .data.examination import in_words, possible_examinations, seems_functional
from .data.series import Series
from .data.units import factor_between
from .declare import Analysis, Input

MOST_VOXELS = 2000


class Suits(IntEnum):
    """How well an analysis suits a series; the smaller the better."""

    MADE_FOR_IT = 0
    POSSIBLE = 1
    NOT = 2


@dataclass(frozen=True)
class SeriesFacts:
    """What has to be known of a series to tell what suits it.

    frames : how many. interval : median, s, None without times. unit : of the
    values. examinations : what it can be, empty where that is not known.
    guessed : whether that is no more than a guess by its times and values.
    """

    frames: int
    interval: float | None
    unit: str
    examinations: tuple[str, ...] = ()
    guessed: bool = False


@dataclass(frozen=True)
class Suitability:
    """reason : in words, for people."""

    suits: Suits
    reason: str


def series_facts(series: Series) -> SeriesFacts:
    """The facts of a series; where its files do not say what it is, a guess by its times and its mean signal."""
    known = possible_examinations(series.acquisition, series.unit)
    interval = float(np.median(series.intervals)) if len(series.times) > 1 else None
    guessed = not known and seems_functional(series.times, _mean(series.values))
    return SeriesFacts(len(series.times), interval, series.unit, ("bold",) if guessed else known, guessed)


def suitability(analysis: Analysis, facts: SeriesFacts) -> Suitability:
    """Whether an analysis can be run on a series, and whether it is made for such."""
    item = next((i for i in analysis.inputs if i.kind is Series), None)
    if item is None:
        kinds = ", ".join(i.kind.__name__ for i in analysis.inputs if not i.optional)
        return Suitability(Suits.NOT, f"takes no series, but {kinds}")
    fault = _fault(item, facts)
    if fault:
        return Suitability(Suits.NOT, fault)
    made_for, found = set(item.made_for), set(facts.examinations)
    if not made_for or not found:
        return Suitability(Suits.POSSIBLE, f"made for {in_words(item.made_for)}" if made_for else "for any series")
    if made_for & found:
        return Suitability(Suits.MADE_FOR_IT, f"made for {in_words(item.made_for)}")
    what = "seems to be" if facts.guessed else "is"
    reason = f"made for {in_words(item.made_for)}; the series {what} {in_words(facts.examinations)}"
    return Suitability(Suits.NOT, reason)


def _fault(item: Input, facts: SeriesFacts) -> str:
    if facts.frames < item.min_frames:
        return f"needs {item.min_frames} frames, the series has {facts.frames}"
    if item.unit and facts.unit != item.unit and factor_between(facts.unit, item.unit) is None:
        return f"needs {item.unit}, the series is in {facts.unit}"
    if item.intervals and facts.interval is not None:
        low, high = item.intervals
        if not low <= facts.interval <= high:
            return f"needs frames {low:g} to {high:g} s apart, these are {facts.interval:g} s"
    return ""


def _mean(values: np.ndarray) -> np.ndarray:
    """(T,) mean over voxels spread through the image."""
    flat = values.reshape(len(values), -1)
    return flat[:, :: max(1, flat.shape[1] // MOST_VOXELS)].mean(axis=1, dtype=float)
