"""Weights that make up for patients who were censored: 1 over the chance of not having been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .kaplan_meier import censoring_curve
from .outcomes import Outcomes

# Of patients still uncensored, below which single patients would carry the whole weight.
LEAST_UNCENSORED = 0.05


@dataclass(frozen=True, eq=False)
class Censoring:
    """The chance G(t) of not being censored by a time, as found in some patients.

    latest : the largest of their times at which it is above `LEAST_UNCENSORED`, where assessment ends.
    """

    curve: object
    latest: float

    @classmethod
    def of(cls, outcomes: Outcomes) -> Censoring:
        """As found in these patients."""
        curve = censoring_curve(outcomes)
        enough = curve.times[curve.survival > LEAST_UNCENSORED]
        return cls(curve, float(enough[-1]) if enough.size else float(curve.times[0]))

    def at(self, times) -> np.ndarray:
        """G at times."""
        return self.curve.at(times)

    def weights(self, outcomes: Outcomes, until: float) -> np.ndarray:
        """(N,) 1 / G(t) of patients with an event at t up to a time, 0 of all others.

        Raises
        ------
        InputError
            ``E-SURVIVAL-HORIZON`` when someone has an event where nobody is left uncensored.
        """
        counted = outcomes.events & (outcomes.times <= until)
        chance = self.at(outcomes.times)
        if (chance[counted] <= 0).any():
            raise InputError(
                "E-SURVIVAL-HORIZON",
                f"someone has an event at {outcomes.times[counted & (chance <= 0)].min():g}, when everybody had been "
                "censored in the patients that the chance of censoring is from",
                fix=f"Assess until {self.latest:g} at most.",
            )
        return np.divide(1.0, chance, out=np.zeros(len(outcomes)), where=counted)


def require_followed(horizon: float, outcomes: Outcomes, censoring: Censoring) -> None:
    """Refuse a time that nobody was followed to, or that too few were; ``E-SURVIVAL-HORIZON``."""
    longest = float(outcomes.times.max())
    if not 0 < horizon < longest or censoring.at(horizon) <= LEAST_UNCENSORED:
        raise InputError(
            "E-SURVIVAL-HORIZON",
            f"at {horizon:g} nothing can be said: patients were followed until {longest:g}, and of those without an "
            f"event {100 * float(censoring.at(horizon)):.0f} % were not yet censored",
            fix=f"Choose horizons above 0 and below {min(longest, censoring.latest):g}.",
        )
