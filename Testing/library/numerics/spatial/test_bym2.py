"""Smoothing over regions: against dense algebra, and against a sampler that shares nothing with it."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import special, stats

from SpatioTemporalLib.numerics.spatial.bym2 import Measured, _Model, smooth_regions
from SpatioTemporalLib.numerics.spatial.icar import Constrained, mixing_prior, scaled_field
from SpatioTemporalLib.numerics.spatial.region_graph import graph_of, touching


def lattice(rows, columns):
    at = np.arange(rows * columns).reshape(rows, columns)
    across = np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()])
    down = np.column_stack([at[:-1].ravel(), at[1:].ravel()])
    return graph_of(rows * columns, np.concatenate([across, down]))


# Two parts and a region on its own.
PIECES = graph_of(10, [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 8), (5, 7)])


def dense_covariance(graph):
    """Of the scaled field, by the pseudo-inverse; zero for regions without neighbours."""
    covariance = np.zeros((graph.count, graph.count))
    for part in range(graph.components.max() + 1):
        own = np.flatnonzero(graph.components == part)
        inverse = np.linalg.pinv(graph.laplacian.toarray()[np.ix_(own, own)])
        covariance[np.ix_(own, own)] = inverse / np.exp(np.log(np.diag(inverse)).mean())
    return covariance


def test_regions_that_touch_by_faces_are_neighbours():
    labels = np.zeros((1, 4, 5), int)
    labels[0, :2, :2], labels[0, :2, 2:4], labels[0, 2:, 2:], labels[0, 3, 0] = 3, 7, 5, 9
    graph = touching(labels, [3, 5, 7, 9])
    # 3 and 5 meet at a corner only; 9 touches nothing.
    assert graph.pairs.tolist() == [[0, 2], [1, 2]]
    assert graph.components.tolist() == [0, 0, 0, -1]


def test_pairs_are_taken_once_and_in_no_order():
    assert graph_of(3, [(1, 0), (0, 1), (2, 2), (2, 1)]).pairs.tolist() == [[0, 1], [1, 2]]


def test_scaled_field_is_the_scaled_pseudo_inverse():
    field, covariance = scaled_field(PIECES), dense_covariance(PIECES)
    own = field.regions
    found = Constrained(field.precision, field.sums).solve(np.eye(len(own)))
    np.testing.assert_allclose(found, covariance[np.ix_(own, own)], atol=1e-10)
    for part in (0, 1):
        variances = np.diag(covariance)[PIECES.components == part]
        assert np.exp(np.log(variances).mean()) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("mixing", [0.05, 0.5, 0.98])
def test_distance_of_mixing_is_that_of_the_two_normal_distributions(mixing):
    field, covariance = scaled_field(PIECES), dense_covariance(PIECES)
    own = field.regions
    mixed = (1 - mixing) * np.eye(len(own)) + mixing * covariance[np.ix_(own, own)]
    divergence = 0.5 * (np.trace(mixed) - len(own) - np.linalg.slogdet(mixed)[1])
    assert field.distance(mixing) == pytest.approx(np.sqrt(2 * divergence), rel=1e-9)


def test_prior_of_mixing_has_two_thirds_below_a_half():
    log_prior = mixing_prior(scaled_field(lattice(5, 5)))
    logits = np.linspace(-8, 8, 4001)
    density = np.exp([log_prior(x) for x in logits])
    mass = np.trapezoid(density, logits)
    below = np.trapezoid(density[logits <= 0], logits[logits <= 0])
    # What lies beyond the ends of the table is left out.
    assert 0.85 < mass <= 1.001 and below == pytest.approx(2 / 3 - (1 - mass) * (1 - 0.03), abs=0.12)


def dense_posterior(graph, measured, spread, mixing, variances):
    """Means and covariance of the values of a Gaussian model, the mean flat, without sparse matrices or constraints."""
    shares = np.where(graph.components >= 0, 1 - mixing, 1.0)
    prior = spread**2 * (mixing * dense_covariance(graph) + np.diag(shares)) + 1e4 * np.ones((graph.count, graph.count))
    known = np.isfinite(measured)
    gain = prior[:, known] @ np.linalg.inv(prior[np.ix_(known, known)] + np.diag(variances[known]))
    return gain @ measured[known], prior - gain @ prior[known]


def test_field_for_given_hyperparameters_is_that_of_dense_algebra():
    rng = np.random.default_rng(0)
    values, errors = rng.normal(2, 1, 10), rng.uniform(0.2, 0.8, 10)
    values[6] = np.nan
    model = _Model(PIECES, Measured(values, errors=errors), 3.0)
    mean, deviation = model.field(np.array([np.log(0.7), special.logit(0.6)]))
    expected, covariance = dense_posterior(PIECES, values, 0.7, 0.6, errors**2)
    np.testing.assert_allclose(mean, expected, atol=1e-3)
    np.testing.assert_allclose(deviation, np.sqrt(np.diag(covariance)), rtol=1e-3)


def test_density_of_hyperparameters_is_the_marginal_likelihood_with_their_prior():
    rng = np.random.default_rng(1)
    values, errors = rng.normal(2, 1, 10), rng.uniform(0.2, 0.8, 10)
    model = _Model(PIECES, Measured(values, errors=errors), 3.0)
    differences = []
    for spread, mixing in ((0.7, 0.6), (0.3, 0.1), (1.5, 0.9)):
        at = np.array([np.log(spread), special.logit(mixing)])
        shares = np.where(PIECES.components >= 0, 1 - mixing, 1.0)
        # The flat mean as one of great variance: a constant for all hyperparameters.
        covariance = spread**2 * (mixing * dense_covariance(PIECES) + np.diag(shares)) + np.diag(errors**2) + 1e6
        marginal = stats.multivariate_normal(np.zeros(10), covariance).logpdf(values)
        prior = model.log_mixing(at[1]) + at[0] - model.rate * spread
        differences.append(model.log_density(at) - marginal - prior)
    np.testing.assert_allclose(differences, differences[0], atol=1e-4)


def test_a_lonely_region_is_shrunk_to_the_mean_alone():
    """Without neighbours it moves with nobody's values but through the mean of all."""
    alone = graph_of(6, np.zeros((0, 2)))
    values, errors = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0]), np.full(6, 1.0)
    model = _Model(alone, Measured(values, errors=errors), 5.0)
    mean, _ = model.field(np.array([np.log(2.0), 0.0]))
    np.testing.assert_allclose(mean, values.mean() + 0.8 * (values - values.mean()), atol=1e-6)
    both = _Model(PIECES, Measured(np.append(np.zeros(9), 5.0), errors=np.full(10, 0.5)), 5.0)
    mean, _ = both.field(np.array([0.0, 1.0]))
    assert mean[9] > 3.0 and np.abs(mean[:9]).max() < 0.5


