"""Curves of a fitted course: the population's with a patient's visits on it, and the patient's own."""

from __future__ import annotations

import numpy as np
from scipy import special

from ...data.curve import Curve
from ...numerics.progression.logistic_course import (
    Individuals,
    Population,
    logits,
    passed_years,
    slopes_of_logits,
)
from .visit_table import VisitTable

POINTS = 121
# The course is drawn this far into its first and last values, or as far as the patient has come.
NEARLY = 3.0  # logit: from 5 % to 95 %
BEFORE = 1.0  # years before the first visit that the patient's own course is drawn from
ALONG, AGE = "disease time since onset [years]", "time [years]"


def population_curves(table: VisitTable, population: Population, individuals: Individuals, patient: int) -> tuple:
    """Expected scores over the years of the course, as lines, and the patient's values where they lie on it."""
    rows = table.visits.person == patient
    effects = individuals.modes[patient]
    along = passed_years(population, effects[None], table.visits.times[rows])
    ends = (np.array([-NEARLY, NEARLY])[:, None] - population.level) / population.rate
    reach = np.array([min(ends[0].mean(), along.min() - 1), max(ends[1].mean(), along.max() + 1)])
    years = np.linspace(*reach, POINTS)
    curves = []
    for k, scale in enumerate(table.scales):
        points = measured_points(along, table.visits.values[rows, k], f"{scale.name} of {table.people[patient]}", ALONG)
        curves += points
        values = special.expit(population.level[k] + population.rate[k] * years)
        # A line in the colour of the points it belongs to.
        of = points[0].name if points else ""
        curves.append(Curve(years, values, "1", scale.name, fit_of=of, axis=ALONG, drawn="line"))
    return tuple(curves)


def patient_curves(
    table: VisitTable, population: Population, individuals: Individuals, patient: int, horizon: float
) -> tuple:
    """Values of the patient over time, and the expected course until `horizon` years after the last visit."""
    rows = table.visits.person == patient
    measured = table.visits.times[rows]
    times = np.linspace(measured[0] - BEFORE, measured[-1] + horizon, POINTS)
    effects = np.broadcast_to(individuals.modes[patient], (POINTS, population.effects))
    expected = special.expit(logits(population, effects, times))
    slopes = slopes_of_logits(population, effects, times) * (expected * (1 - expected))[..., None]
    spread = np.sqrt(np.einsum("tkd,de,tke->tk", slopes, individuals.covariances[patient], slopes))
    curves = []
    for k, scale in enumerate(table.scales):
        points = measured_points(measured, table.visits.values[rows, k], scale.name, AGE)
        curves += points
        curves.append(
            Curve(
                times,
                expected[:, k],
                "1",
                f"{scale.name} fit",
                fit_of=points[0].name if points else "",
                spread=spread[:, k],
                axis=AGE,
                drawn="line",
            )
        )
    return tuple(curves)


def measured_points(times: np.ndarray, values: np.ndarray, name: str, axis: str) -> list[Curve]:
    """The values that are there, as points; several at one time are their mean."""
    known = np.isfinite(values)
    moments, number = np.unique(times[known], return_inverse=True)
    if not moments.size:
        return []
    means = np.bincount(number, values[known]) / np.bincount(number)
    return [Curve(moments, means, "1", name, axis=axis, drawn="points")]
