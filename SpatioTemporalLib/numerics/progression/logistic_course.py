"""Logistic curves of scores over an age that each person passes through at a pace of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .visits import Visits

MOST_STEPS = 60
# Steps of the standardised effects that no longer matter: a thousandth of their spread between people.
SMALL_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Population:
    """Curves that all people share, and how much people differ.

    level : (K,) logit of each score at the onset, 1; rate : (K,) rise of that logit, 1/year, positive.
    loadings : (K, Q) how each source moves the logits, orthogonal to `rate`; Q may be 0.
    noise : (K,) standard deviation of a measurement.
    onset, onset_sd : mean and standard deviation of the individual time tau, years; pace_sd : of log pace xi, 1.
    coupling : correlation of tau and xi.
    """

    level: np.ndarray
    rate: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray
    onset: float
    onset_sd: float
    pace_sd: float
    coupling: float = 0.0

    @property
    def effects(self) -> int:
        """How many random effects each person has: time, pace, and the sources."""
        return 2 + self.loadings.shape[1]


@dataclass(frozen=True, eq=False)
class Individuals:
    """Random effects of people, each of them standard normal: (N, D) modes with (N, D, D) covariances.

    Column 1 times `pace_sd` is xi; columns 0 and 1 give tau (`onsets`); the rest are the sources.
    """

    modes: np.ndarray
    covariances: np.ndarray


def onsets(population: Population, effects: np.ndarray) -> np.ndarray:
    """(...,) tau of people with effects (..., D): when each is where the population is at its mean onset, years."""
    own = np.sqrt(1 - population.coupling**2) * effects[..., 0] + population.coupling * effects[..., 1]
    return population.onset + population.onset_sd * own


def log_paces(population: Population, effects: np.ndarray) -> np.ndarray:
    """(...,) xi of people with effects (..., D): log of how many times faster than the population each goes."""
    return population.pace_sd * effects[..., 1]


def passed_years(population: Population, effects: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(...,) years of the population's course since its onset that people with effects (..., D) have passed."""
    return np.exp(log_paces(population, effects)) * (times - onsets(population, effects))


def logits(population: Population, effects: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(..., K) logits of the expected scores at times (...,) in years of people with effects (..., D).

    Notes
    -----
    logit y_k(t) = level_k + rate_k exp(xi) (t - tau) + loadings_k . sources
    """
    passed = passed_years(population, effects, times)
    return population.level + population.rate * passed[..., None] + effects[..., 2:] @ population.loadings.T


def slopes_at_onset(population: Population) -> np.ndarray:
    """(K,) change of each score in a year at the onset, 1/year."""
    expected = special.expit(population.level)
    return population.rate * expected * (1 - expected)


def slopes_of_logits(population: Population, effects: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(..., K, D) derivatives of `logits` with respect to the effects."""
    pace = np.exp(log_paces(population, effects))
    passed = pace * (times - onsets(population, effects))
    later = -pace * population.onset_sd
    slopes = np.empty((*passed.shape, len(population.rate), population.effects))
    slopes[..., 0] = population.rate * (later * np.sqrt(1 - population.coupling**2))[..., None]
    slopes[..., 1] = population.rate * (later * population.coupling + passed * population.pace_sd)[..., None]
    slopes[..., 2:] = population.loadings
    return slopes


def individual_effects(visits: Visits, population: Population, start: np.ndarray | None = None) -> Individuals:
    """Most probable effects of each person given their visits, and the covariance about them.

    Parameters
    ----------
    visits : Visits     Scores from 0 to 1; any that are NaN are left out. A person's effects rest on their rows alone.
    start : (N, D) array, optional

    Notes
    -----
    Levenberg's damped Gauss-Newton steps on minus the log posterior, for all people at once and damped for each;
    the covariance is the inverse of the Gauss-Newton matrix (Laplace's approximation).
    """
    effects = np.zeros((visits.people, population.effects)) if start is None else start.copy()
    damping = np.full(visits.people, 1e-3)
    cost, gradient, matrix = _posterior(visits, population, effects)
    unit = np.eye(population.effects)
    for _ in range(MOST_STEPS):
        step = -np.linalg.solve(matrix + damping[:, None, None] * unit, gradient[..., None])[..., 0]
        tried = effects + np.clip(step, -2.0, 2.0)
        new_cost, new_gradient, new_matrix = _posterior(visits, population, tried)
        better = new_cost <= cost
        effects[better], cost[better] = tried[better], new_cost[better]
        gradient[better], matrix[better] = new_gradient[better], new_matrix[better]
        damping = np.where(better, damping / 5, np.maximum(damping, 1e-3) * 8)
        if (np.abs(step).max(axis=1) < SMALL_STEP).all() or (damping > 1e10).all():
            break
    return Individuals(effects, np.linalg.inv(matrix))


def _posterior(visits: Visits, population: Population, effects: np.ndarray) -> tuple[np.ndarray, ...]:
    """(N,) minus the log posterior but for a constant, its (N, D) gradient, and the (N, D, D) Gauss-Newton matrix."""
    own = effects[visits.person]
    expected = special.expit(logits(population, own, visits.times))
    residuals = np.where(visits.measured, (expected - visits.values) / population.noise, 0.0)
    rise = np.where(visits.measured, expected * (1 - expected) / population.noise, 0.0)
    jacobian = slopes_of_logits(population, own, visits.times) * rise[..., None]
    cost = 0.5 * (visits.sums((residuals**2).sum(axis=1)) + (effects**2).sum(axis=1))
    gradient = visits.sums((jacobian * residuals[..., None]).sum(axis=1)) + effects
    matrix = visits.sums(np.swapaxes(jacobian, 1, 2) @ jacobian) + np.eye(effects.shape[1])
    return cost, gradient, matrix


def log_likelihood(visits: Visits, population: Population, individuals: Individuals) -> float:
    """Laplace's approximation of the log likelihood of all visits with the effects integrated out."""
    cost, _, matrix = _posterior(visits, population, individuals.modes)
    scale = np.where(visits.measured, np.log(population.noise) + 0.5 * np.log(2 * np.pi), 0.0).sum()
    return float(-cost.sum() - scale - 0.5 * np.linalg.slogdet(matrix)[1].sum())
