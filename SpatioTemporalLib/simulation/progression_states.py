"""Visits of people who pass from state to state for good, with the state at each visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics.progression.hidden_states import States
from ..numerics.progression.visits import Visits
from .progression_visits import YEARLY, VisitPlan, visit_times

# Healthy, first signs, impaired, severe; of memory, function, atrophy and cognition, 0 healthy to 1 worst.
STATES = States(
    start=np.array([0.5, 0.3, 0.2, 0.0]),
    generator=np.array([[-0.30, 0.30, 0, 0], [0, -0.40, 0.40, 0], [0, 0, -0.25, 0.25], [0, 0, 0, 0]]),
    means=np.array(
        [[0.10, 0.05, 0.15, 0.05], [0.35, 0.12, 0.30, 0.15], [0.60, 0.40, 0.50, 0.40], [0.8, 0.8, 0.7, 0.7]]
    ),
    deviations=np.array([[0.06] * 4, [0.08] * 4, [0.09] * 4, [0.08] * 4]),
)


@dataclass(frozen=True, eq=False)
class SimulatedStates:
    """Visits, and (R,) the state at each, counted from 0, which nobody measured."""

    visits: Visits
    state: np.ndarray


def simulated_states(
    people: int, rng: np.random.Generator, plan: VisitPlan = YEARLY, states: States = STATES
) -> SimulatedStates:
    """Scores of people who enter in a state drawn from the first visit's, and stay in each for an exponential time."""
    times = visit_times(rng.normal(70.0, 5.0, people), plan, rng)
    by_person = times.reshape(people, plan.visits)
    state = np.array([_path(own, states, rng) for own in by_person]).ravel()
    values = states.means[state] + states.deviations[state] * rng.standard_normal((len(state), states.means.shape[1]))
    values[rng.random(values.shape) < plan.missing] = np.nan
    return SimulatedStates(Visits(np.repeat(np.arange(people), plan.visits), times, values), state)


def _path(times: np.ndarray, states: States, rng: np.random.Generator) -> list[int]:
    """The state at each of the times of one person, whose moves may fall anywhere between them."""
    state, now = int(rng.choice(states.count, p=states.start)), times[0]
    path = []
    leaves = now + _stay(state, states, rng)
    for time in times:
        while leaves <= time:
            rates = np.clip(states.generator[state], 0, None)
            state, now = int(rng.choice(states.count, p=rates / rates.sum())), leaves
            leaves = now + _stay(state, states, rng)
        path.append(state)
    return path


def _stay(state: int, states: States, rng: np.random.Generator) -> float:
    rate = -states.generator[state, state]
    return float(rng.exponential(1 / rate)) if rate > 0 else np.inf
