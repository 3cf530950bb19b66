"""Small tables of visits and of regions for the analyses of progression and regions, by analysis and input."""

from dataclasses import replace

import numpy as np

from SpatioTemporalLib import Table
from SpatioTemporalLib.simulation.progression_tables import visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course


def few_people(phantom):
    """Eight people at four visits; cognition, which runs from 30 to 0, is brought to 0 (healthy) to 1."""
    table = visits_table(simulated_course(8, np.random.default_rng(0), VisitPlan(visits=4)))
    table.columns["cognition"] = [1 - value / 30 for value in table.columns["cognition"]]
    return table


PROGRESSION = {(f"progression.{name}", "visits"): few_people for name in ("course", "robust", "states")}


def quarters(phantom):
    """The image of the phantom cut into slabs along its columns, numbered from 1."""
    shape = phantom.tissue.values.shape
    labels = np.broadcast_to(1 + 4 * np.arange(shape[2]) // shape[2], shape)
    return replace(phantom.tissue, values=labels.astype(np.uint8), labels={}, name="slab")


def values_of_quarters(phantom):
    return Table({"region": [1, 2, 3, 4], "value": [1.0, 1.4, 2.2, 2.9]}, {"value": "mm"}, name="values")


REGIONS = {
    ("spatial.regional_smoothing", "regions"): values_of_quarters,
    ("spatial.regional_smoothing", "labels"): quarters,
}
