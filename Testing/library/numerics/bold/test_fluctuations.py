"""Entropy, information, latency, homogeneity and timescales: the owners' numbers, and truth that was planted."""

from __future__ import annotations

import numpy as np
import pytest
from library.references.fluctuation_oracles import FILE, signals
from scipy import integrate, ndimage, stats

from SpatioTemporalLib.data import Events
from SpatioTemporalLib.numerics.bold.entropy import coarse_grained, match_counts, sample_entropy
from SpatioTemporalLib.numerics.bold.information import condition_of_frames, copula_information, information
from SpatioTemporalLib.numerics.bold.latency import lag_threads, lag_to, latency_matrix, latency_projection
from SpatioTemporalLib.numerics.bold.local_measures import (
    NEIGHBOURHOODS,
    TIMESCALES,
    fluctuation_amplitudes,
    regional_homogeneity,
    timescale,
)

KNOWN = np.load(FILE)


@pytest.mark.parametrize(("order", "share"), [(2, 0.2), (2, 0.3), (3, 0.6)])
def test_sample_entropy_is_antropys_and_entropyhubs(order, share, worst_error):
    values = signals()
    found, counts = sample_entropy(values, order, share * values.std(axis=0))
    for owner in ("antropy", "EntropyHub"):
        wanted = KNOWN[f"{owner} {order} {share}"]
        known = np.isfinite(wanted)
        np.testing.assert_allclose(found[known], wanted[known], rtol=1e-12, err_msg=owner)
        assert np.isnan(found[~known]).all()
        worst_error(f"sample entropy, m = {order}, against {owner}", np.abs(found - wanted)[known].max(), 1e-12)
    assert (counts.longer <= counts.shorter).all()


def test_matches_are_those_of_a_loop_over_pairs():
    values, order = signals()[:40, 8:], 2
    limit = 0.5 * values.std(axis=0)
    found = match_counts(values, order, limit)
    for voxel, series in enumerate(values.T):
        count = len(series) - order
        pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
        shorter = [max(abs(series[i + k] - series[j + k]) for k in range(order)) <= limit[voxel] for i, j in pairs]
        longer = [s and abs(series[i + order] - series[j + order]) <= limit[voxel] for s, (i, j) in zip(shorter, pairs)]
        assert (found.shorter[voxel], found.longer[voxel]) == (sum(shorter), sum(longer))


def test_more_voxels_than_a_block_and_more_matches_than_a_byte():
    values = np.tile(signals(), (3, 100))
    found = match_counts(values, 2, 1e3)
    assert len(found.shorter) == 1200 and (found.shorter == 448 * 447 // 2).all()


def test_noise_loses_entropy_with_scale_and_memory_does_not():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (1200, 3))
    memory = np.cumsum(rng.normal(0, 1, (1200, 3)), axis=0)
    for values, falls in ((noise, True), (memory, False)):
        limit = 0.3 * values.std(axis=0)
        first, fourth = (np.nanmean(sample_entropy(coarse_grained(values, s), 2, limit)[0]) for s in (1, 4))
        assert (fourth < first) == falls


def test_information_by_bins_is_scikit_learns(worst_error):
    values, labels = signals(), (np.arange(150) // 10) % 3
    found = information(values, labels, 5, bins=4)
    # The bias is taken off here: S - 1 times R - 1 over 2 N ln 2 where all bins occur with all conditions.
    count = 150 - np.arange(6)
    level = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") * 4 // 150
    for delay in range(6):
        for voxel in range(12):
            table = np.zeros((3, 4))
            np.add.at(table, (labels[: 150 - delay], level[delay:, voxel]), 1)
            bias = ((table > 0).sum(axis=1) - 1).sum() - ((table.sum(axis=0) > 0).sum() - 1)
            plain = found.bits[delay, voxel] + bias / (2 * count[delay] * np.log(2))
            assert plain == pytest.approx(KNOWN["mutual information"][delay, voxel], abs=1e-9)
    worst_error("mutual information against scikit-learn, bit", 0.0, 1e-5)


def test_the_delay_and_the_voxels_that_carry_information_are_found():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 400)
    delays = np.array([1, 3, 5, 0])
    values = rng.normal(0, 1, (400, 84))
    for voxel, delay in enumerate(delays):
        values[:, voxel] += 2.0 * np.roll(labels, delay)
    for found in (
        information(values, labels, 7, surrogates=60, rng=rng),
        copula_information(values, labels, 7, surrogates=60, rng=rng),
    ):
        np.testing.assert_allclose(found.delay[:4], delays, atol=0.5)
        assert (found.p[:4] < 0.05).all() and (found.p[4:] < 0.05).mean() < 0.14
        assert (np.abs(found.best[4:]) < 0.05).all()


