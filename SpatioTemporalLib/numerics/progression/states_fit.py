"""Fit of the states that people pass through: expectation-maximisation from many starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .hidden_states import Posterior, Spans, States, posterior, with_spans
from .transitions import expected_moves
from .visits import Visits

SHORT, LONG, AGAIN = 15, 400, 40  # rounds of each start, of the best one, and of each resample
SMALL_GAIN = 1e-3
LEAST_VARIANCE = 1e-3  # of the variance of all values
SLOWEST, FASTEST = 1e-3, 50.0  # 1/year
FOLDS = 5
ORDER_WORTH = 10.0  # of log likelihood: less is given up for states in the order of the anchor


class StatesFit(NamedTuple):
    """States, their log likelihood, and whether the anchor worsens from each to the next."""

    states: States
    log_likelihood: float
    ordered: bool


def fit_states(
    visits: Visits,
    count: int,
    *,
    anchor: int,
    skips: bool,
    restarts: int,
    rng: np.random.Generator,
    progress: Callable[[float], None] = lambda fraction: None,
) -> StatesFit:
    """The states of greatest likelihood among many starts; those in which the anchor rises where it costs little.

    Parameters
    ----------
    visits : Visits     Scores of which higher is worse.
    count : int         Number of states.
    anchor : int        Score by which the states are in order.
    skips : bool        Whether a state may be left for one beyond the next, without passing through it.

    Notes
    -----
    The generator is zero below its diagonal (and beyond the next state without `skips`) from the start, and every
    re-estimate is the old rate times something: what is zero stays zero.
    """
    spanned = with_spans(visits)
    tried = []
    for number in range(restarts):
        progress(0.6 * number / restarts)
        # Every other start cuts the anchor itself: scores that come and go may hide it in the first component.
        along = _first_component(visits, anchor) if number % 2 == 0 else _anchor_filled(visits, anchor)
        start = _start(visits, count, along, skips, rng if number > 1 else None)
        tried.append(_climbed(spanned, start, SHORT))
    states, _ = max(tried, key=lambda fit: fit[1] + ORDER_WORTH * _ordered(fit[0], anchor))
    states, reached = _climbed(spanned, states, LONG, progress=lambda part: progress(0.6 + 0.4 * part))
    return StatesFit(states, reached, _ordered(states, anchor))


def resampled_states(
    visits: Visits, states: States, bags: int, rng: np.random.Generator, progress: Callable[[float], None]
) -> np.ndarray:
    """(bags, R, S) probabilities of the states at each visit, by states fitted to people drawn with replacement."""
    spanned = with_spans(visits)
    found = np.empty((bags, len(visits.times), states.count))
    for bag in range(bags):
        progress(bag / bags)
        weights = np.bincount(rng.integers(visits.people, size=visits.people), minlength=visits.people).astype(float)
        other, _ = _climbed(spanned, states, AGAIN, weights)
        found[bag] = posterior(spanned, other).probabilities
    return found


def held_out_likelihood(visits: Visits, fold: np.ndarray, fit: Callable[[Visits], StatesFit]) -> float:
    """Sum over people of the log likelihood by states fitted without their fold; fold : (N,) 0..FOLDS-1."""
    total = 0.0
    for left_out in np.unique(fold):
        out = (fold == left_out)[visits.person]
        states = fit(visits.kept(~out)).states
        total += float(posterior(with_spans(visits.kept(out)), states).log_likelihoods.sum())
    return total


def folds(people: int, rng: np.random.Generator) -> np.ndarray:
    """(people,) fold of each person, of nearly equal size."""
    return rng.permutation(np.arange(people) % min(FOLDS, people))


def _climbed(
    spanned: Spans,
    states: States,
    rounds: int,
    weights: np.ndarray | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[States, float]:
    """States after so many rounds or until nothing is gained, and their log likelihood."""
    own = np.ones(spanned.visits.people) if weights is None else weights
    reached = -np.inf
    for number in range(rounds):
        progress(number / rounds)
        found = posterior(spanned, states, weights)
        now = float(own @ found.log_likelihoods)
        if now - reached < SMALL_GAIN and number > 2:
            break
        reached = now
        states = _re_estimated(spanned, states, found, own)
    return states, float(own @ posterior(spanned, states).log_likelihoods)


def _re_estimated(spanned: Spans, states: States, found: Posterior, weights: np.ndarray) -> States:
    visits = spanned.visits
    moves, years = expected_moves(states.generator, spanned.spans, found.ends)
    rates = np.clip(moves / np.maximum(years, 1e-9)[:, None], 0.0, FASTEST)
    # A rate that vanished altogether could never come back.
    rates = np.where(states.generator > 0, np.maximum(rates, SLOWEST), 0.0)
    rows = found.probabilities * weights[visits.person][:, None]
    start = rows[visits.starts].sum(axis=0)
    values = np.nan_to_num(visits.values)
    shares = rows.T @ visits.measured
    known = shares > 1e-9
    total = np.maximum(shares, 1e-9)
    means = np.where(known, rows.T @ values / total, states.means)
    squares = rows.T @ values**2 / total - means**2
    least = LEAST_VARIANCE * np.nanvar(visits.values, axis=0)
    deviations = np.where(known, np.sqrt(np.maximum(squares, least)), states.deviations)
    return States(start / start.sum(), _generator(rates), means, deviations)


def _generator(rates: np.ndarray) -> np.ndarray:
    rates = rates - np.diag(np.diag(rates))
    return rates - np.diag(rates.sum(axis=1))


def _start(visits: Visits, count: int, along: np.ndarray, skips: bool, rng: np.random.Generator | None) -> States:
    """States that cut (R,) places along the course into parts: equal ones, or drawn ones."""
    shares = np.full(count, 1 / count) if rng is None else 0.3 / count + 0.7 * rng.dirichlet(np.full(count, 2.0))
    cuts = np.quantile(along, np.cumsum(shares)[:-1])
    state = np.searchsorted(cuts, along)
    every = np.nanmean(visits.values, axis=0), np.nanstd(visits.values, axis=0)
    means, deviations = np.tile(every[0], (count, 1)), np.tile(every[1], (count, 1))
    for s in range(count):
        for k in range(visits.values.shape[1]):
            own = visits.values[(state == s) & visits.measured[:, k], k]
            if len(own) > 1:
                means[s, k], deviations[s, k] = own.mean(), max(own.std(), 0.1 * every[1][k])
    rates = np.triu(np.full((count, count), 0.05 if skips else 0.0), 2) + np.diag(np.full(count - 1, 0.3), 1)
    first = np.bincount(state[visits.starts], minlength=count) + 0.5
    return States(first / first.sum(), _generator(rates), means, deviations)


def _first_component(visits: Visits, anchor: int) -> np.ndarray:
    """(R,) standardised scores along the direction in which they vary most, rising with the anchor."""
    values = (visits.values - np.nanmean(visits.values, axis=0)) / np.maximum(np.nanstd(visits.values, axis=0), 1e-12)
    values = np.nan_to_num(values)
    _, _, directions = np.linalg.svd(values, full_matrices=False)
    along = values @ directions[0]
    return along if directions[0, anchor] >= 0 else -along


def _anchor_filled(visits: Visits, anchor: int) -> np.ndarray:
    """(R,) the anchor, and where it was not measured what the first component has in its place."""
    values, along = visits.values[:, anchor], _first_component(visits, anchor)
    known = np.isfinite(values)
    return np.where(known, values, np.nanmean(values) + np.nanstd(values) * along / max(along.std(), 1e-12))


def _ordered(states: States, anchor: int) -> bool:
    return bool((np.diff(states.means[:, anchor]) > 0).all())
