import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 600, 10.0)


def signal(late):
    """Baseline 100, arrival at 60 s, peak 250 at 120 s, then a straight line to `late` at the end."""
    return np.interp(TIMES, [0, 60, 120, 590], [100, 100, 250, late])


@pytest.fixture(scope="module")
def result():
    series = st.Series.from_curves(TIMES, np.stack([signal(320), signal(250), signal(180)], axis=1))
    return st.run("kinetics.enhancement", series=series, arrival=60.0, baseline_frames=6)


def test_units_follow_the_series(result):
    assert result.maximum_enhancement.unit == "%"
    assert result.iauc60.unit == "%*s"
    concentration = st.Series.from_curves(TIMES, signal(250) - 100, unit="mmol/L")
    assert st.run("kinetics.enhancement", series=concentration).wash_in_slope.unit == "mmol/L/s"


def test_measures_are_those_of_the_drawn_curve(result):
    np.testing.assert_allclose(result.maximum_enhancement.values.ravel(), [220, 150, 150], rtol=1e-6)
    np.testing.assert_allclose(result.time_to_peak.values.ravel(), [530, 60, 60])
    np.testing.assert_allclose(result.iauc60.values.ravel(), 60 * 75, rtol=1e-6)
    np.testing.assert_allclose(result.wash_out_slope.values.ravel()[2], -70 / 470, rtol=1e-5)


def test_curve_types_are_named(result):
    names = [result.curve_type.labels[int(v)].name for v in result.curve_type.values.ravel()]
    assert names == ["persistent", "plateau", "wash-out"]


def test_enhancement_ratio_compares_early_with_late(result):
    early = np.interp(180, TIMES, signal(180)) - 100
    assert result.signal_enhancement_ratio.values.ravel()[2] == pytest.approx(early / 80, rel=1e-5)


def test_arrival_outside_the_series_is_refused():
    series = st.Series.from_curves(TIMES, signal(200), name="dce")
    with pytest.raises(st.InputError, match="arrival at 700 s is outside the series") as caught:
        st.run("kinetics.enhancement", series=series, arrival=700)
    assert caught.value.code == "E-ARRIVAL"


def test_area_beyond_a_short_acquisition_is_nan_not_less():
    short = st.Series.from_curves(TIMES[:14], signal(200)[:14])
    result = st.run("kinetics.enhancement", series=short, arrival=60.0, baseline_frames=6)
    assert np.isfinite(result.iauc60.values).all()
    assert np.isnan(result.iauc90.values).all()


def test_steepest_rise_and_early_enhancement(result):
    # From 100 to 250 in 60 s: 2.5 % of the baseline each second.
    np.testing.assert_allclose(result.maximum_slope.values.ravel(), 2.5, rtol=1e-5)
    early = np.interp(180, TIMES, signal(320)) - 100
    assert result.early_enhancement.values.ravel()[0] == pytest.approx(early, rel=1e-5)


def test_initial_area_is_divided_by_that_of_the_artery_from_its_own_arrival():
    artery = np.interp(TIMES, [0, 40, 60, 590], [100, 100, 900, 300])
    curves = np.stack([artery, signal(250)], axis=1)
    series = st.Series.from_curves(TIMES, curves)
    aif_mask = st.LabelMap(np.array([[[1, 0]]]), series.geometry, name="artery")
    result = st.run("kinetics.enhancement", series=series, aif_mask=aif_mask, arrival=60.0, baseline_frames=6)
    fine = np.linspace(40, 130, 90001)
    area = np.trapezoid(np.interp(fine, TIMES, artery) - 100, fine)
    # Tissue from 60 s: to 150 in 60 s, then 30 s above; the artery's arrival is found to a quarter of a frame.
    expected = (60 * 75 + 30 * 150) / area
    assert result.normalised_iauc90.values.ravel()[1] == pytest.approx(expected, rel=0.03)
    assert result.normalised_iauc90.unit == "1"


def test_artery_without_bolus_is_refused():
    series = st.Series.from_curves(TIMES, np.stack([np.full(len(TIMES), 100.0), signal(250)], axis=1))
    aif_mask = st.LabelMap(np.array([[[1, 0]]]), series.geometry, name="artery")
    with pytest.raises(st.InputError, match="no arrival of contrast was found"):
        st.run("kinetics.enhancement", series=series, aif_mask=aif_mask, arrival=60.0, baseline_frames=4)


def test_attenuation_enhances_by_a_difference_whatever_its_baseline():
    series = st.Series.from_curves(TIMES, np.stack([signal(180) - 100, signal(180) - 180], axis=1), unit="HU")
    result = st.run("kinetics.enhancement", series=series, arrival=60.0, baseline_frames=6)
    assert result.maximum_enhancement.unit == "HU"
    np.testing.assert_allclose(result.maximum_enhancement.values.ravel(), 150, rtol=1e-5)
    assert [result.curve_type.labels[int(v)].name for v in result.curve_type.values.ravel()] == ["wash-out"] * 2
