from pathlib import Path

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess

from SpatioTemporalLib.numerics.relaxation.inversion_prepared_echo import (
    ReadoutTrain,
    fit_with_b1,
    inversion_prepared_signal,
)
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

MEASURED = Path(__file__).parents[3] / "data" / "sepal" / "spgr_and_ir_spgr.csv"
ANGLES, DELAYS, TR = np.array([2.0, 5.0, 12.0]), np.array([0.168, 1.068]), 0.0054
TRAIN = ReadoutTrain(5.0, TR, 160)
BOUNDS = (0.01, 10.0), (0.3, 2.0)


def signed(r1, b1):
    echoes = spoiled_gradient_echo_signal(r1, b1 * ANGLES, TR)
    return np.concatenate([echoes, inversion_prepared_signal(r1, b1, DELAYS, TRAIN)], axis=-1)


def pulse_by_pulse(r1, b1, delay, train, shots=60):
    """The same signal by following the magnetisation through every pulse until shots repeat."""
    angle, magnetisation = np.deg2rad(train.flip_angle * b1), 1.0
    for _ in range(shots):
        magnetisation = 1 - (1 + magnetisation) * np.exp(-delay * r1)
        for pulse in range(train.pulses):
            if pulse == round(train.centre * train.pulses):
                signal = magnetisation * np.sin(angle)
            magnetisation = 1 - (1 - magnetisation * np.cos(angle)) * np.exp(-train.spacing * r1)
        magnetisation = 1 - (1 - magnetisation) * np.exp(-train.pause * r1)
    return signal


@pytest.mark.parametrize("delay, pause, centre", [(0.168, 0.0, 0.5), (1.068, 0.7, 0.25), (0.05, 0.0, 0.0)])
def test_signal_is_that_of_every_pulse_followed(delay, pause, centre):
    train = ReadoutTrain(8.0, 0.006, 120, centre, pause)
    for t1 in (0.3, 1.0, 4.0):
        expected = pulse_by_pulse(1 / t1, 0.9, delay, train)
        assert inversion_prepared_signal(1 / t1, 0.9, delay, train) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_noise_free_relaxation_and_field_are_found():
    rng = np.random.default_rng(1)
    t1, b1 = np.exp(rng.uniform(np.log(0.3), np.log(4), 200)), rng.uniform(0.6, 1.4, 200)
    signals = 1e4 * np.abs(np.stack([signed(1 / t, b) for t, b in zip(t1, b1)], axis=1))
    found = fit_with_b1(signals, ANGLES, TR, DELAYS, train=TRAIN, bounds=BOUNDS)
    np.testing.assert_allclose(np.exp(-found.parameters[0]), t1, rtol=1e-5)
    np.testing.assert_allclose(np.exp(found.parameters[1]), b1, rtol=1e-5)
    np.testing.assert_allclose(found.amplitude, 1e4, rtol=1e-5)


def test_never_above_the_best_of_twenty_starts_on_measured_voxels(worst_error):
    signals = np.loadtxt(MEASURED, delimiter=",", skiprows=1)[::4].T
    found = fit_with_b1(signals, ANGLES, TR, DELAYS, train=TRAIN, bounds=BOUNDS)
    low = [np.log(1 / BOUNDS[0][1]), np.log(BOUNDS[1][0])]
    high = [np.log(1 / BOUNDS[0][0]), np.log(BOUNDS[1][1])]
    rng = np.random.default_rng(4)

    def residuals(parameters, which):
        model, measured = np.abs(signed(*np.exp(parameters)[:, :, None])), signals.T[which]
        amplitude = (model * measured).sum(axis=1, keepdims=True) / (model**2).sum(axis=1, keepdims=True)
        return measured - np.maximum(amplitude, 0) * model

    best = smallest_sums_of_squares(residuals, uniform_starts(rng, low, high, signals.shape[1]), low, high)
    excess = worst_excess(found.sse, best, (signals**2).sum(axis=0))
    worst_error("DESPOT1-HIFI, SEPAL brain: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS
