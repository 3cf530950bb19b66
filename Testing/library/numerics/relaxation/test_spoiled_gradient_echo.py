import numpy as np
import pytest

from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import (
    concentration_from_signal,
    concentration_with_decay,
    spoiled_gradient_echo_signal,
)

FACTS = {"flip_angle": 20.0, "repetition_time": 0.005}


def test_signal_follows_the_ernst_equation():
    e1 = np.exp(-0.005 / 1.2)
    angle = np.deg2rad(20)
    expected = 7 * np.sin(angle) * (1 - e1) / (1 - np.cos(angle) * e1)
    assert spoiled_gradient_echo_signal(1 / 1.2, s0=7.0, **FACTS) == pytest.approx(expected, rel=1e-14)


def test_ernst_angle_gives_the_largest_signal():
    angles = np.linspace(1, 40, 3901)
    signal = spoiled_gradient_echo_signal(1 / 1.2, angles, 0.005)
    assert angles[signal.argmax()] == pytest.approx(np.rad2deg(np.arccos(np.exp(-0.005 / 1.2))), abs=0.01)


@pytest.mark.parametrize("t1", [0.3, 1.4, 4.0])
def test_concentration_is_the_exact_inverse(t1):
    concentration = np.array([-0.05, 0.0, 0.01, 0.5, 3.0, 8.0])
    signal = spoiled_gradient_echo_signal(1 / t1 + 4.5 * concentration, s0=321.0, **FACTS)
    baseline = spoiled_gradient_echo_signal(1 / t1, s0=321.0, **FACTS)
    got, saturated = concentration_from_signal(signal[:, None], baseline, 1 / t1, relaxivity=4.5, **FACTS)
    np.testing.assert_allclose(got[:, 0], concentration, rtol=1e-9, atol=1e-12)
    assert not saturated.any()


def test_noise_below_the_baseline_stays_negative():
    got, _ = concentration_from_signal(np.array([[90.0], [100.0]]), 100.0, 1 / 1.4, relaxivity=4.5, **FACTS)
    assert got[0, 0] < 0
    assert got[1, 0] == pytest.approx(0, abs=1e-12)


def test_signal_above_any_concentration_is_nan_and_flagged():
    limit = 100 * spoiled_gradient_echo_signal(1e6, **FACTS) / spoiled_gradient_echo_signal(1 / 1.4, **FACTS)
    got, saturated = concentration_from_signal(
        np.array([[0.99 * limit], [1.01 * limit]]), 100.0, 1 / 1.4, relaxivity=4.5, **FACTS
    )
    assert saturated[:, 0].tolist() == [False, True]
    assert np.isfinite(got[0, 0])
    assert np.isnan(got[1, 0])


def test_baseline_that_is_not_positive_gives_nan_not_a_division():
    got, saturated = concentration_from_signal(np.ones((2, 2)), np.array([0.0, -1.0]), 1.0, relaxivity=4.5, **FACTS)
    assert np.isnan(got).all()
    assert not saturated.any()


DECAY = {"echo_time": 0.004, "r2star_relaxivity": 20.0}


def decaying_signal(concentration, t1, s0=321.0):
    relaxing = spoiled_gradient_echo_signal(1 / t1 + 4.5 * concentration, s0=s0, **FACTS)
    return relaxing * np.exp(-DECAY["echo_time"] * DECAY["r2star_relaxivity"] * concentration)


@pytest.mark.parametrize("t1", [0.3, 1.4, 4.0])
def test_concentration_with_decay_is_the_inverse_up_to_the_largest_signal(t1):
    dense = np.linspace(0, 12, 120001)
    largest = dense[decaying_signal(dense, t1).argmax()]
    concentration = np.concatenate(
        [[-0.9 / t1 / 4.5, -0.05, 0.0, 1e-6, 0.01, 0.5], np.array([0.5, 0.9, 0.99]) * largest]
    )
    signal, baseline = decaying_signal(concentration, t1), decaying_signal(0.0, t1)
    got, saturated = concentration_with_decay(signal[:, None], baseline, 1 / t1, relaxivity=4.5, **FACTS, **DECAY)
    # At the largest signal the slope is zero: near it the concentration has half the digits of the signal.
    np.testing.assert_allclose(got[:, 0], concentration, rtol=1e-8, atol=1e-10)
    assert not saturated.any()


def test_signal_above_the_largest_with_decay_is_nan_and_flagged():
    dense = np.linspace(0, 12, 120001)
    largest = decaying_signal(dense, 1.4).max()
    signal = np.array([[0.9999 * largest], [1.0001 * largest]])
    baseline = decaying_signal(0.0, 1.4)
    got, saturated = concentration_with_decay(signal, baseline, 1 / 1.4, relaxivity=4.5, **FACTS, **DECAY)
    assert saturated[:, 0].tolist() == [False, True]
    assert np.isfinite(got[0, 0])
    assert np.isnan(got[1, 0])


def test_without_signal_decay_changes_nothing():
    signal = np.array([[0.0], [-3.0]])
    plain, _ = concentration_from_signal(signal, 100.0, 1 / 1.4, relaxivity=4.5, **FACTS)
    got, _ = concentration_with_decay(signal, 100.0, 1 / 1.4, relaxivity=4.5, **FACTS, **DECAY)
    np.testing.assert_array_equal(got, plain)
