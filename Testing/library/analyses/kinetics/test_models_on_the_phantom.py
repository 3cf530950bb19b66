"""Each model on a phantom with known truth, through signal, artery and conversion."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom


def made(noise=0.0, **changes):
    return tofts_phantom(PhantomDesign(noise=noise, patch=4, **changes), np.random.default_rng(0))


@pytest.fixture(scope="module")
def clean():
    return made()


def run(analysis, phantom, **more):
    arguments = {"series": phantom.series, "mask": phantom.tissue, "aif_mask": phantom.artery, **phantom.facts}
    return st.run(analysis, **{**arguments, **more})


def relative_error(result, phantom, name):
    inside = phantom.tissue.foreground
    return np.abs(result[name].values[inside] / phantom.truth[name].values[inside] - 1)


def test_extended_tofts_recovers_truth_within_a_few_percent_without_noise(clean):
    result = run("kinetics.extended_tofts", clean)
    # What is left is the artery's linear interpolation between frames of 1.5 s.
    assert np.median(relative_error(result, clean, "ktrans")) < 0.01
    assert relative_error(result, clean, "ktrans").max() < 0.05
    assert relative_error(result, clean, "ve").max() < 0.05
    assert np.abs(result.vp.values - clean.truth["vp"].values)[clean.tissue.foreground].max() < 0.005


def test_standard_errors_match_the_scatter_of_noise_in_concentration():
    phantom = made(ktrans=(0.15,), ve=(0.3,), vp=(0.05,))
    clean = st.run("kinetics.concentration", series=phantom.series, **{k: phantom.facts[k] for k in ("t1_baseline",)})
    curve = clean.concentration.values[:, 0, 0, 0]
    noisy = curve[:, None] + np.random.default_rng(1).normal(0, 0.01, (curve.size, 2000))
    series = st.Series.from_curves(phantom.series.times, noisy, unit="mmol/L")
    times = np.arange(0, 360, 0.5)
    aif = st.Curve(times, parker_blood_concentration(times, arrival=30.0), "mmol/L", "Parker")
    result = st.run("kinetics.extended_tofts", series=series, aif=aif)
    for name in ("ktrans", "ve", "vp", "kep"):
        ratio = np.median(result[f"{name}_se"].values) / result[name].values.std()
        # 2000 repeats leave 1.6 % of scatter.
        assert ratio == pytest.approx(1, abs=0.08), name


def test_model_selection_of_the_user_matters_where_vp_is_not_zero(clean):
    with_plasma = (clean.truth["vp"].values > 0) & clean.tissue.foreground
    tofts = run("kinetics.tofts", clean)
    extended = run("kinetics.extended_tofts", clean)
    assert np.nanmedian(tofts.rmse.values[with_plasma]) > 3 * np.nanmedian(extended.rmse.values[with_plasma])


def test_patlak_recovers_slow_leakage():
    phantom = made(ktrans=(0.005, 0.01), ve=(0.5,), vp=(0.05,), duration=120.0)
    result = run("kinetics.patlak", phantom)
    assert relative_error(result, phantom, "ktrans").max() < 0.05
    assert np.abs(result.vp.values - 0.05)[phantom.tissue.foreground].max() < 0.002


def test_known_delay_is_found_and_frees_the_other_parameters():
    phantom = made(ktrans=(0.1, 0.3), ve=(0.3,), vp=(0.05,))
    values = phantom.series.values.copy()
    frames = 4
    tissue = phantom.tissue.foreground
    values[frames:, tissue] = phantom.series.values[:-frames, tissue]
    values[:frames, tissue] = phantom.series.values[0, tissue]
    late = st.Series(values, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition)
    ignored = run("kinetics.extended_tofts", phantom, series=late)
    found = run("kinetics.extended_tofts", phantom, series=late, delay="fit")
    np.testing.assert_allclose(found.delay.values[tissue], 4 * 1.5, atol=0.25)
    assert relative_error(found, phantom, "ktrans").max() < 0.05
    assert relative_error(ignored, phantom, "ktrans").max() > 0.1


def test_uneven_times_and_a_missing_frame_change_little(clean):
    keep = np.ones(clean.series.frame_count, bool)
    keep[[40, 41, 90]] = False
    keep[120::2] = False
    series = st.Series(
        clean.series.values[keep], clean.series.times[keep], clean.series.geometry, acquisition=clean.series.acquisition
    )
    result = run("kinetics.extended_tofts", clean, series=series)
    assert relative_error(result, clean, "ktrans").max() < 0.05


def test_statistics_hold_one_row_for_each_region_and_parameter(clean):
    labels = clean.tissue.values * (1 + (clean.truth["vp"].values > 0))
    mask = st.LabelMap(labels, clean.series.geometry, {1: st.Label("without"), 2: st.Label("with plasma")})
    table = run("kinetics.extended_tofts", clean, mask=mask).statistics
    assert table.columns["region"] == ["without"] * 4 + ["with plasma"] * 4
    assert table.columns["quantity"][:4] == ["ktrans", "ve", "vp", "kep"]
    vp = table.columns["median"][table.columns["region"].index("with plasma") + 2]
    assert vp == pytest.approx(0.05, rel=0.05)


def test_curves_come_with_the_model_drawn_over_them(clean):
    measured, model = run("kinetics.extended_tofts", clean).curves
    assert (measured.name, model.fit_of) == ("tissue", "tissue")
    assert measured.unit == model.unit == "mmol/L"
    # A mean of different tissues is no curve of the model, but close to one.
    assert np.abs(measured.values - model.values).max() < 0.1 * measured.values.max()


def test_t1_map_of_known_t1_is_exact():
    from library.small.inputs import flip_angle_stack

    stack = flip_angle_stack(st.Geometry.from_spacing((2, 5, 6)))
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack)
    np.testing.assert_allclose(result.t1.values.ravel(), np.linspace(0.5, 2.0, 60), rtol=1e-5)
    np.testing.assert_allclose(result.s0.values, 1000.0, rtol=1e-5)


def test_one_flip_angle_is_no_t1():
    stack = st.ImageStack(np.ones((2, 1, 1, 1)), [5.0, 5.0], st.Geometry.from_spacing((1, 1, 1)), name="angles")
    with pytest.raises(st.InputError, match="angles: two different flip angles") as caught:
        st.run("kinetics.variable_flip_angle_t1", stack=stack, repetition_time=0.005)
    assert caught.value.code == "E-ANGLES"
