import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.enhancement import (
    curve_type,
    initial_area,
    maximum_slope,
    peak_measures,
    signal_enhancement_ratio,
    value_at,
)

TIMES = np.array([0.0, 10.0, 20.0, 50.0, 90.0, 200.0])
CURVE = np.array([0.0, 0.0, 40.0, 100.0, 80.0, 60.0])[:, None]


def test_peak_measures_on_uneven_times():
    measures = {name: value[0] for name, value in peak_measures(TIMES, CURVE, arrival=10.0).items()}
    assert measures == {
        "maximum_enhancement": 100.0,
        "time_to_peak": 40.0,
        "wash_in_slope": 2.5,
        "wash_out_slope": pytest.approx(-40 / 150),
    }


def test_peak_in_the_last_frame_has_no_wash_out():
    rising = np.linspace(0, 5, 6)[:, None]
    assert np.isnan(peak_measures(TIMES, rising, arrival=10.0)["wash_out_slope"][0])


def test_curve_that_never_rises_has_no_slopes():
    measures = peak_measures(TIMES, -CURVE - 1, arrival=10.0)
    assert np.isnan([measures[name][0] for name in ("time_to_peak", "wash_in_slope", "wash_out_slope")]).all()


def test_initial_area_interpolates_both_ends():
    # From 15 to 45 s: 20→40 in 5 s, then 40→90 in 25 s.
    assert initial_area(TIMES, CURVE, 15.0, 30.0)[0] == pytest.approx(5 * 30 + 25 * 65)


def test_initial_area_beyond_the_acquisition_is_nan():
    assert np.isnan(initial_area(TIMES, CURVE, 150.0, 60.0)[0])


def test_value_between_frames_is_linear_and_outside_nan():
    assert value_at(TIMES, CURVE, 35.0)[0] == pytest.approx(70)
    assert value_at(TIMES, CURVE, 200.0)[0] == 60
    assert np.isnan(value_at(TIMES, CURVE, 201.0)[0])


def test_enhancement_ratio_needs_positive_values():
    early, late = np.array([100.0, 50.0, -1.0]), np.array([80.0, 0.0, 10.0])
    assert signal_enhancement_ratio(early, late)[0] == 1.25
    assert np.isnan(signal_enhancement_ratio(early, late)[1:]).all()


def test_curve_types_follow_the_change_of_signal():
    early, late = np.full(5, 200.0), np.array([230.0, 215.0, 200.0, 185.0, 170.0])
    assert curve_type(early, late).tolist() == [1, 2, 2, 2, 3]
    assert curve_type(np.array([0.0]), np.array([5.0])).tolist() == [0]


def test_steepest_rise_uses_the_true_times():
    # Through the frames at 10, 20 and 50 s: a straight line by hand.
    centred = np.array([10.0, 20.0, 50.0]) - 80 / 3
    by_hand = (centred @ np.array([0.0, 40.0, 100.0])) / (centred @ centred)
    assert maximum_slope(TIMES, CURVE, arrival=10.0)[0] == pytest.approx(by_hand)


def test_steepest_rise_needs_as_many_frames_as_the_line():
    assert np.isnan(maximum_slope(TIMES[:2], CURVE[:2], arrival=0.0)[0])
