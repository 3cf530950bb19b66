"""States between visits at any spacing: against closed forms, and against adding up every path by hand."""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy import integrate, linalg

from SpatioTemporalLib.numerics.progression.hidden_states import (
    States,
    log_densities,
    most_probable_path,
    posterior,
    time_to_reach,
    with_spans,
)
from SpatioTemporalLib.numerics.progression.states_fit import (
    _climbed,
    _re_estimated,
    fit_states,
    folds,
    held_out_likelihood,
    resampled_states,
)
from SpatioTemporalLib.numerics.progression.transitions import (
    expected_moves,
    matrix_exponentials,
    transition_matrices,
)
from SpatioTemporalLib.numerics.progression.visits import Visits
from SpatioTemporalLib.simulation.progression_states import STATES, simulated_states
from SpatioTemporalLib.simulation.progression_visits import VisitPlan

THREE = States(
    np.array([0.6, 0.3, 0.1]),
    np.array([[-0.5, 0.4, 0.1], [0.0, -0.3, 0.3], [0.0, 0.0, 0.0]]),
    np.array([[0.1, 0.2], [0.4, 0.5], [0.8, 0.7]]),
    np.array([[0.2, 0.3], [0.2, 0.2], [0.3, 0.2]]),
)


def few(times=(0.0, 0.3, 2.1, 2.9), missing=True):
    values = np.random.default_rng(3).random((len(times), 2))
    if missing:
        values[1, 0] = values[2] = np.nan
    return Visits(np.zeros(len(times), int), np.array(times), values)


def every_path(visits, states):
    """Log probability of every path together with what was measured, the matrices by another program."""
    logs = log_densities(visits, states)
    steps = [linalg.expm(states.generator * gap) for gap in np.diff(visits.times)]
    found = {}
    for path in itertools.product(range(states.count), repeat=len(visits.times)):
        chance = states.start[path[0]] * np.prod([p[a, b] for p, a, b in zip(steps, path, path[1:])])
        found[path] = chance * np.exp(sum(logs[row, s] for row, s in enumerate(path)))
    return found


