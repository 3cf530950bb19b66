"""What happened when during an examination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import Finding, InputError


@dataclass(frozen=True, eq=False)
class Events:
    """Events of named conditions.

    onsets, durations : (N,) s, onsets from the first frame of the series.
    conditions : N texts. amplitudes : (N,), how strong each was; 1 where not said.

    Raises
    ------
    InputError
        ``E-EVENTS`` when there is none, or onsets and durations are not finite, or a duration is below zero.
    """

    onsets: np.ndarray
    durations: np.ndarray
    conditions: tuple[str, ...]
    amplitudes: np.ndarray
    name: str = "events"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        for field in ("onsets", "durations", "amplitudes"):
            object.__setattr__(self, field, np.array(getattr(self, field), dtype=np.float64).reshape(-1))
        object.__setattr__(self, "conditions", tuple(str(name) for name in self.conditions))
        object.__setattr__(self, "findings", tuple(self.findings))
        sizes = {len(self.onsets), len(self.durations), len(self.conditions), len(self.amplitudes)}
        if sizes == {0} or len(sizes) > 1:
            raise InputError(
                "E-EVENTS", "there are no events" if sizes == {0} else f"columns of {sorted(sizes)} rows",
                where=self.name, fix="Give onset, duration and trial_type of each event.",
            )  # fmt: skip
        for field in ("onsets", "durations", "amplitudes"):
            wrong = np.flatnonzero(~np.isfinite(getattr(self, field)))
            if wrong.size:
                raise InputError(
                    "E-EVENTS",
                    f"the {field[:-1]} in row {wrong[0] + 1} is {getattr(self, field)[wrong[0]]}",
                    where=self.name,
                    fix="Give it as a number (seconds for onsets and durations), or delete the row.",
                )
        if (self.durations < 0).any():
            row = int(np.argmax(self.durations < 0))
            raise InputError(
                "E-EVENTS", f"the duration in row {row + 1} is {self.durations[row]:g} s", where=self.name,
                fix="Durations are 0 or more.",
            )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Conditions in the order of the alphabet."""
        return tuple(sorted(set(self.conditions)))

    def of(self, condition: str) -> Events:
        """Those of one condition."""
        rows = np.array([name == condition for name in self.conditions])
        chosen = (condition,) * int(rows.sum())
        return Events(self.onsets[rows], self.durations[rows], chosen, self.amplitudes[rows], self.name)

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {self.conditions.count(name)}" for name in self.names)
        return f"{len(self.onsets)} events, {self.onsets.min():g} to {self.onsets.max():g} s: {counts}"
