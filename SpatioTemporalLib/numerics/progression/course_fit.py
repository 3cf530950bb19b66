"""Fit of the curves that a population shares, with what each person departs from them integrated out."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from .logistic_course import (
    Individuals,
    Population,
    individual_effects,
    log_paces,
    logits,
    onsets,
    passed_years,
)
from .visits import Visits, within_person_slopes

MOST_ROUNDS = 300
ROWS_AT_A_TIME = 1000
# The log likelihood is one of thousands of values: a gain of this much in a round is none.
SMALL_GAIN = 2e-3
FEWEST_ROUNDS = 10
LEAST_NOISE, LEAST_SPREAD, LEAST_RATE = 1e-4, 1e-3, 1e-3
MOST_COUPLING = 0.95
# Gauss-Hermite nodes for the standard normal. Onset and pace of who was seen twice have a bent density, which three
# nodes miss so far that the spread of pace comes out at a third of what it is.
FIVE = np.polynomial.hermite_e.hermegauss(5)
THREE = np.polynomial.hermite_e.hermegauss(3)
LEAST_WEIGHT = 1e-3  # of the greatest: corners below it are left out
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
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
    is stated and the two may correlate. Expectation-maximisation: expectations over the effects by Gauss-Hermite
    quadrature about each person's mode (Pinheiro & Bates, J Comput Graph Stat 4:12, 1995), and the curves move by one
    Gauss-Newton step a round. Means and spreads of the effects are absorbed into the curves at each round (parameter
    expansion; Liu et al., Biometrika 85:755, 1998), without which hundreds of rounds are needed.
    """
    population, blocks = _start(visits, sources), list(_blocks(visits))
    individuals, reached = individual_effects(visits, population), -np.inf
    for number in range(MOST_ROUNDS):
        progress(number / MOST_ROUNDS)
        drawn = _joined([_quadrature(v, population, _of(individuals, people)) for v, people in blocks])
        if number >= FEWEST_ROUNDS and drawn.log_likelihood - reached < SMALL_GAIN:
            break
        reached = drawn.log_likelihood
        population = _moved_curves(population, drawn, visits.measured.sum(axis=0))
        population, modes = _spread_absorbed(population, drawn, onset_level)
        individuals = individual_effects(visits, population, modes)
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


