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


def scales_of(table: Table, names: list[str], ranges: tuple[str, ...]) -> tuple[Scale, ...]:
    """The scale of each score; ``E-PARAMETER`` for ranges that cannot be read or are of no score."""
    given = dict(_written(text, names) for text in ranges)
    return tuple(Scale(name, *given.get(name, (0.0, 1.0)), table.units.get(name, "")) for name in names)


def require_in_range(table: Table, scales: tuple[Scale, ...], raw: np.ndarray) -> None:
    """Refuse (R, K) values of which a score is infinite or lies far outside its range: ``E-PROGRESSION-RANGE``."""
    for k, scale in enumerate(scales):
        known = raw[np.isfinite(raw[:, k]), k]
        if known.size:
            _require_range(table, scale, float(known.min()), float(known.max()))
        infinite = np.flatnonzero(np.isinf(raw[:, k]))
        if infinite.size:
            raise InputError(
                "E-PROGRESSION-RANGE",
                f"row {infinite[0] + 1} of column {scale.name!r} holds an infinite value",
                where=table.name,
                fix="Correct this cell, or leave it empty.",
            )


def require_variation(table: Table, scales: tuple[Scale, ...], raw: np.ndarray) -> None:
    """Refuse scores without a value, or with one only: ``E-PROGRESSION-CONSTANT``."""
    for k, scale in enumerate(scales):
        values = np.unique(raw[np.isfinite(raw[:, k]), k])
        if len(values) < 2:
            what = f"is {values[0]:g} at every visit" if len(values) else "has no value at all"
            raise InputError(
                "E-PROGRESSION-CONSTANT",
                f"the score {scale.name!r} {what}, so that it says nothing of a course",
                where=table.name,
                fix="Leave it out of scores.",
            )


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


def _require_range(table: Table, scale: Scale, low: float, high: float) -> None:
    ends = scale.normalised([low, high])
    if ends.min() >= -MARGIN and ends.max() <= 1 + MARGIN:
        return
    found = f"{low:g}" if low == high else f"values from {low:g} to {high:g}"
    raise InputError(
        "E-PROGRESSION-RANGE",
        f"the score {scale.name!r} holds {found}; scores are expected between {scale.healthy:g} (healthy) and "
        f"{scale.worst:g} (worst)",
        where=table.name,
        fix=f"Say in ranges what it is in health and at worst, as {scale.name}=30:0 where 30 is best and 0 worst.",
    )
