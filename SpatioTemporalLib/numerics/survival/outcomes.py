"""Times until an event or until the last time that a patient was seen without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError, counted


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of patients.

    times : (N,) of the event, or of when the patient was last seen without it; above zero, in any one unit.
    events : (N,) bool; False where the patient is censored.

    Raises
    ------
    InputError
        ``E-SURVIVAL`` with the first patient whose time is none.
    """

    times: np.ndarray
    events: np.ndarray

    def __post_init__(self):
        times = np.array(self.times, dtype=np.float64).reshape(-1)
        events = np.array(self.events).reshape(-1)
        if len(times) != len(events):
            raise InputError(
                "E-SURVIVAL",
                f"{counted(len(times), 'time')} for {counted(len(events), 'event')}",
                fix="Give one of each for every patient.",
            )
        with np.errstate(invalid="ignore"):
            wrong = np.flatnonzero(~(np.isfinite(times) & (times > 0)))
        if wrong.size:
            raise InputError(
                "E-SURVIVAL",
                f"the time in row {wrong[0] + 1} is {times[wrong[0]]:g}, a number above 0 was expected "
                f"({wrong.size} of {len(times)} rows are so)",
                fix="Correct the times, or leave these patients out.",
            )
        odd = [n for n, event in enumerate(events.tolist()) if event not in (0, 1)]
        if odd:
            raise InputError(
                "E-SURVIVAL",
                f"the event in row {odd[0] + 1} is {events[odd[0]]}, 1 (happened) or 0 (censored) was expected",
                fix="Correct the events.",
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "events", events.astype(bool))

    def __len__(self) -> int:
        return len(self.times)

    def of(self, rows) -> Outcomes:
        """Those of some rows, by numbers or by a mask."""
        return Outcomes(self.times[rows], self.events[rows])

    @property
    def event_count(self) -> int:
        return int(self.events.sum())
