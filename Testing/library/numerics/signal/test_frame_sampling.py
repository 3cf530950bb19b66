import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants, continuous_curve, frame_edges, over_intervals

UNEVEN = np.array([0.0, 3.0, 5.0, 12.0, 20.0])


def test_instants_are_left_as_they_are():
    sampling = at_instants(UNEVEN)
    assert sampling.frames(UNEVEN**2).tolist() == (UNEVEN**2).tolist()


def test_mean_over_each_interval_is_that_of_the_integral():
    sampling = over_intervals(UNEVEN)
    edges = frame_edges(UNEVEN)
    expected = np.diff(edges**3 / 3) / np.diff(edges)
    # The trapezoid on steps of 0.1 s is off by its square over six.
    np.testing.assert_allclose(sampling.frames(sampling.times**2), expected, rtol=2e-3)
    np.testing.assert_allclose(sampling.frames(2 * sampling.times), edges[:-1] + edges[1:], rtol=1e-12)


def test_last_frame_lasts_as_long_as_the_one_before():
    assert frame_edges(UNEVEN).tolist() == [0, 3, 5, 12, 20, 28]


def test_continuous_curve_has_the_measured_means():
    times = np.arange(0, 120, 5.0)
    sampling = over_intervals(times)
    averages = sampling.frames(parker_blood_concentration(sampling.times, arrival=22.0))
    rebuilt = continuous_curve(averages, sampling)
    np.testing.assert_allclose(sampling.frames(rebuilt), averages, atol=0.01)


def test_continuous_curve_restores_a_peak_that_averaging_flattens():
    times = np.arange(0, 120, 4.0)
    sampling = over_intervals(times)
    bolus = 6 * np.exp(-(((sampling.times - 41) / 6) ** 2))
    averages = sampling.frames(bolus)
    rebuilt = continuous_curve(averages, sampling)
    assert averages.max() < 5.85
    assert rebuilt.max() == pytest.approx(6.0, rel=0.01)
