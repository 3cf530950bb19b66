"""Visits of people whose disease runs a known course: scores over age, with onset, pace and state of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ..numerics.progression.logistic_course import Population, logits
from ..numerics.progression.visits import Visits

SCORES = ("memory", "function", "atrophy", "cognition")
# Loadings are orthogonal to the rates: a source moves scores against one another, never all of them along the course.
LEVEL, RATE = np.array([0.4, -1.1, -0.3, -0.9]), np.array([0.30, 0.36, 0.22, 0.28])
AGAINST = np.array([0.5, 0.1, -0.75, 0.0])
POPULATION = Population(
    level=LEVEL,
    rate=RATE,
    loadings=(AGAINST - RATE * (RATE @ AGAINST) / (RATE @ RATE))[:, None],
    noise=np.array([0.06, 0.05, 0.03, 0.05]),
    onset=72.0,
    onset_sd=5.0,
    pace_sd=0.4,
)


@dataclass(frozen=True)
class VisitPlan:
    """When people are seen.

    visits : of each person. interval : years between them, of which `irregular` (0..1) is left to chance.
    missing : 0..1 of the values that were not measured. before : years from the first visit to the onset, on average.
    """

    visits: int = 5
    interval: float = 1.0
    irregular: float = 0.4
    missing: float = 0.0
    before: float = 2.0


YEARLY = VisitPlan()


@dataclass(frozen=True, eq=False)
class SimulatedVisits:
    """Visits, and what nobody measured: (N, D) effects of each person, standardised; (R, K) scores without noise."""

    visits: Visits
    effects: np.ndarray
    expected: np.ndarray


def simulated_course(
    people: int, rng: np.random.Generator, plan: VisitPlan = YEARLY, population: Population = POPULATION
) -> SimulatedVisits:
    """Scores of people whose onset, log pace and sources are drawn from a population, from 0 (healthy) to 1.

    Onset and the age at the first visit belong together, as in a cohort that is recruited by its symptoms; pace does
    not depend on either. Noise may carry a score beyond 0 or 1.
    """
    effects = rng.standard_normal((people, population.effects))
    onset = population.onset + population.onset_sd * effects[:, 0]
    times = visit_times(onset - plan.before + rng.normal(0, 2.0, people), plan, rng)
    person = np.repeat(np.arange(people), plan.visits)
    expected = special.expit(logits(population, effects[person], times))
    values = expected + population.noise * rng.standard_normal(expected.shape)
    values[rng.random(values.shape) < plan.missing] = np.nan
    return SimulatedVisits(Visits(person, times, values), effects, expected)


def visit_times(first: np.ndarray, plan: VisitPlan, rng: np.random.Generator) -> np.ndarray:
    """(people x visits,) years: visits of each person from the first on, rising."""
    gaps = plan.interval * (1 + plan.irregular * rng.uniform(-1, 1, (len(first), plan.visits)))
    gaps[:, 0] = 0
    return (first[:, None] + np.cumsum(gaps, axis=1)).ravel()
