"""Fit of the curves that a population shares, with what each person departs from them integrated out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize, special

from .logistic_course import (
    Individuals,
    Population,
    individual_effects,
    log_likelihood,
    log_paces,
    logits,
    onsets,
    passed_years,
)
from .visits import Visits, within_person_slopes

MOST_ROUNDS = 300
# The log likelihood is one of thousands of values: a gain of this much in a round is none.
SMALL_GAIN = 2e-3
FEWEST_ROUNDS = 10
LEAST_NOISE, LEAST_SPREAD, LEAST_RATE = 1e-4, 1e-3, 1e-3
MOST_COUPLING = 0.95
INSIDE = 0.02  # logits are taken of scores this far from 0 and 1 for the start


def fit_course(
    visits: Visits,
    sources: int = 0,
    onset_level: float = 0.5,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[Population, Individuals]:
    """Logistic mixed-effects course of several scores, and the effects of each person.

    Parameters
    ----------
    visits : Visits     Scores from 0 (healthy) to 1; NaN where missing.
    sources : int       How many sources move the scores against one another, less than there are scores.
    onset_level : float
        Mean of the scores of the population at which its onset is set, 0..1 exclusive. The curves are the same for any;
        tau is best known in the middle of what was measured.
    progress : callable(fraction)

    Notes
    -----
    Schiratti et al., J Mach Learn Res 18:133 (2017), the logistic model. There onset and pace are independent, which
    alone says what moment is called onset, and with some hundred people leaves it uncertain by a year; here the moment
    is stated and the two may correlate. Expectation-maximisation: the effects given the visits are taken as Gaussian
    about their mode (Laplace), expectations over them by the third-degree spherical rule, and the curves move by one
    Gauss-Newton step a round. Means and spreads of the effects are absorbed into the curves at each round (parameter
    expansion; Liu et al., Biometrika 85:755, 1998), without which hundreds of rounds are needed.
    """
    population = _start(visits, sources)
    individuals = individual_effects(visits, population)
    reached = -np.inf
    for number in range(MOST_ROUNDS):
        progress(number / MOST_ROUNDS)
        points = _points(individuals)
        population = _moved_curves(visits, population, points)
        population, modes = _spread_absorbed(population, points, onset_level)
        individuals = individual_effects(visits, population, modes)
        now = log_likelihood(visits, population, individuals)
        if number >= FEWEST_ROUNDS and now - reached < SMALL_GAIN:
            break
        reached = now
    population = _turned(population)
    return population, individual_effects(visits, population)


def _start(visits: Visits, sources: int) -> Population:
    """Curves through the logits by straight lines: the rise within people, the level of all."""
    inside = np.clip(visits.values, INSIDE, 1 - INSIDE)
    lines = replace(visits, values=special.logit(inside))
    rate = np.clip(np.nan_to_num(within_person_slopes(lines), nan=0.1), 0.02, 2.0)
    onset, people = float(visits.times.mean()), visits.people
    # What moves every score of a person together is time; a source begins with half of what is left between scores.
    level = np.nanmean(lines.values - rate * (visits.times - onset)[:, None], axis=0)
    loadings = np.zeros((len(rate), sources))
    for q in range(sources):
        loadings[:, q] = np.cos(np.pi * (q + 1) * (np.arange(len(rate)) + 0.5) / len(rate))
    spread = visits.sums(visits.times) / visits.counts
    noise = np.full(len(rate), 0.1)
    onset_sd = max(float(np.std(spread)) if people > 1 else 1.0, 1.0)
    return Population(level, rate, _orthogonal(0.5 * loadings, rate), noise, onset, onset_sd, 0.5)


def _points(individuals: Individuals) -> np.ndarray:
    """(M, N, D) points of equal weight with the means and covariances of the effects."""
    size = individuals.modes.shape[1]
    roots = np.linalg.cholesky(individuals.covariances) * np.sqrt(size)
    offsets = np.moveaxis(roots, 2, 0)
    return np.concatenate([individuals.modes + offsets, individuals.modes - offsets])


def _moved_curves(visits: Visits, population: Population, points: np.ndarray) -> Population:
    """Level, rate, loadings by one Gauss-Newton step over all points, and the noise that is left after it."""
    own = points[:, visits.person]
    passed = passed_years(population, own, visits.times)
    expected = special.expit(logits(population, own, visits.times))
    residuals = np.where(visits.measured, visits.values - expected, 0.0)
    rise = np.where(visits.measured, expected * (1 - expected), 0.0)
    # The rate moves by its logarithm, which keeps it positive.
    columns = np.stack([np.ones_like(passed), passed, *np.moveaxis(own[..., 2:], -1, 0)], axis=-1)
    scores, size = len(population.rate), columns.shape[-1]
    matrices, gradients = np.empty((scores, size, size)), np.empty((scores, size))
    for k in range(scores):
        jacobian = columns * rise[..., k, None]
        jacobian[..., 1] *= population.rate[k]
        flat = jacobian.reshape(-1, size)
        matrices[k], gradients[k] = flat.T @ flat, flat.T @ residuals[..., k].ravel()
    ridge = 1e-6 * np.einsum("kii->k", matrices)[:, None, None] * np.eye(size) + 1e-9 * np.eye(size)
    inverses = np.linalg.inv(matrices + ridge)
    steps = np.einsum("kij,kj->ki", inverses, gradients)
    steps -= _towards_orthogonal(population, inverses, steps)
    squares = (residuals**2).sum(axis=(0, 1)) / len(points)
    noise = np.sqrt(squares / np.maximum(visits.measured.sum(axis=0), 1))
    rate = population.rate * np.exp(np.clip(steps[:, 1], -0.5, 0.5))
    return replace(
        population,
        level=population.level + np.clip(steps[:, 0], -1, 1),
        rate=np.maximum(rate, LEAST_RATE),
        loadings=_orthogonal(population.loadings + np.clip(steps[:, 2:], -1, 1), rate),
        noise=np.maximum(noise, LEAST_NOISE),
    )


def _towards_orthogonal(population: Population, inverses: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """(K, P) what the steps have to give up so that the loadings stay orthogonal to the rates (Lagrange)."""
    rate = population.rate
    if population.loadings.shape[1] == 0:
        return np.zeros_like(steps)
    excess = rate @ (population.loadings + steps[:, 2:])
    multiplier = np.linalg.solve(np.einsum("k,kij->ij", rate**2, inverses[:, 2:, 2:]), excess)
    return np.einsum("k,kij,j->ki", rate, inverses[:, :, 2:], multiplier)


def _orthogonal(loadings: np.ndarray, rate: np.ndarray) -> np.ndarray:
    return loadings - np.outer(rate, rate @ loadings) / (rate @ rate)


def _spread_absorbed(population: Population, points: np.ndarray, onset_level: float) -> tuple[Population, np.ndarray]:
    """The population with the means and spreads that the effects have now, and the (N, D) effects in its terms."""
    pace, sources = log_paces(population, points), points[..., 2:]
    source_mean, pace_mean = sources.mean(axis=(0, 1)), pace.mean()
    level = population.level + population.loadings @ source_mean
    # Where the course is called onset may move by so many years if every tau moves by as much over the own pace.
    along = _years_to(level, population.rate, onset_level)
    onset = onsets(population, points) + along * np.exp(-pace)
    centred = (sources - source_mean).reshape(onset.size, sources.shape[-1])
    root = np.linalg.cholesky(centred.T @ centred / len(centred)) if centred.shape[1] else np.zeros((0, 0))
    onset_sd, pace_sd = max(float(onset.std()), LEAST_SPREAD), max(float(pace.std()), LEAST_SPREAD)
    coupling = float(((onset - onset.mean()) * (pace - pace_mean)).mean() / (onset_sd * pace_sd))
    moved = replace(
        population,
        level=level + population.rate * along,
        rate=np.maximum(population.rate * np.exp(pace_mean), LEAST_RATE),
        loadings=population.loadings @ root,
        onset=float(onset.mean()),
        onset_sd=onset_sd,
        pace_sd=pace_sd,
        coupling=float(np.clip(coupling, -MOST_COUPLING, MOST_COUPLING)),
    )
    modes = np.empty(points.shape[1:])
    modes[:, 1] = (pace.mean(axis=0) - pace_mean) / pace_sd
    own = (onset.mean(axis=0) - moved.onset) / onset_sd - moved.coupling * modes[:, 1]
    modes[:, 0] = own / np.sqrt(1 - moved.coupling**2)
    if len(root):
        modes[:, 2:] = np.linalg.solve(root, (sources.mean(axis=0) - source_mean).T).T
    return moved, modes


def _years_to(level: np.ndarray, rate: np.ndarray, mean_score: float) -> float:
    """Years of the population's course from where the logits are `level` to where the mean score has a value."""

    def excess(years: float) -> float:
        return float(special.expit(level + rate * years).mean() - mean_score)

    reach = (np.abs(level).max() + abs(special.logit(mean_score)) + 1) / rate.min()
    return float(optimize.brentq(excess, -reach, reach))


def _turned(population: Population) -> Population:
    """The same population with its sources along the principal axes, so that they come out the same each time."""
    if population.loadings.shape[1] == 0:
        return population
    left, lengths, _ = np.linalg.svd(population.loadings, full_matrices=False)
    loadings = left * lengths
    largest = np.abs(loadings).argmax(axis=0)
    signs = np.sign(loadings[largest, np.arange(len(largest))])
    return replace(population, loadings=loadings * np.where(signs == 0, 1.0, signs))
