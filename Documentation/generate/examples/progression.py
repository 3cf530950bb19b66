"""Visits of many people, simulated with a known course."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.progression_states import simulated_states
from SpatioTemporalLib.simulation.progression_tables import RANGES, visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course

from .offer import Offer, offered


@offered("progression.course", "progression.robust")
def visits() -> Offer:
    """A hundred people with five visits each; conversion is predicted from the first three."""
    table = visits_table(simulated_course(100, np.random.default_rng(0)))
    return Offer(
        "A hundred simulated people at five visits: what all share, and the first three visits of one of them on it.",
        {"visits": table},
        {
            "ranges": RANGES,
            "first_visits": 3,
            "conversion_score": "memory",
            "conversion_threshold": 0.7,
        },
    )


@offered("progression.states")
def stages() -> Offer:
    """A hundred and twenty people who pass through four states."""
    table = visits_table(simulated_states(120, np.random.default_rng(0), VisitPlan(visits=6)))
    return Offer(
        "A hundred and twenty simulated people at six visits, and the way of one of them through four states.",
        {"visits": table},
        {"ranges": RANGES, "states": 4, "patient": "p001"},
    )


@offered("prediction.conversion")
def conversions() -> Offer:
    """Predicted from two visits of eight by the course of others, and held against the later ones."""
    plan = VisitPlan(visits=8, before=3.0)
    others, new = (visits_table(simulated_course(150, np.random.default_rng(seed), plan)) for seed in (1, 2))
    asked = {"conversion_score": "cognition", "conversion_threshold": 21.0, "first_visits": 2, "ranges": RANGES}
    predicted = st.run("progression.course", visits=others, new_patients=new, **asked).conversion
    return Offer(
        "A hundred and fifty simulated people, predicted from their first two visits by the course of as many others, "
        "beside straight lines from the second visit.",
        {"table": predicted},
        {"horizon": 4.0},
    )