def test_spread_mixing_and_noise_are_those_of_a_fine_grid():
    graph, rng = lattice(5, 5), np.random.default_rng(2)
    covariance, prior = dense_covariance(graph), mixing_prior(scaled_field(graph))
    sizes = rng.integers(1, 9, 25)
    values = np.repeat(np.arange(5.0), 5) * 0.4 + rng.normal(0, 0.5, 25) / np.sqrt(sizes)
    found = smooth_regions(graph, Measured(values, sizes=sizes), largest_spread=3.0)
    axes = np.linspace(-2.5, 1.0, 21), np.linspace(-7, 8, 21), np.linspace(-5.5, 0.5, 21)
    contrasts = np.linalg.svd(np.ones((1, 25)))[2][1:]
    logs = np.empty((21, 21, 21))
    for i, j, k in itertools.product(range(21), repeat=3):
        spread, mixing, noise = np.exp(axes[0][i]), special.expit(axes[1][j]), np.exp(axes[2][k])
        field = spread**2 * (mixing * covariance + (1 - mixing) * np.eye(25)) + np.diag(noise**2 / sizes)
        # What is independent of the flat mean.
        lower = np.linalg.cholesky(contrasts @ field @ contrasts.T)
        logs[i, j, k] = -np.log(np.diag(lower)).sum() - 0.5 * (np.linalg.solve(lower, contrasts @ values) ** 2).sum()
        logs[i, j, k] += prior(axes[1][j]) + axes[0][i] + axes[2][k] + np.log(0.01) / 3.0 * (spread + noise)
    weights = np.exp(logs - special.logsumexp(logs))
    grid = np.log(found.spread), special.logit(found.mixing), np.log(found.noise)
    for axis, (at, own) in enumerate(zip(axes, grid)):
        marginal = weights.sum(axis=tuple({0, 1, 2} - {axis}))
        mean = marginal @ at
        deviation = np.sqrt(marginal @ (at - mean) ** 2)
        assert found.weights @ own == pytest.approx(mean, abs=0.3 * deviation)
        assert np.sqrt(found.weights @ (own - found.weights @ own) ** 2) == pytest.approx(deviation, rel=0.3)