def _blocks(visits: Visits) -> Iterator[tuple[Visits, slice]]:
    """The visits of so many people at a time, and which people these are: every point has an array of all of them."""
    # The number of the block in which the first visit of each person lies.
    first = np.flatnonzero(np.diff(visits.starts // ROWS_AT_A_TIME, prepend=-1))
    for start, stop in itertools.pairwise([*first, visits.people]):
        yield visits.kept((visits.person >= start) & (visits.person < stop)), slice(start, stop)


def _of(individuals: Individuals, people: slice) -> Individuals:
    return Individuals(individuals.modes[people], individuals.covariances[people])


@dataclass(frozen=True, eq=False)
class _Quadrature:
    """(M, N, D) effects, (M, N) weights that add up to one for each person, and sums over both and the visits.

    gradients, matrices : (K, P) and (K, P, P) of the least squares for level, rate and loadings of each score.
    squares : (K,) squared residuals.
    """

    points: np.ndarray
    weights: np.ndarray
    log_likelihood: float
    gradients: np.ndarray
    matrices: np.ndarray
    squares: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of (M, N, ...) values over points and people."""
        return np.tensordot(self.weights, values, axes=((0, 1), (0, 1))) / self.weights.shape[1]

    def own_means(self, values: np.ndarray) -> np.ndarray:
        """(N, ...) means of (M, N, ...) values for each person."""
        return np.einsum("mn,mn...->n...", self.weights, values)


def _quadrature(visits: Visits, population: Population, individuals: Individuals) -> _Quadrature:
    """Points about the modes of each person, weighted by how probable the visits make them."""
    nodes, logs = _nodes(population.effects)
    roots = np.linalg.cholesky(individuals.covariances)
    points = individuals.modes + np.einsum("nij,mj->mni", roots, nodes)
    expected = special.expit(logits(population, points[:, visits.person], visits.times))
    densities = -0.5 * ((visits.values - expected) / population.noise) ** 2 - np.log(population.noise) - HALF_LOG_2PI
    rows = np.where(visits.measured, densities, 0.0).sum(axis=-1)
    joint = np.add.reduceat(rows, visits.starts, axis=1) - 0.5 * (points**2).sum(axis=-1) + logs[:, None]
    total = special.logsumexp(joint, axis=0)
    volumes = np.log(np.einsum("nii->ni", roots)).sum()
    weights = np.exp(joint - total)
    sums = _curve_sums(visits, population, points, weights, expected)
    return _Quadrature(points, weights, float(total.sum() + volumes), *sums)


def _joined(parts: list[_Quadrature]) -> _Quadrature:
    """Those of all people."""
    points, weights = (
        np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("points", "weights")
    )
    names = ("log_likelihood", "gradients", "matrices", "squares")
    return _Quadrature(points, weights, *(sum(getattr(part, name) for part in parts) for name in names))


@functools.cache
def _nodes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """(M, size) nodes for standard normals, and (M,) logs of their weights over the density."""
    rules = [FIVE, FIVE] + [THREE] * (size - 2)
    nodes = np.array(list(itertools.product(*(nodes for nodes, _ in rules))))
    weights = np.prod(list(itertools.product(*(weights for _, weights in rules))), axis=1)
    kept = weights >= LEAST_WEIGHT * weights.max()
    return nodes[kept], np.log(weights[kept] / weights[kept].sum()) + 0.5 * (nodes[kept] ** 2).sum(axis=1)


def _curve_sums(
    visits: Visits, population: Population, points: np.ndarray, weights: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Gradients, matrices and squares of `_Quadrature`; expected : (M, R, K) scores at the points."""
    own = points[:, visits.person]
    passed = passed_years(population, own, visits.times)
    shares = weights[:, visits.person][..., None] * visits.measured
    residuals = np.where(visits.measured, visits.values - expected, 0.0)
    rise = expected * (1 - expected)
    columns = np.stack([np.ones_like(passed), passed, *np.moveaxis(own[..., 2:], -1, 0)], axis=-1)
    scores, size = len(population.rate), columns.shape[-1]
    flat = columns.reshape(-1, size)
    gradients = (flat.T @ (shares * rise * residuals).reshape(-1, scores)).T
    products = (flat[:, :, None] * flat[:, None, :]).reshape(len(flat), -1)
    matrices = (products.T @ (shares * rise**2).reshape(-1, scores)).T.reshape(scores, size, size)
    # The rate moves by its logarithm, which keeps it positive.
    scale = np.ones((scores, size))
    scale[:, 1] = population.rate
    squares = (shares * residuals**2).sum(axis=(0, 1))
    return gradients * scale, matrices * scale[:, :, None] * scale[:, None, :], squares


def _moved_curves(population: Population, drawn: _Quadrature, values: np.ndarray) -> Population:
    """Level, rate, loadings by one Gauss-Newton step over all points, and noise; values : (K,) how many there are."""
    gradients, matrices = drawn.gradients, drawn.matrices
    size = matrices.shape[-1]
    ridge = 1e-6 * np.einsum("kii->k", matrices)[:, None, None] * np.eye(size) + 1e-9 * np.eye(size)
    inverses = np.linalg.inv(matrices + ridge)
    steps = np.einsum("kij,kj->ki", inverses, gradients)
    steps -= _towards_orthogonal(population, inverses, steps)
    noise = np.sqrt(drawn.squares / np.maximum(values, 1))
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


def _spread_absorbed(population: Population, drawn: _Quadrature, onset_level: float) -> tuple[Population, np.ndarray]:
    """The population with the means and spreads that the effects have now, and the (N, D) effects in its terms."""
    points, mean = drawn.points, drawn.mean
    pace = log_paces(population, points)
    source_mean, pace_mean = mean(points[..., 2:]), mean(pace)
    level = population.level + population.loadings @ source_mean
    # Where the course is called onset may move by so many years if every tau moves by as much over the own pace.
    along = _years_to(level, population.rate, onset_level)
    onset = onsets(population, points) + along * np.exp(-pace)
    onset_mean, sources = mean(onset), points[..., 2:] - source_mean
    root = np.linalg.cholesky(mean(sources[..., :, None] * sources[..., None, :])) if sources.size else np.eye(0)
    onset_sd = max(float(np.sqrt(mean((onset - onset_mean) ** 2))), LEAST_SPREAD)
    pace_sd = max(float(np.sqrt(mean((pace - pace_mean) ** 2))), LEAST_SPREAD)
    coupling = float(mean((onset - onset_mean) * (pace - pace_mean)) / (onset_sd * pace_sd))
    moved = replace(
        population,
        level=level + population.rate * along,
        rate=np.maximum(population.rate * np.exp(pace_mean), LEAST_RATE),
        loadings=population.loadings @ root,
        onset=float(onset_mean),
        onset_sd=onset_sd,
        pace_sd=pace_sd,
        coupling=float(np.clip(coupling, -MOST_COUPLING, MOST_COUPLING)),
    )
    modes = np.empty(points.shape[1:])
    modes[:, 1] = (drawn.own_means(pace) - pace_mean) / pace_sd
    own = (drawn.own_means(onset) - onset_mean) / onset_sd - moved.coupling * modes[:, 1]
    modes[:, 0] = own / np.sqrt(1 - moved.coupling**2)
    modes[:, 2:] = np.linalg.solve(root, drawn.own_means(sources).T).T
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
