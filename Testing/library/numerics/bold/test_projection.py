"""One projection leaves nothing of what it takes out; steps one after another put it back."""

from __future__ import annotations

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bold.preprocessing.despiking import despiked
from SpatioTemporalLib.numerics.bold.preprocessing.noise_components import eroded, noisiest, principal_courses
from SpatioTemporalLib.numerics.bold.preprocessing.nuisance_columns import (
    legendre_columns,
    legendre_order,
    outside_band,
    spike_columns,
)
from SpatioTemporalLib.numerics.bold.preprocessing.projection import projected, projection_of
from SpatioTemporalLib.numerics.bold.preprocessing.slice_shift import METHODS, shifted

FRAMES, INTERVAL, LOW, HIGH = 200, 2.0, 0.01, 0.1


def stacked(columns):
    return np.stack(list(columns.values()), axis=1)


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    band = stacked(outside_band(FRAMES, INTERVAL, LOW, HIGH))
    return rng.normal(size=(FRAMES, 400)), band, rng.normal(size=(FRAMES, 24))


def energy_in(series, columns):
    basis = projection_of(columns).taken
    return ((basis.T @ series) ** 2).sum() / (series**2).sum()


def test_steps_one_after_another_put_back_what_was_taken_out_and_one_projection_does_not(noise):
    series, band, confounds = noise
    filtered, regressed = projection_of(band), projection_of(confounds)
    filter_first = projected(projected(series, filtered), regressed).astype(float)
    regress_first = projected(projected(series, regressed), filtered).astype(float)
    once = projected(series, projection_of(np.concatenate([band, confounds], axis=1))).astype(float)
    # Means of 20 draws: 7.6 and 7.5 %, with a standard deviation of 0.2 %.
    assert 0.06 < energy_in(filter_first, band) < 0.09
    assert 0.06 < energy_in(regress_first, confounds) < 0.09
    assert energy_in(once, band) < 1e-9 and energy_in(once, confounds) < 1e-9


def test_rank_is_that_of_the_columns_and_what_follows_from_others_counts_once(noise):
    _, band, confounds = noise
    columns = np.concatenate([band, confounds, legendre_columns(FRAMES, 1)], axis=1)
    # 37 frequencies from 0.01 to 0.1 Hz stay: 199 - 74 go, with a constant, a line and 24 confounds.
    assert projection_of(columns).rank == 125 + 1 + 1 + 24
    assert (
        projection_of(np.concatenate([columns, confounds @ np.ones((24, 3)), np.ones((FRAMES, 1))], axis=1)).rank == 151
    )
    assert projection_of(np.zeros((FRAMES, 0))).degrees == FRAMES - 1


def test_few_and_many_columns_agree_with_least_squares():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(40, 7)) + 1000
    for count in (3, 30):
        columns = np.column_stack([np.ones(40), rng.normal(size=(40, count))])
        left = series - columns @ np.linalg.lstsq(columns, series, rcond=None)[0]
        np.testing.assert_allclose(projected(series, projection_of(columns[:, 1:])), left, atol=1e-4)
        kept = projected(series, projection_of(columns[:, 1:]), keep_mean=True)
        np.testing.assert_allclose(kept.mean(axis=0), series.mean(axis=0), rtol=1e-6)


def test_a_spike_column_is_the_frame_left_out():
    rng = np.random.default_rng(2)
    series, column = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
    censored = np.zeros(50, bool)
    censored[[7, 20]] = True
    series[7] += 1000
    found = projected(series, projection_of(np.column_stack([column, stacked(spike_columns(censored))])))
    kept = ~censored
    x = np.column_stack([np.ones(48), column[kept]])
    left = series[kept] - x @ np.linalg.lstsq(x, series[kept], rcond=None)[0]
    np.testing.assert_allclose(found[kept], left, atol=1e-3)


def test_band_keeps_its_edges_and_legendre_order_follows_duration():
    names = outside_band(FRAMES, INTERVAL, LOW, HIGH)
    assert "cos 0.0100 Hz" not in names and "sin 0.1000 Hz" not in names
    assert {"cos 0.0075 Hz", "sin 0.1025 Hz", "cos 0.2500 Hz"} <= set(names) and "sin 0.2500 Hz" not in names
    assert [legendre_order(s) for s in (100.0, 160.0, 400.0)] == [1, 2, 3]
    columns = legendre_columns(400, 3)
    assert np.abs(columns).max() == pytest.approx(1.0) and columns[0].tolist() == pytest.approx([-1.0, 1.0, -1.0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("delay", [0.37, -0.37, 0.5, -1.0])
def test_a_slow_wave_is_moved_in_time(method, delay):
    times = np.arange(120.0)

    def wave(at):
        return 1000 + np.sin(2 * np.pi * at / 20) + np.cos(2 * np.pi * at / 13 + 1)

    found = shifted(wave(times)[:, None], delay, method)[:, 0]
    inner = slice(6, -6)
    assert np.abs(found - wave(times + delay))[inner].max() < 0.02
    assert shifted(wave(times)[:, None], 0.0, method)[:, 0] == pytest.approx(wave(times), rel=1e-6)


def test_fourier_shifts_there_and_back_are_nothing_for_what_is_slow():
    times = np.arange(60.0)
    wave = np.cos(np.pi * (times + 0.5) / 60 * 8)[:, None]
    np.testing.assert_allclose(shifted(shifted(wave, 0.4), -0.4)[6:-6], wave[6:-6], atol=1e-3)


def test_a_spike_is_pulled_in_and_an_answer_stays():
    rng = np.random.default_rng(3)
    answer = np.where((np.arange(100) // 10) % 2, 3.0, 0.0)[:, None]
    series = 1000 + answer + rng.normal(0, 1, (100, 50))
    series[40] += 80
    found, spikes = despiked(series, 9, 3.0, 4.5)
    assert spikes[40].all() and np.abs(found[40] - 1000).max() < 12
    untouched = ~spikes
    np.testing.assert_array_equal(found[untouched], series.astype(np.float32)[untouched])
    assert spikes[np.r_[0:40, 41:100]].mean() < 0.05


def test_courses_of_tissues_are_found_whatever_their_sign_and_mean():
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(80, 2))
    series = 500 + shared @ rng.normal(size=(2, 60)) + 0.05 * rng.normal(size=(80, 60))
    drift = projection_of(legendre_columns(80, 1))
    courses, parts = principal_courses(series, 2, drift)
    left = projected(shared, projection_of(np.column_stack([courses, legendre_columns(80, 1)])))
    assert parts.sum() > 0.95 and left.std() < 0.02 * shared.std()
    series[:, 5] += 30 * rng.normal(size=80)
    assert noisiest(series, drift, 0.01)[5]


def test_masks_lose_their_outer_layer_but_not_all_they_have():
    mask = np.zeros((9, 9, 9), bool)
    mask[1:8, 1:8, 1:8] = True
    assert eroded(mask, 1).sum() == 5**3
    assert eroded(mask, 3).sum() == 3**3
    flat = np.ones((1, 12, 12), bool)
    assert eroded(flat, 1).sum() == 100
