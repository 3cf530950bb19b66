"""Small tables of visits for the analyses of progression, by analysis and input."""

import numpy as np

from SpatioTemporalLib.simulation.progression_tables import visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course


def few_people(phantom):
    """Eight people at four visits; cognition, which runs from 30 to 0, is brought to 0 (healthy) to 1."""
    table = visits_table(simulated_course(8, np.random.default_rng(0), VisitPlan(visits=4)))
    table.columns["cognition"] = [1 - value / 30 for value in table.columns["cognition"]]
    return table


PROGRESSION = {(f"progression.{name}", "visits"): few_people for name in ("course", "robust", "states")}
