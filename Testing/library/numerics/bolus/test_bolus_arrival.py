import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.bolus_arrival import baseline_length, bolus_arrival
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

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


def tissues(arrival, times):
    """(T, 135) concentrations of tissues of all speeds and volumes, and (135,) arrivals between frames."""
    fine = np.arange(-60, times[-1] + 60, 0.1)
    step = float(np.median(np.diff(times)))
    curves, arrivals = [], []
    for part in (0.0, 0.4, 0.8):
        blood = parker_blood_concentration(fine, arrival=arrival + part * step) / 0.58
        for ktrans in (0.01, 0.03, 0.1, 0.3, 1.0):
            ktrans, ve, vp = np.broadcast_arrays(ktrans, *np.meshgrid([0.1, 0.25, 0.5], [0.0, 0.02, 0.1]))
            shape = {"ktrans": ktrans.ravel(), "ve": ve.ravel(), "vp": vp.ravel()}
            curves.append(extended_tofts_concentration(fine, blood, times, **shape).T)
            arrivals += [arrival + part * step] * 9
    return np.concatenate(curves, axis=1), np.array(arrivals)


def as_signal(concentration):
    return spoiled_gradient_echo_signal(1 / 1.4 + 4.5 * concentration, 15.0, 0.005, 1000.0)


UNEVEN = np.concatenate([np.arange(0, 120, 4.0), np.arange(120, 600, 20.0)])


@pytest.mark.parametrize("kind", [as_signal, lambda concentration: concentration], ids=["signal", "concentration"])
@pytest.mark.parametrize(
    "times",
    [np.arange(0, 300, 3.0), np.arange(0, 1200, 3.0), np.arange(0, 420, 5.0), np.arange(0, 900, 10.0), UNEVEN],
    ids=["3 s", "3 s, 20 minutes", "5 s", "10 s", "uneven"],
)
def test_arrival_in_any_tissue_is_within_a_frame_however_long_the_series(times, kind):
    concentration, arrivals = tissues(40.0, times)
    interval = np.interp(arrivals, times[:-1], np.diff(times))
    assert (np.abs(bolus_arrival(times, kind(concentration)) - arrivals) < interval).all()


def test_noise_of_a_percent_leaves_the_arrival_in_tissue_within_a_frame_in_nearly_all():
    times = np.arange(0, 420, 5.0)
    concentration, arrivals = tissues(40.0, times)
    signal = as_signal(concentration)
    noisy = signal + 0.01 * signal[0] * np.random.default_rng(3).normal(size=signal.shape)
    error = (bolus_arrival(times, noisy) - arrivals) / 5.0
    # The slowest tissue rises by a percent a frame, so that noise hides its first frames.
    assert (np.abs(error) < 1).mean() > 0.97
    assert np.abs(error).max() < 3


def test_a_rise_between_the_first_two_frames_is_found_there():
    curve = np.array([0.0, 6.0, 1.6, 1.3, 1.1, 1.0, 0.95, 0.9])
    assert 0 < bolus_arrival(np.arange(8) * 60.0, curve[:, None])[0] < 60


def test_last_digits_do_not_move_the_arrival():
    concentration, _ = tissues(40.0, TIMES)
    signal = as_signal(concentration)
    changed = signal * (1 + 1e-13 * np.random.default_rng(4).normal(size=signal.shape))
    np.testing.assert_allclose(bolus_arrival(TIMES, changed), bolus_arrival(TIMES, signal), atol=1e-6)
