import numpy as np
import pytest
from scipy.integrate import quad

from SpatioTemporalLib.numerics.signal.exponential_convolution import (
    exponential_convolution,
    running_integral,
    sampled_input,
)

UNEVEN = np.array([0.0, 0.7, 3.1, 3.2, 8.0, 20.0, 21.5, 40.0])
INPUT = np.array([0.0, 0.1, 5.0, 4.0, 1.5, 1.0, 0.9, 0.2])


def by_quadrature(rate, time):
    pieces = [t for t in UNEVEN if t < time] + [time]
    integrand = lambda s: np.exp(-rate * (time - s)) * np.interp(s, UNEVEN, INPUT)  # noqa: E731
    return sum(quad(integrand, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in zip(pieces, pieces[1:]))


@pytest.mark.parametrize("rate", [0.0, 1e-9, 1e-4, 0.003, 0.0099, 0.0101, 0.5, 30.0])
def test_uneven_times_agree_with_quadrature(rate):
    times = np.array([0.5, 3.15, 7.0, 39.0])
    expected = [by_quadrature(rate, time) for time in times]
    # 1e-10: the quadrature's own accuracy.
    np.testing.assert_allclose(exponential_convolution(UNEVEN, INPUT, rate, times), expected, rtol=1e-10)


def test_constant_input_has_the_closed_form():
    times = np.linspace(0, 50, 11)
    got = exponential_convolution([0.0, 50.0], [2.0, 2.0], 0.3, times)
    np.testing.assert_allclose(got, 2 * (1 - np.exp(-0.3 * times)) / 0.3, rtol=1e-12, atol=1e-15)


def test_ramp_input_has_the_closed_form():
    times = np.linspace(0, 50, 11)
    got = exponential_convolution([0.0, 50.0], [0.0, 50.0], 0.3, times)
    np.testing.assert_allclose(got, times / 0.3 - (1 - np.exp(-0.3 * times)) / 0.09, rtol=1e-11, atol=1e-12)


def test_rate_zero_is_the_running_integral():
    expected = [np.trapezoid(INPUT[: n + 1], UNEVEN[: n + 1]) for n in range(len(UNEVEN))]
    np.testing.assert_allclose(running_integral(UNEVEN, INPUT, UNEVEN), expected, rtol=1e-13, atol=1e-15)


def test_nothing_is_convolved_before_the_input_begins():
    got = exponential_convolution([10.0, 20.0], [3.0, 1.0], 0.1, [0.0, 5.0, 10.0, 12.0])
    assert got[:3].tolist() == [0, 0, 0]
    assert got[3] > 0


def test_input_holds_its_last_value_after_its_end():
    got = exponential_convolution([0.0, 1.0], [1.0, 1.0], 0.5, [100.0])
    np.testing.assert_allclose(got, 2.0, rtol=1e-12)


def test_many_rates_give_what_each_gives_alone():
    rates = np.array([[0.0, 0.01], [0.2, 5.0]])
    together = exponential_convolution(UNEVEN, INPUT, rates, UNEVEN)
    assert together.shape == (2, 2, len(UNEVEN))
    np.testing.assert_array_equal(together[1, 0], exponential_convolution(UNEVEN, INPUT, 0.2, UNEVEN))


def test_sampled_input_is_zero_before_it_begins_and_shifts_by_its_delay():
    assert sampled_input([5.0, 10.0], [1.0, 2.0], [0.0, 5.0, 7.5, 20.0]).tolist() == [0, 1, 1.5, 2]
    assert sampled_input([5.0, 10.0], [1.0, 2.0], [7.5], delay=2.5).tolist() == [1.0]
