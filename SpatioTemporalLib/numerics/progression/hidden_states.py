"""States that people pass through, never back, as seen through scores that scatter about each state's means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from .transitions import transition_matrices
from .visits import Visits

YEARS_A_STEP = 0.0025  # spans are told apart to the day
MOST_LOG = 700.0  # its exponential is still a number


@dataclass(frozen=True, eq=False)
class States:
    """A left-to-right Markov chain in continuous time with Gaussian scores.

    start : (S,) probability of each state at the first visit. generator : (S, S) rates, 1/year.
    means, deviations : (S, K) of the scores in each state.
    """

    start: np.ndarray
    generator: np.ndarray
    means: np.ndarray
    deviations: np.ndarray

    @property
    def count(self) -> int:
        return len(self.start)


@dataclass(frozen=True, eq=False)
class Spans:
    """Visits with the years between them: (G,) spans that occur, and (R,) which of them leads to each visit.

    The entry of a person's first visit means nothing.
    """

    visits: Visits
    spans: np.ndarray
    which: np.ndarray

    @cached_property
    def ranks(self) -> list[np.ndarray]:
        """Rows of everybody's first visits, of the second ones, and so on."""
        visits = self.visits
        return [visits.starts[visits.counts > t] + t for t in range(int(visits.counts.max()))]


@dataclass(frozen=True, eq=False)
class Posterior:
    """What visits tell of states: (R, S) probabilities, (N,) log likelihoods, (G, S, S) `ends` of `expected_moves`."""

    probabilities: np.ndarray
    log_likelihoods: np.ndarray
    ends: np.ndarray


def with_spans(visits: Visits) -> Spans:
    """Visits with the years between those of each person, to the day."""
    gaps = np.diff(visits.times, prepend=visits.times[0])
    gaps[visits.starts] = 0.0
    spans, which = np.unique(np.round(gaps / YEARS_A_STEP) * YEARS_A_STEP, return_inverse=True)
    return Spans(visits, spans, which)


def log_densities(visits: Visits, states: States) -> np.ndarray:
    """(R, S) log density of what was measured at each visit in each state; 0 where nothing was."""
    departs = (visits.values[:, None, :] - states.means) / states.deviations
    logs = -0.5 * departs**2 - np.log(states.deviations) - 0.5 * np.log(2 * np.pi)
    return np.where(visits.measured[:, None, :], logs, 0.0).sum(axis=-1)


def posterior(spanned: Spans, states: States, weights: np.ndarray | None = None) -> Posterior:
    """Probabilities of the states at each visit given all visits of the person (forward-backward).

    weights : (N,) of people in `ends`; one for each when left out.
    """
    logs = log_densities(spanned.visits, states)
    chances = transition_matrices(states.generator, spanned.spans)
    forward, scale = _forward(spanned, states, logs, chances)
    backward, ends = _backward(spanned, logs, chances, forward, weights)
    joint = _log(forward) + backward
    probabilities = np.exp(joint - special.logsumexp(joint, axis=1, keepdims=True))
    return Posterior(probabilities, spanned.visits.sums(scale), ends)


def _forward(spanned: Spans, states: States, logs: np.ndarray, chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(R, S) probabilities of the states given the visits so far, and (R,) log density of each visit given those."""
    forward, scale = np.empty_like(logs), np.empty(len(logs))
    for t, rows in enumerate(spanned.ranks):
        before = np.einsum("rk,rkl->rl", forward[rows - 1], chances[spanned.which[rows]]) if t else states.start
        # Among the states that can be reached: what was measured may be far from all of them, and near to others.
        joint = _log(before) + logs[rows]
        scale[rows] = special.logsumexp(joint, axis=1)
        forward[rows] = np.exp(joint - scale[rows, None])
    return forward, scale


def _backward(
    spanned: Spans, logs: np.ndarray, chances: np.ndarray, forward: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(R, S) log density of the later visits given each state, and `Posterior.ends`."""
    backward, log_chances = np.zeros_like(logs), _log(chances)
    ends = np.zeros_like(chances)
    for rows in reversed(spanned.ranks[1:]):
        which, ahead = spanned.which[rows], logs[rows] + backward[rows]
        backward[rows - 1] = special.logsumexp(log_chances[which] + ahead[:, None, :], axis=2)
        before = np.einsum("rk,rkl->rl", forward[rows - 1], chances[which])
        joint = special.logsumexp(_log(before) + ahead, axis=1)
        share = np.where(before > 0, np.exp(np.minimum(ahead - joint[:, None], MOST_LOG)), 0.0)
        own = 1.0 if weights is None else weights[spanned.visits.person[rows], None, None]
        np.add.at(ends, which, own * forward[rows - 1][:, :, None] * share[:, None, :])
    return backward, ends


def _log(probabilities: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(probabilities)


def most_probable_path(spanned: Spans, states: States) -> np.ndarray:
    """(R,) int: the states, counted from 0, of each person's most probable path as a whole (Viterbi)."""
    logs = log_densities(spanned.visits, states)
    chances, start = _log(transition_matrices(states.generator, spanned.spans)), _log(states.start)
    best, came_from = np.empty_like(logs), np.zeros(logs.shape, dtype=int)
    for t, rows in enumerate(spanned.ranks):
        if t == 0:
            best[rows] = start + logs[rows]
            continue
        through = best[rows - 1][:, :, None] + chances[spanned.which[rows]]
        came_from[rows] = through.argmax(axis=1)
        best[rows] = through.max(axis=1) + logs[rows]
    path = np.empty(len(logs), dtype=int)
    last = spanned.visits.starts + spanned.visits.counts - 1
    path[last] = best[last].argmax(axis=1)
    for rows in reversed(spanned.ranks[1:]):
        path[rows - 1] = came_from[rows, path[rows]]
    return path


def time_to_reach(states: States, now: np.ndarray, state: int, longest: float) -> np.ndarray:
    """(N,) years until being in a state or beyond is more likely than not; NaN where it takes longer than `longest`.

    now : (N, S) probabilities of the states.
    """
    years = np.linspace(0.0, longest, 401)
    beyond = transition_matrices(states.generator, years)[:, :, state:].sum(axis=-1) @ now.T
    reached = beyond > 0.5
    first = reached.argmax(axis=0)
    previous = np.maximum(first - 1, 0)
    people = np.arange(len(now))
    low, high = beyond[previous, people], beyond[first, people]
    rise = np.where(high > low, high - low, 1.0)
    found = years[previous] + (years[first] - years[previous]) * np.clip((0.5 - low) / rise, 0, 1)
    return np.where(reached.any(axis=0), np.where(first == 0, 0.0, found), np.nan)
