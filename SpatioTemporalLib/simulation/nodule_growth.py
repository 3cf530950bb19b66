"""Who has which nodule, how it grows, whether it is malignant, and how well that can be told at best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

GROWTH_NODES, AGE_NODES, SIZE_NODES = 400, 121, 600


@dataclass(frozen=True)
class NodulePopulation:
    """How nodules, growth and age are distributed, and what makes a nodule malignant.

    size : smallest and largest matched radius, mm, uniform.
    stable_sd : of the growth factor of the radius from first to last visit, about 1.
    growing : smallest and largest growth factor of growing nodules, uniform.
    growing_share : 0..1 of nodules that grow.
    growth_weight, age_weight : of standardised ln(growth) and age in the log-odds of malignancy.
    size_matching : 0 leaves the first radius independent of growth, 1 the last,
        0.5 their geometric mean.
    age : mean and standard deviation, y.
    """

    size: tuple[float, float] = (3.0, 7.0)
    stable_sd: float = 0.02
    growing: tuple[float, float] = (1.25, 1.6)
    growing_share: float = 0.5
    growth_weight: float = 3.0
    age_weight: float = 1.0
    size_matching: float = 0.5
    age: tuple[float, float] = (62.0, 6.0)


@dataclass(frozen=True)
class VisitPlan:
    """When visits are due.

    days : since the first visit, rising. jitter : largest part of an interval
    by which it is longer or shorter. missing : 0..1 of the visits before the
    last that do not take place.
    """

    days: tuple[float, ...] = (0.0, 365.0)
    jitter: float = 0.15
    missing: float = 0.0


@dataclass(frozen=True, eq=False)
class NoduleHistory:
    """What is true of N nodules at T visits.

    growth : (N,) last radius by the first. radius : (N, T) mm. age : (N,) y.
    log_odds : (N,) of malignancy given growth and age. malignant : (N,) bool.
    days : (N, T). observed : (N, T) bool, whether the visit took place.
    """

    growth: np.ndarray
    radius: np.ndarray
    age: np.ndarray
    log_odds: np.ndarray
    malignant: np.ndarray
    days: np.ndarray
    observed: np.ndarray


POPULATION, TWO_VISITS = NodulePopulation(), VisitPlan()


def draw_nodules(count: int, rng: np.random.Generator, population=POPULATION, plan=TWO_VISITS):
    """`NoduleHistory` of so many patients with one nodule each.

    The radius grows exponentially in time, so that the last is `growth` times
    the first. No radius can be independent of malignancy at both visits when
    growth is not: `size_matching` says how the difference is shared between them.
    """
    growing = rng.random(count) < population.growing_share
    growth = np.where(growing, rng.uniform(*population.growing, count), rng.normal(1.0, population.stable_sd, count))
    matched = rng.uniform(*population.size, count)
    age = rng.normal(*population.age, count)
    log_odds = _log_odds(population, np.log(growth), (age - population.age[0]) / population.age[1])
    days = _days(count, rng, plan)
    elapsed = days / days[:, -1:] if len(plan.days) > 1 else 0 * days
    observed = rng.random(days.shape) >= plan.missing
    observed[:, -1] = True
    return NoduleHistory(
        growth=growth,
        radius=matched[:, None] * growth[:, None] ** (elapsed - population.size_matching),
        age=age,
        log_odds=log_odds,
        malignant=rng.random(count) < special.expit(log_odds),
        days=days,
        observed=observed,
    )


def bayes_auc(population: NodulePopulation, known: tuple[str, ...] = ("growth", "age")) -> float:
    """Largest area under the ROC curve that any reader of certain facts can reach.

    Parameters
    ----------
    population : NodulePopulation
    known : names
        ``"growth"`` (both radii), ``"first"`` or ``"last"`` (one radius), and
        ``"age"``. Facts are known exactly, so images can at best come near.

    Notes
    -----
    By quadrature: the posterior probability of malignancy is the best score
    there is (Neyman and Pearson), and the area follows from how much of either
    kind has each posterior.
    """
    log_growth, weight = _growth_nodes(population)
    z = (np.arange(AGE_NODES) + 0.5) / AGE_NODES * 12 - 6
    age_weight = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    probability = special.expit(_log_odds(population, log_growth[:, None], z))
    seen = _chance_of_sizes(population, log_growth, known)
    positive = (seen * weight) @ (probability * age_weight)
    negative = (seen * weight) @ ((1 - probability) * age_weight)
    if "age" not in known:
        positive, negative = positive.sum(axis=1), negative.sum(axis=1)
    return _area(positive.reshape(-1), negative.reshape(-1))


def _days(count: int, rng: np.random.Generator, plan: VisitPlan) -> np.ndarray:
    intervals = np.diff(np.array(plan.days, dtype=float))
    drawn = intervals * (1 + rng.uniform(-plan.jitter, plan.jitter, (count, len(intervals))))
    return np.concatenate([np.zeros((count, 1)), np.cumsum(drawn, axis=1)], axis=1)


def _log_odds(population: NodulePopulation, log_growth, age_z):
    nodes, weight = _growth_nodes(population)
    mean = weight @ nodes
    spread = np.sqrt(weight @ (nodes - mean) ** 2)
    return population.growth_weight * (log_growth - mean) / spread + population.age_weight * age_z


def _growth_nodes(population: NodulePopulation) -> tuple[np.ndarray, np.ndarray]:
    """ln(growth) at the nodes of a quadrature over the mixture, and their weights, which sum to 1."""
    middle = (np.arange(GROWTH_NODES) + 0.5) / GROWTH_NODES
    stable = 1 + population.stable_sd * special.ndtri(middle)
    low, high = population.growing
    growing = low + (high - low) * middle
    share = np.array([1 - population.growing_share, population.growing_share]) / GROWTH_NODES
    return np.log(np.concatenate([stable, growing])), np.repeat(share, GROWTH_NODES)


def _chance_of_sizes(population: NodulePopulation, log_growth: np.ndarray, known: tuple[str, ...]) -> np.ndarray:
    """(M, G) chance of each thing that can be seen given the growth at each node."""
    if "growth" in known or {"first", "last"} <= set(known):
        return np.eye(log_growth.size)
    if "first" not in known and "last" not in known:
        return np.ones((1, log_growth.size))
    power = (1.0 if "last" in known else 0.0) - population.size_matching
    factor = np.exp(power * log_growth)
    low, high = population.size
    edges = np.linspace(low * factor.min(), high * factor.max(), SIZE_NODES + 1)
    # The exact chance of each interval of radii: the radius is uniform for given growth.
    below = np.clip((edges[:, None] / factor - low) / (high - low), 0, 1)
    return np.diff(below, axis=0)


def _area(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve of cells with these weights of either kind, each scored by its posterior."""
    present = positive + negative > 0
    positive, negative = positive[present], negative[present]
    order = np.argsort(positive / (positive + negative), kind="stable")
    positive, negative = positive[order], negative[order]
    # Half of the own cell: its cases are told apart by chance. Cells of equal posterior may
    # come in any order: both kinds are in proportion there, so the sum is the same.
    below = np.cumsum(negative) - 0.5 * negative
    return float(positive @ below / (positive.sum() * negative.sum()))
