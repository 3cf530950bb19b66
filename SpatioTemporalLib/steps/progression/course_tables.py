"""What a fitted course says, as tables in the terms of those who measured."""

from __future__ import annotations

import numpy as np
from scipy import special

from ...data.curve import Table
from ...numerics.progression.logistic_course import (
    Individuals,
    Population,
    log_likelihood,
    log_paces,
    onsets,
    slopes_at_onset,
)
from ...numerics.progression.visits import Visits
from .score_scales import Scale
from .visit_table import VisitTable

YEARS = ("first visit", "last visit", "onset", "onset lower", "onset upper", "time shift")


def individuals_table(table: VisitTable, population: Population, individuals: Individuals, confidence: float) -> Table:
    """Onset, pace and sources of each person, with intervals."""
    visits, modes = table.visits, individuals.modes
    reach = special.ndtri(0.5 + confidence / 2)
    onset, pace = onsets(population, modes), log_paces(population, modes)
    onset_error = reach * onset_deviation(population, individuals)
    pace_error = reach * population.pace_sd * np.sqrt(individuals.covariances[:, 1, 1])
    columns = {
        "participant_id": list(table.people),
        "visits": visits.counts.tolist(),
        "first visit": visits.times[visits.starts].tolist(),
        "last visit": visits.times[visits.starts + visits.counts - 1].tolist(),
        "onset": onset.tolist(),
        "onset lower": (onset - onset_error).tolist(),
        "onset upper": (onset + onset_error).tolist(),
        "time shift": (onset - population.onset).tolist(),
        "pace": np.exp(pace).tolist(),
        "pace lower": np.exp(pace - pace_error).tolist(),
        "pace upper": np.exp(pace + pace_error).tolist(),
    }
    sources = {f"source {q + 1}": modes[:, 2 + q].tolist() for q in range(modes.shape[1] - 2)}
    return Table(columns | sources, dict.fromkeys(YEARS, "years"), "individuals")


def onset_deviation(population: Population, individuals: Individuals) -> np.ndarray:
    """(N,) standard deviation of each person's onset, years."""
    direction = np.zeros(population.effects)
    direction[:2] = np.sqrt(1 - population.coupling**2), population.coupling
    return population.onset_sd * np.sqrt(direction @ individuals.covariances @ direction)


def population_table(scales: tuple[Scale, ...], population: Population) -> Table:
    """Curves and noise of each score, in its own unit."""
    at_onset = special.expit(population.level)
    steepness, slopes = at_onset * (1 - at_onset), slopes_at_onset(population)
    rows = [
        {
            "score": scale.name,
            "unit": scale.unit,
            "at onset": float(scale.in_its_unit(at_onset[k])),
            "change in a year": float(scale.change_in_its_unit(slopes[k])),
            "residual noise": abs(float(scale.change_in_its_unit(population.noise[k]))),
            **{
                f"source {q + 1}": float(scale.change_in_its_unit(steepness[k] * population.loadings[k, q]))
                for q in range(population.loadings.shape[1])
            },
        }
        for k, scale in enumerate(scales)
    ]
    return Table({name: [row[name] for row in rows] for name in rows[0]}, name="population")


def spread_table(visits: Visits, population: Population, level: float, individuals: Individuals | None) -> Table:
    """How people differ, and with the effects of those who were fitted, how likely what was measured is."""
    rows = [
        ("onset", population.onset, "years"),
        ("standard deviation of onset", population.onset_sd, "years"),
        ("standard deviation of log pace", population.pace_sd, "1"),
        ("correlation of onset and log pace", population.coupling, "1"),
        ("mean score at onset", level, "1"),
        ("people", float(visits.people), ""),
        ("visits", float(len(visits.times)), ""),
    ]
    if individuals is not None:
        rows.append(("log likelihood", log_likelihood(visits, population, individuals), ""))
    names, values, units = zip(*rows)
    return Table({"quantity": list(names), "value": list(values), "unit": list(units)}, name="spread")