def test_exponentials_are_those_of_scipy():
    matrices = np.random.default_rng(0).normal(0, 3, (20, 4, 4))
    expected = np.array([linalg.expm(m) for m in matrices])
    np.testing.assert_allclose(matrix_exponentials(matrices), expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


def test_below_the_diagonal_stays_exactly_zero():
    chances = transition_matrices(STATES.generator, np.array([0.0, 0.1, 1.0, 20.0]))
    assert (chances[:, *np.tril_indices(4, -1)] == 0).all()
    np.testing.assert_allclose(chances.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_array_equal(chances[0], np.eye(4))


def test_stay_before_a_move_that_was_made_has_its_closed_form():
    rate, span = 0.7, 1.8
    generator = np.array([[-rate, rate], [0, 0]])
    ends = np.zeros((1, 2, 2))
    ends[0, 0, 1] = 1 / (1 - np.exp(-rate * span))
    moves, years = expected_moves(generator, np.array([span]), ends)
    np.testing.assert_allclose(moves, [[0, 1], [0, 0]], atol=1e-12)
    stay = 1 / rate - span * np.exp(-rate * span) / (1 - np.exp(-rate * span))
    np.testing.assert_allclose(years, [stay, span - stay], rtol=1e-10)


def test_expected_moves_are_the_integral_over_the_moment_of_the_move():
    rng = np.random.default_rng(1)
    ends, span, generator = np.triu(rng.random((3, 3))), 1.7, THREE.generator

    def at(moment):
        return linalg.expm(generator * moment).T @ ends @ linalg.expm(generator * (span - moment)).T

    integral = integrate.quad_vec(at, 0, span)[0]
    moves, years = expected_moves(generator, np.array([span]), ends[None])
    np.testing.assert_allclose(moves, np.triu(generator * integral, 1), rtol=1e-9)
    np.testing.assert_allclose(years, np.diag(integral), rtol=1e-9)


def test_posterior_at_irregular_visits_is_the_sum_over_every_path():
    visits = few()
    paths = every_path(visits, THREE)
    total = sum(paths.values())
    found = posterior(with_spans(visits), THREE)
    assert found.log_likelihoods[0] == pytest.approx(np.log(total), rel=1e-10)
    for row in range(4):
        for s in range(3):
            share = sum(p for path, p in paths.items() if path[row] == s) / total
            assert found.probabilities[row, s] == pytest.approx(share, abs=1e-12)


def test_most_probable_path_is_the_best_of_all():
    for seed in range(5):
        values = np.random.default_rng(seed).random((5, 2))
        visits = Visits(np.zeros(5, int), np.array([0.0, 0.3, 1.0, 1.1, 4.0]), values)
        paths = every_path(visits, THREE)
        assert tuple(most_probable_path(with_spans(visits), THREE)) == max(paths, key=paths.get)


def test_equal_spacing_is_the_discrete_chain():
    """The recursion of a discrete hidden Markov model with the matrix of one step, for each person."""
    simulated = simulated_states(30, np.random.default_rng(0), VisitPlan(visits=5, interval=0.5, irregular=0.0))
    visits = simulated.visits
    found = posterior(with_spans(visits), STATES)
    step, densities = linalg.expm(STATES.generator * 0.5), np.exp(log_densities(visits, STATES))
    for person in range(30):
        forward = STATES.start
        rows = np.flatnonzero(visits.person == person)
        for number, row in enumerate(rows):
            forward = (forward @ step if number else forward) * densities[row]
        assert found.log_likelihoods[person] == pytest.approx(np.log(forward.sum()), rel=1e-9)
        np.testing.assert_allclose(found.probabilities[rows[-1]], forward / forward.sum(), atol=1e-9)


def test_two_visits_at_one_time_are_in_one_state():
    visits = few(times=(0.0, 1.0, 1.0), missing=False)
    found = posterior(with_spans(visits), THREE)
    np.testing.assert_allclose(found.probabilities[1], found.probabilities[2], atol=1e-12)


@cache
def fitted(seed=0, skips=False, **plan):
    simulated = simulated_states(200, np.random.default_rng(seed), VisitPlan(**plan))
    rng = np.random.default_rng(0)
    return simulated, fit_states(simulated.visits, 4, anchor=0, skips=skips, restarts=5, rng=rng)


@pytest.mark.parametrize("skips", [False, True])
def test_moves_that_cannot_be_stay_exactly_zero(skips):
    states = fitted(skips=skips)[1].states
    never = np.tril(np.ones((4, 4), bool), -1) | (
        np.zeros((4, 4), bool) if skips else np.triu(np.ones((4, 4), bool), 2)
    )
    assert (states.generator[never] == 0).all()
    assert (np.diag(states.generator, 1) > 0).all()
    np.testing.assert_allclose(states.generator.sum(axis=1), 0, atol=1e-12)


def test_no_round_loses_likelihood():
    simulated, _ = fitted()
    spanned = with_spans(simulated.visits)
    states = STATES
    reached = -np.inf
    for _ in range(8):
        found = posterior(spanned, states)
        now = found.log_likelihoods.sum()
        assert now >= reached - 1e-8
        reached = now
        states = _re_estimated(spanned, states, found, np.ones(200))


def test_order_that_the_anchor_does_not_have_is_told():
    """Years tell the order; a score that falls back in the third state cannot be its anchor, the second one can."""
    means = np.array([[0.1, 0.1], [0.8, 0.4], [0.3, 0.7], [0.6, 0.9]])
    truth = States(STATES.start, STATES.generator, means, np.full((4, 2), 0.04))
    visits = simulated_states(150, np.random.default_rng(0), VisitPlan(visits=6), truth).visits
    fits = [
        fit_states(visits, 4, anchor=anchor, skips=False, restarts=6, rng=np.random.default_rng(0)) for anchor in (0, 1)
    ]
    assert [fit.ordered for fit in fits] == [False, True]
    np.testing.assert_allclose(fits[1].states.means, means, atol=0.03)


@pytest.mark.parametrize("plan", [{}, {"irregular": 0.9}, {"missing": 0.4}], ids=["yearly", "irregular", "missing"])
def test_rates_scores_and_paths_are_recovered(plan):
    simulated, fit = fitted(visits=6, **plan)
    assert fit.ordered
    np.testing.assert_allclose(fit.states.means, STATES.means, atol=0.04)
    # Some hundred moves of each kind were seen.
    np.testing.assert_allclose(np.diag(fit.states.generator, 1), np.diag(STATES.generator, 1), rtol=0.35)
    spanned = with_spans(simulated.visits)
    assert (most_probable_path(spanned, fit.states) == simulated.state).mean() > 0.93
    assert fit.log_likelihood >= posterior(spanned, STATES).log_likelihoods.sum()


def test_people_left_out_tell_how_many_states_there_are():
    simulated, _ = fitted(visits=6)
    fold = folds(200, np.random.default_rng(0))
    assert np.bincount(fold).tolist() == [40] * 5

    def likelihood(count):
        def fit(visits):
            return fit_states(visits, count, anchor=0, skips=False, restarts=3, rng=np.random.default_rng(0))

        return held_out_likelihood(simulated.visits, fold, fit)

    found = [likelihood(count) for count in (2, 3, 4, 5)]
    assert int(np.argmax(found)) == 2


def test_resampled_people_scatter_most_where_the_state_is_unsure():
    simulated, fit = fitted(missing=0.4)
    found = resampled_states(simulated.visits, fit.states, 8, np.random.default_rng(0), lambda part: None)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-9)
    spread = (found @ np.arange(4)).std(axis=0)
    sure = posterior(with_spans(simulated.visits), fit.states).probabilities.max(axis=1) > 0.999
    assert spread[sure].mean() < 0.2 * spread[~sure].mean()


def test_weights_of_people_are_as_many_of_them():
    simulated, _ = fitted()
    visits = simulated.visits.kept(simulated.visits.person < 20)
    twice = Visits(np.repeat(np.arange(40), 5), np.tile(visits.times, 2), np.tile(visits.values, (2, 1)))
    weighted, _ = _climbed(with_spans(visits), STATES, 3, np.full(20, 2.0))
    doubled, _ = _climbed(with_spans(twice), STATES, 3)
    np.testing.assert_allclose(weighted.generator, doubled.generator, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(weighted.means, doubled.means, rtol=1e-9)


def test_time_to_a_state_is_where_its_probability_passes_a_half():
    rate = 0.4
    two = States(np.array([1.0, 0.0]), np.array([[-rate, rate], [0, 0]]), np.zeros((2, 1)), np.ones((2, 1)))
    now = np.array([[1.0, 0.0], [0.3, 0.7], [0.8, 0.2]])
    found = time_to_reach(two, now, 1, 50.0)
    np.testing.assert_allclose(found, [np.log(2) / rate, 0.0, np.log(0.8 / 0.5) / rate], atol=0.01)
    assert np.isnan(time_to_reach(two, now[:1], 1, 1.0)[0])


def test_what_no_state_ahead_can_have_given_does_not_break_the_chain():
    """Who is in the last state for certain and then measures as in the first: nobody goes back, and all stay finite."""
    narrow = States(THREE.start, THREE.generator, THREE.means, np.full((3, 2), 0.01))
    visits = Visits(np.zeros(3, int), np.arange(3.0), np.array([[0.8, 0.7], [0.1, 0.2], [0.1, 0.2]]))
    found = posterior(with_spans(visits), narrow)
    assert np.isfinite(found.probabilities).all() and np.isfinite(found.ends).all()
    assert np.isfinite(found.log_likelihoods).all() and found.log_likelihoods[0] < -1000
    expected = found.probabilities @ np.arange(3)
    assert (np.diff(expected) >= -1e-9).all()
    moves, years = expected_moves(narrow.generator, with_spans(visits).spans, found.ends)
    assert years.sum() == pytest.approx(2.0) and np.isfinite(moves).all()