@cache
def counts():
    rng = np.random.default_rng(4)
    graph, expected = lattice(4, 4), np.linspace(3.0, 12.0, 16)
    truth = 0.5 * np.sin(np.arange(16) // 4)
    return graph, Measured(rng.poisson(expected * np.exp(truth)).astype(float), expected=expected)


def sampled_counts(rounds=6000):
    """Log ratios by a sampler: elliptical slices for the field, random walks for spread and mixing, with its mean."""
    graph, measured = counts()
    rng, prior = np.random.default_rng(0), mixing_prior(scaled_field(graph))
    field = dense_covariance(graph)

    def root(at):
        mixing = special.expit(at[1])
        return np.linalg.cholesky(np.exp(2 * at[0]) * (mixing * field + (1 - mixing) * np.eye(16)))

    def likelihood(value):
        return (measured.values * value - measured.expected * np.exp(value)).sum()

    def hyper(at):
        return prior(at[1]) + at[0] + np.log(0.01) * np.exp(at[0]) if abs(at[1]) < 8 else -np.inf

    at, white, mean, kept = np.array([-1.0, 0.0]), np.zeros(16), 0.0, []
    for number in range(rounds):
        chol = root(at)
        other, angle = rng.standard_normal(16), rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        level = likelihood(mean + chol @ white) + np.log(rng.random())
        while True:
            tried = white * np.cos(angle) + other * np.sin(angle)
            if likelihood(mean + chol @ tried) > level:
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)
        white = tried
        # The field moves with its hyperparameters: its white noise stays.
        moved, shift = at + rng.normal(0, [0.4, 1.2]), rng.normal(0, 0.2)
        gain = likelihood(mean + root(moved) @ white) - likelihood(mean + chol @ white) if abs(moved[1]) < 8 else 0.0
        if np.log(rng.random()) < gain + hyper(moved) - hyper(at):
            at = moved
        value = root(at) @ white
        if np.log(rng.random()) < likelihood(mean + shift + value) - likelihood(mean + value):
            mean += shift
        if number > rounds // 10:
            kept.append(mean + value)
    return np.array(kept)


def test_smoothed_counts_are_those_of_a_sampler():
    graph, measured = counts()
    found, drawn = smooth_regions(graph, measured, largest_spread=1.0), sampled_counts()
    # Some thousand correlated draws know a mean to a tenth of the deviation.
    np.testing.assert_allclose(found.mean(), drawn.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(found.deviation(), drawn.std(axis=0), rtol=0.2)
    np.testing.assert_allclose(found.exceedance(0.0), (drawn > 0).mean(axis=0), atol=0.1)


def test_quantiles_and_exceedances_agree():
    found = smooth_regions(*counts(), largest_spread=1.0)
    for probability in (0.025, 0.5, 0.975):
        at = found.quantile(probability)
        above = [found.exceedance(x)[n] for n, x in enumerate(at)]
        np.testing.assert_allclose(above, 1 - probability, atol=1e-9)


def test_neighbours_halve_the_error_of_a_smooth_map():
    graph, rng = lattice(12, 12), np.random.default_rng(0)
    row, column = np.divmod(np.arange(144), 12)
    truth = np.sin(row / 3) * np.cos(column / 4)
    sizes = rng.integers(1, 5, 144)
    values = truth + rng.normal(0, 0.8, 144) / np.sqrt(sizes)
    found = smooth_regions(graph, Measured(values, sizes=sizes), largest_spread=3.0)
    raw, smoothed = (np.sqrt(np.mean((x - truth) ** 2)) for x in (values, found.mean()))
    assert smoothed < 0.5 * raw
    held = np.abs(found.mean() - truth) < 1.96 * found.deviation()
    assert held.mean() > 0.9
    assert found.weights @ found.noise == pytest.approx(0.8, rel=0.25)


def test_regions_without_a_measurement_take_after_their_neighbours():
    graph, measured = counts()
    values = measured.values.copy()
    values[5] = np.nan
    found = smooth_regions(graph, replace(measured, values=values), largest_spread=1.0)
    whole = smooth_regions(graph, measured, largest_spread=1.0)
    assert found.deviation()[5] > whole.deviation()[5]
    assert found.mean().min() <= found.mean()[5] <= found.mean().max()
