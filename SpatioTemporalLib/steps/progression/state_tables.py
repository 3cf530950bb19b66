"""What states and paths through them are, as tables, and a patient's way as curves."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve, Table
from ...numerics.progression.hidden_states import Posterior, States, time_to_reach
from ...numerics.progression.transitions import transition_matrices
from .course_curves import AGE
from .score_scales import Scale
from .visit_table import VisitTable

AHEAD = 61


def states_table(states: States, scales: tuple[Scale, ...], found: Posterior) -> Table:
    """One row a state: how long it lasts, how many visits lie in it, and the scores in it."""
    leaving = -np.diag(states.generator)
    columns = {
        "state": list(range(1, states.count + 1)),
        "at first visit": states.start.tolist(),
        "share of visits": found.probabilities.mean(axis=0).tolist(),
        "mean stay": [float(1 / rate) if rate > 0 else float("inf") for rate in leaving],
    }
    units = {"mean stay": "years"}
    for k, scale in enumerate(scales):
        columns[scale.name] = scale.in_its_unit(states.means[:, k]).tolist()
        columns[f"{scale.name} SD"] = np.abs(scale.change_in_its_unit(states.deviations[:, k])).tolist()
        if scale.unit:
            units |= {scale.name: scale.unit, f"{scale.name} SD": scale.unit}
    return Table(columns, units, "states")


def transitions_table(states: States) -> Table:
    """One row a pair of states: the rate of direct moves, and the probability of being there a year later."""
    year = transition_matrices(states.generator, np.ones(1))[0]
    rows = [
        (a + 1, b + 1, float(states.generator[a, b]) if a != b else float("nan"), float(year[a, b]))
        for a in range(states.count)
        for b in range(a, states.count)
    ]
    before, after, rate, chance = map(list, zip(*rows))
    columns = {"from": before, "to": after, "rate": rate, "probability in a year": chance}
    return Table(columns, {"rate": "1/year"}, "transitions")


def paths_table(table: VisitTable, path: np.ndarray, found: Posterior, resampled: np.ndarray | None) -> Table:
    """One row a visit: the state of the most probable path, and how probable each state is."""
    numbers = np.arange(1, found.probabilities.shape[1] + 1)
    columns = {
        "participant_id": [table.people[n] for n in table.visits.person],
        "time": table.visits.times.tolist(),
        "state": (path + 1).tolist(),
        "expected state": (found.probabilities @ numbers).tolist(),
    }
    if resampled is not None:
        columns["expected state SD"] = (resampled @ numbers).std(axis=0, ddof=1).tolist()
    columns |= {f"probability of {s}": found.probabilities[:, s - 1].tolist() for s in numbers}
    return Table(columns, {"time": "years"}, "paths")


def people_table(table: VisitTable, states: States, found: Posterior, state: int, horizon: float) -> Table:
    """One row a person: where they are at their last visit, and when they reach a state, counted from 1, or beyond."""
    visits = table.visits
    last = visits.starts + visits.counts - 1
    now = found.probabilities[last]
    later = now @ transition_matrices(states.generator, np.array([horizon]))[0]
    years = time_to_reach(states, now, state - 1, longest=max(50.0, 2 * horizon))
    columns = {
        "participant_id": list(table.people),
        "visits": visits.counts.tolist(),
        "predicted from": visits.times[last].tolist(),
        "state": (now.argmax(axis=1) + 1).tolist(),
        "expected state": (now @ np.arange(1, states.count + 1)).tolist(),
        "probability": later[:, state - 1 :].sum(axis=1).tolist(),
        "predicted": (visits.times[last] + years).tolist(),
    }
    return Table(columns, {"predicted from": "years", "predicted": "years"}, "individuals")


def state_curves(
    table: VisitTable, states: States, path: np.ndarray, found: Posterior, patient: int, horizon: float
) -> tuple[Curve, ...]:
    """State of the most probable path at each visit, and the expected state from the first visit to the horizon."""
    rows = np.flatnonzero(table.visits.person == patient)
    times, numbers = table.visits.times[rows], np.arange(1, states.count + 1)
    moments, first = np.unique(times, return_index=True)
    name = f"state of {table.people[patient]}"
    ahead = np.linspace(0.0, horizon, AHEAD)[1:]
    expected = found.probabilities[rows] @ numbers
    later = found.probabilities[rows[-1]] @ transition_matrices(states.generator, ahead) @ numbers
    return (
        Curve(moments, path[rows][first] + 1.0, "1", name, axis=AGE, drawn="points"),
        Curve(
            np.append(moments, times[-1] + ahead),
            np.append(expected[first], later),
            "1",
            f"{name} fit",
            fit_of=name,
            axis=AGE,
            drawn="line",
        ),
    )
