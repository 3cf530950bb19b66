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


def conversions(phantom):
    """Seven people predicted at 70, of whom four converted later, one before, and one was not seen again."""
    columns = {
        "participant_id": list("abcdefg"),
        "predicted from": [70.0] * 7,
        "predicted": [72.0, 73.5, 71.0, 76.0, 69.0, 78.0, 75.0],
        "carried forward": [73.0, 72.0, 74.0, 75.0, 70.0, 74.0, 76.0],
        "converted": [1, 1, 1, 1, 1, 0, 0],
        "seen after": [71.0, 73.0, 70.0, 74.0, float("nan"), 77.0, 70.0],
        "seen by": [72.0, 74.0, 71.0, 75.0, 69.5, float("nan"), float("nan")],
    }
    return Table(columns, name="conversion")


PROGRESSION = {(f"progression.{name}", "visits"): few_people for name in ("course", "robust", "states")}
PROGRESSION[("prediction.conversion", "table")] = conversions


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
