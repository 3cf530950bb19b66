import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus_arrival import baseline_length, bolus_arrival
from SpatioTemporalLib.numerics.population_input_functions import parker_blood_concentration

TIMES = np.arange(0, 180, 3.0)


def ramp(arrival, times=TIMES):
    since = np.maximum(times - arrival, 0)
    return 100 + np.minimum(4 * since, 120)


@pytest.mark.parametrize("arrival", [12.0, 31.0, 40.5, 61.7])
def test_arrival_of_a_ramp_is_found_between_frames(arrival):
    # A quarter of a frame is the grid on which the bend is searched.
    assert bolus_arrival(TIMES, ramp(arrival)[:, None])[0] == pytest.approx(arrival, abs=0.75)


def test_arrival_of_the_population_input_is_found():
    curve = parker_blood_concentration(TIMES, arrival=25.0)
    # The bolus begins gently: the bend comes up to a frame and a half late.
    assert bolus_arrival(TIMES, curve[:, None])[0] == pytest.approx(25.0, abs=4.5)


def test_uneven_times_are_taken_as_they_are():
    times = np.concatenate([[0, 10, 20, 30], 32 + np.arange(40) * 1.5])
    assert bolus_arrival(times, ramp(41.0, times)[:, None])[0] == pytest.approx(41.0, abs=0.75)


def test_noise_moves_arrival_by_less_than_a_frame_in_the_median():
    rng = np.random.default_rng(0)
    curves = ramp(40.0)[:, None] + rng.normal(0, 4, (len(TIMES), 300))
    error = bolus_arrival(TIMES, curves) - 40.0
    assert np.abs(np.median(error)) < 3
    assert np.percentile(np.abs(error), 95) < 10


def test_noise_alone_mostly_has_no_arrival():
    rng = np.random.default_rng(1)
    arrival = bolus_arrival(TIMES, 100 + rng.normal(0, 4, (len(TIMES), 1000)))
    assert np.isnan(arrival).mean() > 0.9


def test_flat_falling_and_nan_curves_have_no_arrival():
    curves = np.stack([np.full(len(TIMES), 7.0), 100 - TIMES, np.full(len(TIMES), np.nan)], axis=1)
    assert np.isnan(bolus_arrival(TIMES, curves)).all()


def test_baseline_stops_where_the_curve_begins_to_creep_up():
    curve = np.full(30, 100.0)
    curve[10:] += np.exp(0.5 * np.arange(20))
    assert baseline_length(np.arange(30.0), curve, arrival=14.0) == 10


def test_baseline_keeps_frames_that_are_only_noisy():
    rng = np.random.default_rng(2)
    curve = 100 + rng.normal(0, 2, 30)
    curve[15:] += 80
    assert baseline_length(np.arange(30.0), curve, arrival=14.0) >= 13
