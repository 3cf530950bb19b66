"""Integrals of sampled curves against closed forms: smooth ones, and ones that bend between two frames."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.smooth_integrals import arrival_bend, smooth_integrals

UNEVEN = np.array([0.0, 1.0, 4.0, 6.0, 7.5, 9.0])


def bolus(times, arrival, tau=9.0):
    """A gamma variate that bends at arrival, its integral and the integral of that."""
    x = np.maximum(times - arrival, 0) / tau
    e = np.exp(-x)
    return x * e, tau * (1 - e * (1 + x)), tau**2 * (x - 2 + e * (2 + x))


def test_cubics_are_integrated_exactly_at_any_spacing():
    curves = np.stack([UNEVEN**p for p in range(4)], axis=1)
    once, twice = smooth_integrals(UNEVEN, curves)
    np.testing.assert_allclose(once, np.stack([UNEVEN ** (p + 1) / (p + 1) for p in range(4)], axis=1), atol=1e-9)
    expected = np.stack([UNEVEN ** (p + 2) / (p + 1) / (p + 2) for p in range(4)], axis=1)
    np.testing.assert_allclose(twice, expected, atol=1e-9)


@pytest.mark.parametrize("bend", [2.0, 3.9, 4.0001])
def test_bent_lines_are_integrated_exactly(bend):
    since = np.maximum(UNEVEN - bend, 0)[:, None]
    once, twice = smooth_integrals(UNEVEN, 3 + since, bend)
    np.testing.assert_allclose(once, 3 * UNEVEN[:, None] + since**2 / 2, atol=1e-9)
    np.testing.assert_allclose(twice, 1.5 * UNEVEN[:, None] ** 2 + since**3 / 6, atol=1e-9)


@pytest.mark.parametrize("arrival", [30.0, 30.7, 31.5, 32.6])
def test_bend_of_a_bolus_is_found_and_its_area_is_right_at_three_seconds(arrival):
    times = np.arange(0, 120, 3.0)
    curve, once, twice = bolus(times, arrival)
    bend = arrival_bend(times, curve)
    assert bend == pytest.approx(arrival, abs=0.25)
    found, found_twice = smooth_integrals(times, curve[:, None], bend)
    assert np.abs(found[:, 0] - once).max() < 6e-3 * once[-1]
    assert np.abs(found_twice[:, 0] - twice).max() < 6e-3 * twice[-1]


def test_gentle_or_flat_curves_have_no_bend():
    times = np.arange(0, 90, 3.0)
    assert arrival_bend(times, np.exp(-(((times - 45) / 8) ** 2))) is None
    assert arrival_bend(times, np.zeros(30)) is None
    assert arrival_bend(times, np.exp(-times / 50)) is None
    assert arrival_bend(times, (times > 80) * 1.0) is None


def test_bend_of_a_straight_rise_does_not_hang_on_rounding():
    times = np.arange(0, 90, 3.0)
    rise = np.maximum(times - 31.0, 0)
    for seed in range(5):
        shaken = rise * (1 + 1e-13 * np.random.default_rng(seed).normal(size=30))
        assert arrival_bend(times, shaken) == pytest.approx(31.0, abs=1e-6)


def test_curve_with_a_gap_spoils_no_other():
    curves = np.stack([UNEVEN, np.where(UNEVEN == 4, np.nan, UNEVEN)], axis=1)
    once, _ = smooth_integrals(UNEVEN, curves)
    np.testing.assert_allclose(once[:, 0], UNEVEN**2 / 2, atol=1e-9)
    assert np.isnan(once[-1, 1])
