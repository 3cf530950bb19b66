"""Criteria against the likelihood itself, and F tests against their level on models that are linear."""

import numpy as np
import pytest
from scipy.stats import norm

from SpatioTemporalLib.numerics.statistics.model_comparison import (
    akaike_criterion,
    bayesian_criterion,
    chosen_by_f_tests,
    floored_sse,
    relative_weights,
)

FRAMES = 40


def log_likelihood(residuals):
    return norm.logpdf(residuals, scale=np.sqrt(np.mean(residuals**2))).sum()


def test_criteria_differ_as_those_of_the_normal_likelihood():
    rng = np.random.default_rng(0)
    one, two = rng.normal(0, 1.0, FRAMES), rng.normal(0, 0.7, FRAMES)
    sse = [np.sum(r**2) for r in (one, two)]
    akaike = [-2 * log_likelihood(r) + 2 * k + 2 * k * (k + 1) / (FRAMES - k - 1) for r, k in ((one, 3), (two, 5))]
    bayes = [-2 * log_likelihood(r) + k * np.log(FRAMES) for r, k in ((one, 3), (two, 5))]
    ours = [akaike_criterion(s, FRAMES, p) for s, p in zip(sse, (2, 4))]
    assert ours[1] - ours[0] == pytest.approx(akaike[1] - akaike[0], rel=1e-12)
    ours = [bayesian_criterion(s, FRAMES, p) for s, p in zip(sse, (2, 4))]
    assert ours[1] - ours[0] == pytest.approx(bayes[1] - bayes[0], rel=1e-12)


def test_weights_follow_the_published_rule_of_differences():
    # Differences of 0, 2 and 10 give likelihoods of 1, exp(-1) and exp(-5).
    weights = relative_weights(np.array([[100.0], [102.0], [110.0]]))[:, 0]
    likelihood = np.exp([0.0, -1.0, -5.0])
    np.testing.assert_allclose(weights, likelihood / likelihood.sum(), rtol=1e-12)


def polynomial_sse(curves):
    """(3, n) sums of squares of polynomials of degree 0, 1 and 3."""
    x = np.linspace(-1, 1, FRAMES)
    sse = []
    for degree in (0, 1, 3):
        basis = np.linalg.qr(np.polynomial.legendre.legvander(x, degree))[0]
        sse.append(((curves - basis @ (basis.T @ curves)) ** 2).sum(axis=0))
    return np.stack(sse)


NESTED = np.triu(np.ones((3, 3), dtype=bool), 1)


@pytest.mark.parametrize("level", [0.2, 0.05, 0.01])
def test_f_tests_refuse_the_truth_as_often_as_their_level_says(level):
    count = 20000
    curves = np.linspace(-1, 1, FRAMES)[:, None] + np.random.default_rng(1).normal(size=(FRAMES, count))
    sse = polynomial_sse(curves)[1:]
    chosen = chosen_by_f_tests(sse, FRAMES, [2, 4], NESTED[:2, :2], level)
    assert np.mean(chosen == 1) == pytest.approx(level, abs=4 * np.sqrt(level / count))


def test_f_tests_see_a_term_whose_neighbour_adds_nothing():
    x = np.linspace(-1, 1, FRAMES)
    cubic = np.polynomial.legendre.Legendre([0, 0, 0, 3])(x)
    curves = cubic[:, None] + np.random.default_rng(2).normal(size=(FRAMES, 50))
    chosen = chosen_by_f_tests(polynomial_sse(curves), FRAMES, [1, 2, 4], NESTED, 0.01)
    assert (chosen == 2).all()


def test_models_that_fit_as_well_as_fits_can_are_equal():
    sse = floored_sse(np.array([[1e-17], [1e-25]]), np.array([4.0]))
    assert sse[0, 0] == sse[1, 0]
