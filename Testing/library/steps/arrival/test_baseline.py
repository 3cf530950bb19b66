"""Which frames are taken for the baseline of a series, and what is said of them."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

TIMES = np.arange(0, 300, 3.0)
FINE = np.arange(-60, 400, 0.1)
MODEL = "kinetics.extended_tofts"
ACQUISITION = st.Acquisition(flip_angle=15.0, repetition_time=0.005)


def plasma(arrival=40.0):
    return st.Curve(FINE, parker_blood_concentration(FINE, arrival=arrival) / 0.58, "mmol/L", "plasma")


def signal(ktrans=0.1, ve=0.25, vp=0.02, arrival=40.0):
    given = plasma(arrival)
    curve = extended_tofts_concentration(given.times, given.values, TIMES, ktrans=ktrans, ve=ve, vp=vp)
    return spoiled_gradient_echo_signal(1 / 1.4 + 4.5 * curve, 15.0, 0.005, 1000.0)


def fitted(curves, **given):
    given = {"aif": plasma(), "curve_is": "plasma", "relaxivity": 4.5, "t1_baseline": 1.4, **given}
    return st.run(MODEL, series=st.Series.from_curves(TIMES, curves, acquisition=ACQUISITION), **given)


def codes(result):
    return {finding.code for finding in result.findings}


def said(result, code):
    return next(finding.message for finding in result.findings if finding.code == code)


@pytest.mark.parametrize("wild", [1, 3, 8])
@pytest.mark.parametrize("frame", [2, 8, 50, 99])
def test_a_few_wild_voxels_do_not_move_the_baseline_of_the_others(wild, frame):
    curves = np.tile(signal()[:, None], (1, 400))
    curves[frame, :wild] = 5000
    ktrans = fitted(curves).ktrans.values.ravel()
    np.testing.assert_allclose(ktrans[wild:], 0.1, rtol=0.01)


def test_a_few_wild_voxels_do_not_move_the_baseline_within_a_region():
    curves = np.tile(signal()[:, None], (1, 12))
    curves[6, 0] = 9000
    mask = st.LabelMap(np.ones((1, 1, 12), np.uint8), st.Geometry.from_spacing((1, 1, 12)))
    np.testing.assert_allclose(fitted(curves, mask=mask).ktrans.values.ravel()[1:], 0.1, rtol=0.01)


def test_the_frames_of_the_baseline_and_the_arrival_are_said():
    text = said(fitted(signal()), "I-BASELINE")
    assert "14 frames (0 to 39 s)" in text or "13 frames (0 to 36 s)" in text
    assert "contrast arrives at" in text


def test_a_baseline_that_reaches_into_contrast_is_told():
    assert "contrast arrives at" in said(fitted(signal(), baseline_frames=20), "W-BASELINE-LATE")
    assert "W-BASELINE-LATE" not in codes(fitted(signal(), baseline_frames=12))


@pytest.mark.parametrize("brightness", [[1.5], [1.1], [2.0, 1.4]])
def test_first_frames_that_are_not_in_the_steady_state_are_told_and_kept_out_of_the_baseline(brightness):
    curve = signal()
    curve[: len(brightness)] *= brightness
    result = fitted(curve)
    assert f"skipped_frames = {len(brightness)}" in said(result, "W-STEADY-STATE")
    left_out = fitted(curve, skipped_frames=len(brightness))
    assert "W-STEADY-STATE" not in codes(left_out)
    assert left_out.ktrans.values.ravel()[0] == pytest.approx(0.1, rel=1e-3)
    assert left_out.rmse.values.ravel()[0] < 1e-4


def test_a_steady_series_is_not_called_unsteady():
    assert not {"W-STEADY-STATE", "W-BASELINE-DRIFT"} & codes(fitted(signal()))


def test_a_first_frame_that_is_darker_is_told_and_kept_out_of_the_baseline():
    curve = signal()
    curve[0] *= 0.7
    result = fitted(curve)
    assert "0.7 times as bright" in said(result, "W-STEADY-STATE")
    assert fitted(curve, skipped_frames=1).ktrans.values.ravel()[0] == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("shape", [(0.0, 0.2, 0.1), (0.1, 0.2, 0.02), (0.3, 0.5, 0.1), (1.5, 0.3, 0.05)])
@pytest.mark.parametrize("every", [5, 20, 30])
def test_one_frame_before_contrast_is_a_baseline_and_not_a_dark_frame(shape, every):
    curve = signal(*shape, arrival=2.0)[::every]
    result = st.run(
        "kinetics.enhancement", series=st.Series.from_curves(TIMES[::every], curve, acquisition=ACQUISITION)
    )
    assert "W-STEADY-STATE" not in codes(result)
    assert result.maximum_enhancement.values.ravel()[0] == pytest.approx(100 * (curve.max() / curve[0] - 1), rel=1e-4)


def test_a_baseline_that_drifts_is_told():
    curve = signal()
    curve[:13] *= np.linspace(1.15, 1.0, 13)
    assert "changes by" in said(fitted(curve), "W-BASELINE-DRIFT")


def test_a_baseline_that_takes_one_frame_with_contrast_is_told():
    curve = signal(arrival=40.0)
    risen = int(np.argmax(curve > 1.05 * curve[0]))
    assert "W-BASELINE-LATE" in codes(fitted(curve, baseline_frames=risen + 1))
    assert "W-BASELINE-LATE" not in codes(fitted(curve, baseline_frames=risen - 1))


@pytest.mark.parametrize("arrival", [-60.0, -10.0, -4.0, 0.0])
@pytest.mark.parametrize("shape", [(0.1, 0.25, 0.02), (0.05, 0.3, 0.0), (0.5, 0.4, 0.1)])
def test_contrast_that_is_there_before_the_first_frame_is_refused_or_told(arrival, shape):
    try:
        result = fitted(signal(*shape, arrival=arrival), aif=None, input_function="parker")
    except st.InputError as error:
        assert error.code in ("E-NO-ARRIVAL", "E-NOTHING-FITTED")
    else:
        assert "W-BASELINE-ONE" in codes(result)


@pytest.mark.parametrize("shape", [(0.1, 0.25, 0.02), (0.02, 0.1, 0.0), (0.3, 0.4, 0.1), (0.01, 0.5, 0.05)])
def test_population_input_found_from_the_series_gives_what_its_true_arrival_gives(shape):
    curve = signal(*shape)
    found = fitted(curve, aif=None, hematocrit=0.42)
    known = fitted(curve, aif=None, hematocrit=0.42, arrival=40.0)
    for name, truth in zip(("ktrans", "ve", "vp"), shape):
        # ve of the slowest tissue, which has taken up a tenth of it by the end, is the least certain.
        assert found[name].values.ravel()[0] == pytest.approx(known[name].values.ravel()[0], rel=0.06, abs=2e-3)
        assert found[name].values.ravel()[0] == pytest.approx(truth, rel=0.06, abs=2e-3)


def test_input_that_arrives_with_the_tissue_is_not_called_late():
    assert "W-AIF-LATE" not in codes(fitted(signal()))


@pytest.mark.parametrize(("shift", "told"), [(25.0, True), (4.0, False)])
def test_input_that_arrives_long_before_the_tissue_is_told_unless_a_delay_is_fitted(shift, told):
    early = plasma(40.0 - shift)
    assert ("W-AIF-EARLY" in codes(fitted(signal(), aif=early))) is told
    assert "W-AIF-EARLY" not in codes(fitted(signal(), aif=early, delay="fit", largest_delay=30))
