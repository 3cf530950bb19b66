"""Times after which predictions are assessed."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...numerics.survival.weights import Censoring
from .survival_table import Followed

USUAL_YEARS = (1.0, 2.0, 3.0, 5.0)
FINE = 40


def chosen_horizons(patients: Followed, wanted: tuple[float, ...], censoring: Censoring) -> np.ndarray:
    """Those that are wanted, or 1, 2, 3 and 5 years as far as patients were followed, or their median time.

    Raises
    ------
    InputError
        ``E-SURVIVAL-HORIZON`` for one that nothing can be said of.
    """
    latest = min(censoring.latest, float(np.nextafter(patients.outcomes.times.max(), 0)))
    if wanted:
        wrong = [horizon for horizon in wanted if not 0 < horizon < latest]
        if wrong:
            raise InputError(
                "E-SURVIVAL-HORIZON",
                f"of {wrong[0]:g} {patients.unit} nothing can be said: enough patients were followed until {latest:g}",
                fix=f"Choose horizons above 0 and below {latest:g} {patients.unit}.",
            )
        return np.array(sorted(set(wanted)))
    first = float(patients.outcomes.times[patients.outcomes.events].min())
    usual = np.array([patients.years(years) for years in USUAL_YEARS])
    usual = np.round(usual, 2)[(usual > first) & (usual < latest)]
    return usual if usual.size else np.array([float(np.median(patients.outcomes.times))])


def fine_horizons(patients: Followed, last: float) -> np.ndarray:
    """(40,) times over which scores are integrated, from where events begin to a last horizon."""
    first = float(patients.outcomes.times[patients.outcomes.events].min())
    first = min(first, last / 2)
    return np.linspace(first, last, FINE)
