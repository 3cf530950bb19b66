"""Which way a score runs, and between which values: from what people write and what a table holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...errors import InputError, ParameterError

# Noise carries scores a little beyond their range; beyond this part of it another range is meant.
MARGIN = 0.25


@dataclass(frozen=True)
class Scale:
    """A score by its name, the values it has in health and at worst, and its unit, "" for none."""

    name: str
    healthy: float = 0.0
    worst: float = 1.0
    unit: str = ""

    def normalised(self, values):
        """0 at the healthy value, 1 at the worst."""
        return (np.asarray(values, dtype=float) - self.healthy) / (self.worst - self.healthy)

    def in_its_unit(self, normalised):
        """What a normalised value is in the score's own terms."""
        return self.healthy + np.asarray(normalised, dtype=float) * (self.worst - self.healthy)

    def change_in_its_unit(self, normalised):
        """What a normalised difference is in the score's own terms."""
        return np.asarray(normalised, dtype=float) * (self.worst - self.healthy)


def scales_of(table: Table, names: list[str], raw: np.ndarray, ranges: tuple[str, ...]) -> tuple[Scale, ...]:
    """The scale of each column of (R, K) values.

    Raises
    ------
    ParameterError
        ``E-PARAMETER`` for ranges that cannot be read or are of no score.
    InputError
        ``E-PROGRESSION-RANGE`` for values that lie far outside, ``E-PROGRESSION-CONSTANT`` where all are the same.
    """
    given = dict(_written(text, names) for text in ranges)
    scales = tuple(Scale(name, *given.get(name, (0.0, 1.0)), table.units.get(name, "")) for name in names)
    for k, scale in enumerate(scales):
        _check(table, scale, raw[np.isfinite(raw[:, k]), k], scale.name in given)
        if np.isinf(raw[:, k]).any():
            raise InputError(
                "E-PROGRESSION-RANGE",
                f"row {int(np.flatnonzero(np.isinf(raw[:, k]))[0]) + 1} of column {scale.name!r} holds an infinite value",
                where=table.name,
                fix="Correct this cell, or leave it empty.",
            )
    return scales


def _written(text: str, names: list[str]) -> tuple[str, tuple[float, float]]:
    name, _, ends = text.rpartition("=")
    healthy, _, worst = ends.partition(":")
    try:
        pair = float(healthy), float(worst)
    except ValueError as error:
        raise _unreadable(f"ranges has {text!r}, which is no name=healthy:worst") from error
    if not np.isfinite(pair).all() or pair[0] == pair[1]:
        raise _unreadable(f"ranges has {text!r}, in which health and the worst are the same or not finite")
    if name.strip() not in names:
        raise _unreadable(f"ranges names {name.strip()!r}; the scores are {', '.join(names)}")
    return name.strip(), pair


def _unreadable(what: str) -> ParameterError:
    return ParameterError("E-PARAMETER", what, fix="Write the healthy value, then the worst, as MMSE=30:0,ADAS13=0:85.")


def _check(table: Table, scale: Scale, values: np.ndarray, stated: bool) -> None:
    if not values.size:
        raise InputError(
            "E-PROGRESSION-CONSTANT",
            f"the score {scale.name!r} has no value at all",
            where=table.name,
            fix="Leave it out of scores.",
        )
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise InputError(
            "E-PROGRESSION-CONSTANT",
            f"the score {scale.name!r} is {low:g} at every visit, so that it says nothing of a course",
            where=table.name,
            fix="Leave it out of scores.",
        )
    beyond = scale.normalised([low, high])
    if beyond.min() < -MARGIN or beyond.max() > 1 + MARGIN:
        expected = f"{scale.healthy:g} (healthy) to {scale.worst:g} (worst)"
        raise InputError(
            "E-PROGRESSION-RANGE",
            f"the score {scale.name!r} holds values from {low:g} to {high:g}, "
            f"{'its range was said to be' if stated else 'without a range it has to run from'} {expected}",
            where=table.name,
            fix=f"Say what it is in health and at worst: ranges {scale.name}={low:g}:{high:g} where high is bad, "
            f"{scale.name}={high:g}:{low:g} where low is bad; better, the ends of its scale.",
        )
