"""What became of one lesion: grown, shrunk, gone, new or returned, and how fast."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...numerics.statistics.growth import DoublingTime, doubling_time, exponential_growth, growth_percent

UNKNOWN = DoublingTime(np.nan, np.nan, np.nan)


class LesionCourse(NamedTuple):
    """`growth` in percent of the first volume, NaN from zero; `doubling`, NaN where there is none; a `word` for it."""

    growth: float
    doubling: DoublingTime
    word: str


def lesion_course(days, volumes, relative_error: float, *, confidence: float = 0.95) -> LesionCourse:
    """What became of a lesion that was measured on two different days or more, and seen on one.

    Parameters
    ----------
    days : (N,) array, sorted
    volumes : (N,) array, 0 where the lesion was looked for and not seen
    relative_error : standard deviation of one volume as part of it

    Notes
    -----
    Exponential growth knows no zero: a lesion that has gone, or that was gone in
    between, has no doubling time; one that is new has that of the days since.
    """
    days, volumes = np.asarray(days, dtype=float), np.asarray(volumes, dtype=float)
    _, first, last = ends_of(days, volumes)
    growth = float(growth_percent(first, last))
    seen = volumes > 0
    if last == 0:
        return LesionCourse(growth, UNKNOWN, "gone")
    since = int(np.argmax(seen))
    if not seen[since:].all():
        return LesionCourse(growth, UNKNOWN, "returned")
    doubling = UNKNOWN
    if np.unique(days[since:]).size > 1:
        rate = exponential_growth(days[since:], volumes[since:], relative_error)
        doubling = doubling_time(rate, confidence=confidence)
    return LesionCourse(growth, doubling, "new" if first == 0 else _word(doubling))


def ends_of(days: np.ndarray, volumes: np.ndarray) -> tuple[float, float, float]:
    """Days between first and last visit, and the volume at each; the mean where one day has several."""
    first, last = (float(volumes[days == day].mean()) for day in (days[0], days[-1]))
    return float(days[-1] - days[0]), first, last


def _word(doubling: DoublingTime) -> str:
    if not np.isfinite(doubling.high) or not np.isfinite(doubling.low):
        return "within error"
    return "grows" if doubling.low > 0 else "shrinks"
