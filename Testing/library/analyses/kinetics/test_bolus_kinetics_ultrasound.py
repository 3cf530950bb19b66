import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.indicator_dilution import GAMMA, LOGNORMAL, RANDOM_WALK

TIMES = np.arange(0, 80, 0.5)
MODELS = {
    "gamma_variate": (GAMMA, (3.0, 3.0)),
    "lognormal": (LOGNORMAL, (2.5, 0.5)),
    "ldrw": (RANDOM_WALK, (10.0, 2.0)),
}


def bolus(model, shape, area=400.0, arrival=10.0, baseline=2.0):
    return baseline + area * model.density(TIMES - arrival, *shape)


def analysed(curves, **parameters):
    series = st.Series.from_curves(TIMES, np.asarray(curves).T, name="cine")
    return st.run("kinetics.bolus_kinetics_ultrasound", series=series, baseline_frames=15, **parameters)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_finds_its_own_bolus(name):
    model, shape = MODELS[name]
    result = analysed([bolus(model, shape)], model=name)
    truth = {
        "auc": 400.0,
        "arrival": 10.0,
        "time_to_peak": float(model.mode(*map(np.array, shape))),
        "mean_transit_time": float(model.mean(*map(np.array, shape))),
    }
    for quantity, value in truth.items():
        assert result[quantity].values.item() == pytest.approx(value, rel=1e-4)
    assert (result.auc.unit, result.wash_in_rate.unit, result.rise_time.unit) == ("a.u.*s", "a.u./s", "s")


def test_lognormal_measures_follow_the_closed_forms():
    result = analysed([bolus(LOGNORMAL, (2.5, 0.5))])
    assert result.peak.values.item() == pytest.approx(400 / (np.sqrt(2 * np.pi) * 0.5) * np.exp(-2.5 + 0.125), rel=1e-4)
    assert result.time_to_peak.values.item() == pytest.approx(np.exp(2.5 - 0.25), rel=1e-4)
    assert result.mean_transit_time.values.item() == pytest.approx(np.exp(2.5 + 0.125), rel=1e-4)


def test_perfusion_index_is_the_area_of_wash_in_over_its_time():
    result = analysed([bolus(LOGNORMAL, (2.5, 0.5))])
    index = result.wash_in_area.values / result.rise_time.values
    np.testing.assert_allclose(result.wash_in_perfusion_index.values, index, rtol=1e-5)


def test_baseline_is_found_and_curves_carry_their_fit():
    curves = np.stack([bolus(LOGNORMAL, (2.5, 0.5)), bolus(LOGNORMAL, (2.3, 0.4), area=200)])
    series = st.Series.from_curves(TIMES, curves.T, name="cine")
    result = st.run("kinetics.bolus_kinetics_ultrasound", series=series)
    np.testing.assert_allclose(result.auc.values.ravel(), [400, 200], rtol=0.02)
    measured, fitted = result.curves
    assert fitted.fit_of == measured.name
    assert np.abs(fitted.values - measured.values).max() < 0.05 * measured.values.max()


def test_voxel_without_a_bolus_has_a_reason_and_no_times():
    result = analysed([bolus(LOGNORMAL, (2.5, 0.5)), np.where(TIMES < 10, 5.0, 3.0)])
    assert np.isfinite(result.time_to_peak.values.ravel()).tolist() == [True, False]
    assert result.fit_status.labels[int(result.fit_status.values.ravel()[1])].name == "no uptake"


def test_grey_levels_have_to_be_linear_before_areas_compare():
    """Twice the bubbles are twice the area in linear intensity."""
    power = np.stack([1 + bolus(LOGNORMAL, (2.5, 0.5), area=area, baseline=1.0) for area in (400, 800)])
    series = st.Series.from_curves(TIMES, (10 * np.log10(power) * 255 / 60).T, name="cine")
    linear = st.run("kinetics.linearise_ultrasound", series=series, largest_grey=255, dynamic_range=60).intensity
    areas = st.run("kinetics.bolus_kinetics_ultrasound", series=linear, baseline_frames=15).auc.values.ravel()
    assert areas[1] / areas[0] == pytest.approx(2, rel=1e-3)