def test_information_of_two_equal_gaussians_is_that_of_their_mixture():
    rng = np.random.default_rng(2)
    labels = np.arange(4000) % 2
    values = rng.normal(0, 1, (4000, 1)) + 3.0 * labels[:, None]
    grid = np.linspace(-8, 12, 4001)
    mixture = (stats.norm.pdf(grid) + stats.norm.pdf(grid - 3)) / 2
    truth = -integrate.trapezoid(mixture * np.log2(mixture + 1e-300), grid) - 0.5 * np.log2(2 * np.pi * np.e)
    assert information(values, labels, 0, bins=12).best[0] == pytest.approx(truth, abs=0.04)


def test_the_null_keeps_what_a_signal_remembers():
    """Slow signals without any relation pass a level no more often than it says."""
    rng = np.random.default_rng(3)
    slow = ndimage.gaussian_filter1d(rng.normal(0, 1, (300, 200)), 6, axis=0)
    labels = (np.arange(300) // 12) % 2
    found = information(slow, labels, 5, surrogates=99, rng=rng)
    assert (found.p < 0.05).mean() < 0.11


def test_conditions_of_frames_follow_events():
    events = Events([0.0, 10.0, 13.0], [4.0, 0.0, 2.0], ("b", "a", "b"), [1.0] * 3)
    labels = condition_of_frames(np.arange(10) * 2.0, events)
    assert labels.tolist() == [2, 2, 0, 0, 0, 1, 0, 2, 0, 0]


def delayed(lags, frames=600, step=1.0, noise=0.05, seed=0):
    """Copies of a smooth signal, later by so many seconds each."""
    rng = np.random.default_rng(seed)
    fine = ndimage.gaussian_filter1d(rng.normal(0, 1, 10 * frames + 200), 25)
    times = np.arange(len(fine)) * step / 10
    own = np.stack([np.interp(np.arange(frames) * step + 10 - lag, times, fine) for lag in lags], axis=1)
    own /= own.std(axis=0)
    return own + rng.normal(0, noise, own.shape)


def test_delays_between_signals_are_found_with_their_sign():
    lags = np.array([0.0, 0.6, -1.3, 2.2])
    found = latency_matrix(delayed(lags), 1.0, 4.0)
    np.testing.assert_allclose(found.delay, lags[None, :] - lags[:, None], atol=0.1)
    np.testing.assert_allclose(found.delay + found.delay.T, 0, atol=1e-12)
    np.testing.assert_allclose(latency_projection(found), (4 * lags - lags.sum()) / 3, atol=0.1)
    order = np.argsort(latency_projection(found, weighted=True))
    assert order.tolist() == np.argsort(lags).tolist()


def test_delays_beyond_the_range_are_none_and_signs_are_kept():
    values = delayed(np.array([0.0, 6.0]))
    assert np.isnan(latency_matrix(values, 1.0, 4.0).delay[0, 1])
    values = delayed(np.array([0.0, 1.0]))
    values[:, 1] *= -1
    found = latency_matrix(values, 1.0, 4.0)
    assert found.delay[0, 1] == pytest.approx(1.0, abs=0.15) and found.peak[0, 1] < -0.8


def test_lags_do_not_reach_over_a_gap():
    values = delayed(np.array([0.0, 1.0]))
    blocks = np.repeat([0, -1, 1], [280, 40, 280])
    values[280:320] = 1e4
    assert latency_matrix(values, 1.0, 4.0, blocks).delay[0, 1] == pytest.approx(1.0, abs=0.15)


def test_one_order_of_delays_explains_nearly_all():
    first = np.array([0.0, 1, 2, 3, 4])
    values = np.concatenate([delayed(first / 3, seed=s) for s in (1, 2)])
    _, share = lag_threads(latency_matrix(values, 1.0, 4.0), 2)
    assert share[0] > 0.9


def test_the_lag_of_every_voxel_to_a_reference_is_found():
    lags = np.linspace(-2, 2, 9)
    values = delayed(lags, noise=0.02)
    lag, correlation = lag_to(values.astype(np.float32), delayed([0.0], noise=0.0)[:, 0], 1.0, 4.0)
    np.testing.assert_allclose(lag, lags, atol=0.1)
    assert (correlation > 0.9).all()
    # A constant voxel has no lag.
    assert np.isnan(lag_to(np.ones((600, 1), np.float32), values[:, 0], 1.0, 4.0)[0][0])


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_homogeneity_is_kendalls_w_of_the_neighbours(neighbours):
    rng = np.random.default_rng(5)
    inside = rng.random((4, 5, 6)) > 0.2
    series = np.rint(rng.normal(0, 2, (30, int(inside.sum()))))
    found = regional_homogeneity(series, inside, neighbours, fewest=2)
    near = ndimage.generate_binary_structure(3, NEIGHBOURHOODS[neighbours])
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(int(inside.sum()))
    padded = np.pad(number, 1, constant_values=-1)
    for n, (k, j, i) in enumerate(np.argwhere(inside)):
        own = padded[k : k + 3, j : j + 3, i : i + 3][near]
        own = own[own >= 0]
        ranks = np.stack([stats.rankdata(series[:, m]) for m in own])
        sizes = [np.unique(series[:, m], return_counts=True)[1] for m in own]
        ties = sum((size**3 - size).sum() for size in sizes)
        total = ranks.sum(axis=0)
        w = 12 * ((total - total.mean()) ** 2).sum() / (len(own) ** 2 * (30**3 - 30) - len(own) * ties)
        assert found[n] == (pytest.approx(w, rel=1e-5) if len(own) >= 2 else pytest.approx(np.nan, nan_ok=True))


def test_amplitudes_of_a_sine_are_its_own():
    times = np.arange(200) * 2.0
    series = np.stack([3 * np.sin(2 * np.pi * 0.04 * times), 3 * np.sin(2 * np.pi * 0.2 * times)], axis=1)
    amplitude, share = fluctuation_amplitudes(series, 2.0)
    in_band = int(np.floor(0.08 * 400) - np.ceil(0.01 * 400) + 1)
    assert amplitude[0] * in_band == pytest.approx(3.0, rel=1e-6) and amplitude[1] < 1e-9
    assert share[0] == pytest.approx(1.0) and share[1] < 1e-9


def test_timescales_of_signals_that_forget_exponentially():
    rng = np.random.default_rng(6)
    rho, step = 0.8, 2.0
    series = rng.normal(0, 1, (40000, 3))
    for n in range(1, len(series)):
        series[n] += rho * series[n - 1]
    tau = -step / np.log(rho)
    assert timescale(series, step, TIMESCALES[3]).mean() == pytest.approx(tau, rel=0.05)
    assert timescale(series, step, TIMESCALES[2], longest=40).mean() == pytest.approx(tau, rel=0.1)
    assert timescale(series, step, TIMESCALES[0], longest=60).mean() == pytest.approx(step / (1 - rho), rel=0.15)
    half = np.log(2) / -np.log(rho)
    assert timescale(series, step, TIMESCALES[1]).mean() == pytest.approx(2 * step * half, rel=0.07)
