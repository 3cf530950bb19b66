"""Connectivity: numpy's, scipy's and scikit-learn's numbers, and what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, signal

from SpatioTemporalLib.numerics.bold.connectivity import (
    coherences,
    correlations,
    degrees,
    effective_frames,
    partial_correlations,
    shrunk_covariance,
    with_seed,
)
from SpatioTemporalLib.numerics.bold.dynamic_connectivity import phase_randomised, states_of, windowed


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    mixing = rng.normal(0, 1, (6, 6))
    return rng.normal(0, 1, (200, 6)) @ mixing


def test_correlations_are_numpys(series, worst_error):
    found = correlations(series)
    worst_error("correlations against numpy", np.abs(found - np.corrcoef(series.T)).max(), 1e-12)
    np.testing.assert_allclose(found, np.corrcoef(series.T), atol=1e-12)
    constant = np.column_stack([series, np.ones(200)])
    assert correlations(constant)[0, 6] == 0.0


def test_shrinkage_is_that_of_scikit_learn():
    """The number is that of sklearn.covariance.ledoit_wolf of these values (scikit-learn 1.9.1)."""
    values = np.random.default_rng(1).normal(0, 1, (60, 5)) @ np.diag([1.0, 1, 2, 2, 3])
    values = values - values.mean(axis=0)
    covariance, shrinkage = shrunk_covariance(values)
    assert shrinkage == pytest.approx(0.2270973590579446, abs=1e-9)
    mean = np.trace(values.T @ values / 60) / 5
    np.testing.assert_allclose(covariance, (1 - shrinkage) * values.T @ values / 60 + shrinkage * mean * np.eye(5))


def test_a_chain_is_connected_to_its_neighbours_alone():
    rng = np.random.default_rng(2)
    links = rng.normal(0, 1, (5000, 4))
    for n in range(1, 4):
        links[:, n] += 1.2 * links[:, n - 1]
    partial, _ = partial_correlations(links)
    plain = correlations(links)
    assert abs(partial[0, 2]) < 0.05 < abs(plain[0, 2]) and partial[0, 1] > 0.3


def test_coherence_is_scipys_and_its_delay_the_planted_one(worst_error):
    rng = np.random.default_rng(3)
    source = ndimage.gaussian_filter1d(rng.normal(0, 1, 620), 2)
    values = np.stack([source[5:605], np.roll(source, 2)[5:605], rng.normal(0, 0.3, 600)], axis=1)
    values += rng.normal(0, 0.02, values.shape)
    found, delays = coherences(values, 2.0, (0.01, 0.06))
    length = 2 * (600 // 6)
    frequency, wanted = signal.coherence(
        values[:, 0], values[:, 1], 0.5, nperseg=length, noverlap=length // 2, detrend="constant"
    )
    inside = (frequency >= 0.01) & (frequency <= 0.06)
    worst_error("coherence against scipy", abs(found[0, 1] - wanted[inside].mean()), 1e-9)
    assert found[0, 1] == pytest.approx(wanted[inside].mean(), abs=1e-9)
    assert delays[0, 1] == pytest.approx(4.0, abs=0.4) and delays[1, 0] == pytest.approx(-4.0, abs=0.4)
    assert found[0, 2] < 0.5


def test_frames_that_remember_are_worth_fewer():
    rng = np.random.default_rng(4)
    white = rng.normal(0, 1, (400, 8))
    slow = rng.normal(0, 1, (400, 8))
    for n in range(1, 400):
        slow[n] += 0.7 * slow[n - 1]
    assert effective_frames(white, 30) > 330
    # Bartlett: T (1 - a^2) / (1 + a^2).
    assert effective_frames(slow, 30) == pytest.approx(400 * (1 - 0.49) / (1 + 0.49), rel=0.2)


def test_seed_degree_and_mean_are_those_of_the_whole_matrix():
    rng = np.random.default_rng(5)
    values = (rng.normal(0, 1, (80, 1)) * rng.normal(0, 1, (1, 3000)) * 0.4 + rng.normal(0, 1, (80, 3000))).astype(
        np.float32
    )
    values[:, 7] = 3.0
    whole = correlations(values)
    np.fill_diagonal(whole, 0.0)
    degree, mean = degrees(values, 0.25)
    near = np.abs(whole - 0.25) < 1e-5
    assert (np.abs(degree - (whole > 0.25).sum(axis=1)) <= near.sum(axis=1)).all()
    np.testing.assert_allclose(mean[:7], whole.sum(axis=1)[:7] / 2998, atol=1e-5)
    assert degree[7] == 0
    np.testing.assert_allclose(with_seed(values, values[:, 0])[1:7], whole[0, 1:7], atol=1e-5)


def test_windows_hold_the_correlation_of_their_frames(series):
    found, starts = windowed(series, 40, 20, 0.0)
    for n, start in enumerate(starts):
        part = np.corrcoef(series[start : start + 40].T)[np.triu_indices(6, 1)]
        np.testing.assert_allclose(np.tanh(found[n]), part, atol=1e-9)


def test_surrogates_keep_spectra_and_correlations(series):
    other = phase_randomised(series - series.mean(axis=0), np.random.default_rng(6))
    np.testing.assert_allclose(
        np.abs(np.fft.rfft(other, axis=0)), np.abs(np.fft.rfft(series - series.mean(axis=0), axis=0)), atol=1e-8
    )
    np.testing.assert_allclose(correlations(other), correlations(series), atol=1e-8)


def test_two_states_that_alternate_are_found():
    rng = np.random.default_rng(7)
    shared = rng.normal(0, 1, (600, 2))
    values = rng.normal(0, 0.5, (600, 4))
    second = (np.arange(600) // 150) % 2 == 1
    values[:, 0] += shared[:, 0]
    values[:, 1] += np.where(second, shared[:, 1], shared[:, 0])
    values[:, 2] += np.where(second, shared[:, 0], shared[:, 1])
    windows, starts = windowed(values, 30, 10, 0.0)
    found = states_of(windows, 2, rng)
    middle = second[starts + 15]
    agreement = (found.of_window == middle).mean()
    assert max(agreement, 1 - agreement) > 0.85
    assert found.shares.sum() == pytest.approx(1.0) and found.shares[0] >= found.shares[1]
