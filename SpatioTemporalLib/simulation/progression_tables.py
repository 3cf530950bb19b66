"""Simulated visits as the tables people keep, with the truth beside them."""

from __future__ import annotations

import os

import numpy as np

from ..data.curve import Table
from ..io.output.folder import output_folder
from ..io.tables.file import write_table
from ..numerics.progression.logistic_course import Population, log_paces, onsets
from .progression_states import SimulatedStates, simulated_states
from .progression_visits import POPULATION, SCORES, SimulatedVisits, VisitPlan, simulated_course

VISITS, TRUTH = "visits.csv", "truth.csv"
ID = "participant_id"
# Cognition is written as tests of it are scored: 30 in health, 0 at worst.
BEST_COGNITION = 30.0
RANGES = ("cognition=30:0",)


def visits_table(simulated: SimulatedVisits | SimulatedStates) -> Table:
    """One row a visit: participant, age and scores, NaN where one was not measured."""
    visits = simulated.visits
    names = people_names(visits.people)
    scores = {name: visits.values[:, k] for k, name in enumerate(SCORES)}
    scores["cognition"] = BEST_COGNITION * (1 - scores["cognition"])
    columns = {ID: [names[n] for n in visits.person], "age": np.round(visits.times, 4).tolist()}
    return Table(columns | {n: np.round(v, 5).tolist() for n, v in scores.items()}, {"age": "years"}, "visits")


def truth_table(simulated: SimulatedVisits, population: Population = POPULATION) -> Table:
    """One row a participant: onset (tau), log pace (xi) and source that the visits were made with."""
    columns = {
        ID: people_names(simulated.visits.people),
        "onset": onsets(population, simulated.effects).tolist(),
        "log pace": log_paces(population, simulated.effects).tolist(),
        "source": simulated.effects[:, 2].tolist(),
    }
    return Table(columns, {"onset": "years"}, "truth")


def people_names(count: int) -> list[str]:
    """Names that sort as they count."""
    return [f"p{n:0{len(str(count))}d}" for n in range(1, count + 1)]


def write_course(
    folder: str | os.PathLike, count: int, plan: VisitPlan, rng: np.random.Generator, *, overwrite: bool = False
) -> None:
    """Write ``visits.csv`` of so many people on a known course, and ``truth.csv``."""
    simulated = simulated_course(count, rng, plan)
    write_tables(folder, visits_table(simulated), truth_table(simulated), overwrite=overwrite)


def write_tables(folder: str | os.PathLike, visits: Table, truth: Table, *, overwrite: bool) -> None:
    """Both tables into a new folder, or in place of an earlier simulation."""
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        write_table(new / VISITS, visits)
        write_table(new / TRUTH, truth)


def states_table(simulated: SimulatedStates) -> Table:
    """One row a visit: participant, age, and the state it was in, counted from 1."""
    visits = simulated.visits
    names = people_names(visits.people)
    columns = {ID: [names[n] for n in visits.person], "age": np.round(visits.times, 4).tolist()}
    return Table(columns | {"state": (simulated.state + 1).tolist()}, {"age": "years"}, "truth")


def write_states(
    folder: str | os.PathLike, count: int, plan: VisitPlan, rng: np.random.Generator, *, overwrite: bool = False
) -> None:
    """Write ``visits.csv`` of so many people who pass through known states, and ``truth.csv`` with the states."""
    simulated = simulated_states(count, rng, plan)
    write_tables(folder, visits_table(simulated), states_table(simulated), overwrite=overwrite)
