"""When a score passes a threshold: as a model predicts it, as it was seen, and as a straight line would have it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from .logistic_course import Individuals, Population, log_paces, onsets
from .robust_course import RobustCourse
from .visits import Visits

DRAWS = 2000


class Crossing(NamedTuple):
    """(N,) years each: the age at which a threshold is passed, its interval, and the (DRAWS, N) ages it is made of."""

    age: np.ndarray
    low: np.ndarray
    high: np.ndarray
    drawn: np.ndarray


class Conversion(NamedTuple):
    """What was seen of each person, (N,): whether the threshold was passed, and between which ages, years.

    after : last visit before it, or the last of all; NaN for who was beyond it at the first visit.
    by : first visit beyond it, NaN where there is none.
    """

    seen: np.ndarray
    after: np.ndarray
    by: np.ndarray


def crossing_age(population: Population, effects: np.ndarray, score: int, threshold: float) -> np.ndarray:
    """(...,) years at which the expected score of people with effects (..., D) reaches a threshold, 0..1 exclusive."""
    rise = special.logit(threshold) - population.level[score] - effects[..., 2:] @ population.loadings[score]
    return onsets(population, effects) + rise / population.rate[score] * np.exp(-log_paces(population, effects))


def predicted_crossing(
    population: Population,
    individuals: Individuals,
    score: int,
    threshold: float,
    *,
    confidence: float,
    rng: np.random.Generator,
) -> Crossing:
    """The age at which each person's expected score passes a threshold, from the most probable effects.

    The interval has the quantiles over effects drawn about the mode. Everybody is given the same standard draws, so
    that nobody's interval depends on who else is there.
    """
    effects = _drawn(individuals.modes, individuals.covariances, rng)
    ages = crossing_age(population, effects, score, threshold)
    return _crossing(crossing_age(population, individuals.modes, score, threshold), ages, confidence)


def robust_crossing(
    course: RobustCourse, score: int, threshold: float, *, confidence: float, rng: np.random.Generator
) -> Crossing:
    """The same on a robust course: the time at which each person has the disease age of the threshold.

    NaN for everybody where the curve never reaches it.
    """
    own, wanted = course.own, course.curves.ages(score, threshold)
    drawn = _drawn(np.column_stack([own.centre, own.log_speed]), own.covariances, rng)
    ages = own.middle + (wanted - drawn[..., 0]) * np.exp(-drawn[..., 1])
    return _crossing(own.middle + (wanted - own.centre) * np.exp(-own.log_speed), ages, confidence)


def _drawn(means: np.ndarray, covariances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(DRAWS, N, D) normal draws of (N, D) means, from the same standard ones for everybody."""
    standard = rng.standard_normal((DRAWS, means.shape[1]))
    return means + np.einsum("nij,dj->dni", np.linalg.cholesky(covariances), standard)


def _crossing(age: np.ndarray, drawn: np.ndarray, confidence: float) -> Crossing:
    low, high = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    return Crossing(age, low, high, drawn)


def observed_conversion(visits: Visits, score: int, threshold: float) -> Conversion:
    """When each person was first seen at or beyond a threshold, at two visits in a row at which the score was measured.

    A visit that no later one confirms is taken as not beyond it: scores scatter.
    """
    people = visits.people
    seen, after, by = np.zeros(people, bool), np.full(people, np.nan), np.full(people, np.nan)
    # A loop over people: each has a handful of visits, of which some lack the score.
    for n, start in enumerate(visits.starts):
        rows = np.arange(start, start + visits.counts[n])
        rows = rows[visits.measured[rows, score]]
        beyond = visits.values[rows, score] >= threshold
        confirmed = np.flatnonzero(beyond[:-1] & beyond[1:])
        if confirmed.size:
            seen[n], by[n] = True, visits.times[rows[confirmed[0]]]
            after[n] = visits.times[rows[confirmed[0] - 1]] if confirmed[0] else np.nan
        elif rows.size:
            after[n] = visits.times[rows[-1]]
    return Conversion(seen, after, by)


def carried_forward(visits: Visits, score: int, threshold: float, slope: float) -> np.ndarray:
    """(N,) years at which the last measured score of each person passes a threshold at the slope of all, 1/year.

    NaN for people without the score.
    """
    last = np.full(visits.people, -1)
    measured = np.flatnonzero(visits.measured[:, score])
    last[visits.person[measured]] = measured
    values = np.where(last >= 0, visits.values[last, score], np.nan)
    return visits.times[last] + np.maximum(threshold - values, 0) / slope
