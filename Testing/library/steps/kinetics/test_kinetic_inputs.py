"""What the kinetic analyses say about inputs they cannot use, and what they do with odd ones."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.volumes import Map
from SpatioTemporalLib.numerics.bolus.population_input_functions import (
    POPULATIONS,
    parker_blood_concentration,
    population_concentration,
)
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

MODEL = "kinetics.extended_tofts"


@pytest.fixture(scope="module")
def phantom():
    design = PhantomDesign(ktrans=(0.05, 0.2), ve=(0.2, 0.4), vp=(0.05,), patch=3, frame_interval=3.0, noise=0.005)
    return tofts_phantom(design, np.random.default_rng(0))


def changed(series, **changes):
    """The phantom's series with other values, times or acquisition."""
    facts = {"values": series.values, "times": series.times, "geometry": series.geometry, "name": "dce"}
    return st.Series(**{**facts, "acquisition": series.acquisition, **changes})


def refusal(phantom, **arguments):
    with pytest.raises(st.InputError) as caught:
        st.run(MODEL, **{"series": phantom.series, **arguments})
    message = str(caught.value)
    assert caught.value.where and caught.value.fix and caught.value.where in message and caught.value.fix in message
    return caught.value


@pytest.mark.parametrize(
    "analysis, frames", [("kinetics.extended_tofts", 3), ("kinetics.extended_tofts", 2), ("kinetics.tofts", 2)]
)
def test_too_few_frames_for_the_model_are_refused_with_the_number_needed(phantom, analysis, frames):
    few = changed(phantom.series, values=phantom.series.values[:frames], times=phantom.series.times[:frames])
    with pytest.raises(st.InputError, match="or more are needed") as caught:
        st.run(analysis, series=few)
    assert caught.value.code == "E-FRAMES"


def test_unknown_flip_angle_says_how_to_give_it(phantom):
    series = changed(phantom.series, acquisition=st.Acquisition(repetition_time=0.004))
    error = refusal(phantom, series=series)
    assert error.code == "E-ACQUISITION"
    assert "flip angle in degrees" in str(error) and "--set flip_angle=" in str(error)


def test_parameters_stand_in_for_unknown_acquisition(phantom):
    series = changed(phantom.series, acquisition=st.Acquisition())
    given = st.run(MODEL, series=series, mask=phantom.tissue, flip_angle=20, repetition_time=0.004)
    known = st.run(MODEL, series=phantom.series, mask=phantom.tissue)
    np.testing.assert_array_equal(given.ktrans.values, known.ktrans.values)


def test_baseline_of_zero_is_masked_and_its_share_shown(phantom):
    values = phantom.series.values.copy()
    values[:, :, 0, :] = 0
    result = st.run(MODEL, series=changed(phantom.series, values=values))
    assert np.isnan(result.ktrans.values[0, 0]).all()
    assert "not positive in 11 % of the voxels (6)" in " ".join(map(str, result.findings))


def test_region_without_baseline_signal_is_refused(phantom):
    values = phantom.series.values.copy()
    values[:9] = -1
    error = refusal(
        phantom, series=changed(phantom.series, values=values), mask=phantom.tissue, baseline_frames=9, arrival=30
    )
    assert error.code == "E-BASELINE"
    assert "100 % of the voxels" in str(error)


def test_series_without_a_rise_is_refused(phantom):
    values = np.full_like(phantom.series.values, 100.0)
    assert refusal(phantom, series=changed(phantom.series, values=values)).code == "E-NO-ARRIVAL"


def test_baseline_longer_than_the_series_is_refused(phantom):
    assert refusal(phantom, baseline_frames=400).code == "E-BASELINE"


def curve(values, times=None, unit="mmol/L"):
    times = np.arange(len(values), dtype=float) if times is None else times
    return st.Curve(times, values, unit, "my input")


def test_flat_input_function_is_refused_and_the_population_one_offered(phantom):
    error = refusal(phantom, aif=curve(np.full(300, 0.7)))
    assert error.code == "E-AIF-FLAT"
    assert error.where == "my input" and "parker" in error.fix


def test_noise_is_no_input_function(phantom):
    noise = np.random.default_rng(1).normal(0, 0.3, 300)
    assert refusal(phantom, aif=curve(noise)).code == "E-AIF-FLAT"


def test_input_function_in_another_unit_is_refused(phantom):
    error = refusal(phantom, aif=curve(np.ones(9), unit="a.u."))
    assert error.code == "E-AIF-UNIT"
    assert "found a.u." in str(error)


def test_input_function_with_a_hole_is_refused(phantom):
    values = parker_blood_concentration(np.arange(300.0), arrival=30)
    values[40] = np.nan
    assert refusal(phantom, aif=curve(values)).code == "E-AIF-VALUE"


def test_chosen_kind_of_input_function_must_be_given(phantom):
    assert refusal(phantom, input_function="curve").code == "E-AIF-MISSING"
    assert refusal(phantom, input_function="measured").code == "E-AIF-MISSING"


def test_input_function_a_thousand_times_too_high_is_reported(phantom):
    times = np.arange(0.0, 360.0)
    result = st.run(
        MODEL, series=phantom.series, aif=curve(1000 * parker_blood_concentration(times, arrival=30), times)
    )
    assert "W-AIF-PEAK" in [finding.code for finding in result.findings]


def test_input_function_that_ends_early_is_reported(phantom):
    times = np.arange(0.0, 300.0)
    result = st.run(MODEL, series=phantom.series, aif=curve(parker_blood_concentration(times, arrival=30), times))
    assert any(f.code == "W-AIF-SHORT" and "58 s before" in f.message for f in result.findings)


def test_input_function_that_covers_too_little_of_the_series_is_refused(phantom):
    times = np.arange(0.0, 200.0)
    error = refusal(phantom, aif=curve(parker_blood_concentration(times, arrival=30), times))
    assert error.code == "E-AIF-TIMES" and "0 to 199 s" in str(error)


def test_input_function_that_arrives_after_the_tissue_is_reported(phantom):
    times = np.arange(0.0, 360.0)
    late = st.run(MODEL, series=phantom.series, aif=curve(parker_blood_concentration(times, arrival=60), times))
    right = st.run(MODEL, series=phantom.series, aif=curve(parker_blood_concentration(times, arrival=30), times))
    assert any(f.code == "W-AIF-LATE" and "delay = fit" in f.message for f in late.findings)
    assert "W-AIF-LATE" not in [f.code for f in right.findings]


def test_saturated_artery_voxels_are_left_out_and_counted(phantom):
    values = phantom.series.values.copy()
    row, column = np.argwhere(phantom.artery.values[0])[0]
    values[15, 0, row, column] = 1e6
    result = st.run(
        MODEL,
        series=changed(phantom.series, values=values),
        mask=phantom.tissue,
        aif_mask=phantom.artery,
        **phantom.facts,
    )
    assert any(f.code == "W-AIF-SATURATED" and f.message.startswith("1 of 18") for f in result.findings)
    np.testing.assert_allclose(np.nanmedian(result.ktrans.values), 0.125, atol=0.08)


def test_artery_saturated_throughout_is_refused(phantom):
    values = phantom.series.values.copy()
    values[15:, phantom.artery.foreground] = 1e6
    error = refusal(phantom, series=changed(phantom.series, values=values), aif_mask=phantom.artery, baseline_frames=9)
    assert error.code == "E-AIF-SATURATED"


def test_saturated_tissue_is_nan_with_its_reason(phantom):
    values = phantom.series.values.copy()
    values[20, 0, 1, 1] = 1e6
    result = st.run(MODEL, series=changed(phantom.series, values=values), mask=phantom.tissue)
    assert np.isnan(result.ktrans.values[0, 1, 1])
    assert "above what any concentration gives" in result.fit_status.labels[int(result.fit_status.values[0, 1, 1])].name


def test_hematocrit_is_applied_exactly_once(phantom):
    times = np.arange(0.0, 360.0)
    blood = parker_blood_concentration(times, arrival=30)
    as_blood = st.run(MODEL, series=phantom.series, aif=curve(blood, times), hematocrit=0.42)
    as_plasma = st.run(MODEL, series=phantom.series, aif=curve(blood / 0.58, times), curve_is="plasma", hematocrit=0.42)
    np.testing.assert_allclose(as_blood.ktrans.values, as_plasma.ktrans.values, rtol=1e-5)
    np.testing.assert_allclose(as_blood.input_function[0].values, blood / 0.58)


def test_population_input_scales_with_the_dose(phantom):
    single = st.run(MODEL, series=phantom.series, mask=phantom.tissue, dose=0.1).input_function[0]
    half = st.run(MODEL, series=phantom.series, mask=phantom.tissue, dose=0.05).input_function[0]
    np.testing.assert_allclose(2 * half.values, single.values)


def test_t1_map_replaces_the_fixed_t1(phantom):
    t1 = st.Map(np.full(phantom.series.geometry.shape, 1.4), phantom.series.geometry, "s", "t1")
    by_map = st.run(MODEL, series=phantom.series, mask=phantom.tissue, t1_map=t1, t1_baseline=0.5)
    fixed = st.run(MODEL, series=phantom.series, mask=phantom.tissue, t1_baseline=1.4)
    np.testing.assert_allclose(by_map.ktrans.values, fixed.ktrans.values, rtol=1e-6)


def test_concentration_series_needs_no_acquisition(phantom):
    concentration = st.run("kinetics.concentration", series=phantom.series).concentration
    bare = changed(concentration, acquisition=st.Acquisition(), unit="mmol/L")
    from_concentration = st.run(MODEL, series=bare, mask=phantom.tissue)
    from_signal = st.run(MODEL, series=phantom.series, mask=phantom.tissue)
    np.testing.assert_allclose(from_concentration.ktrans.values, from_signal.ktrans.values, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(POPULATIONS))
def test_every_population_input_function_can_be_chosen_and_becomes_plasma_once(phantom, name):
    result = st.run(MODEL, series=phantom.series, mask=phantom.tissue, input_function=name, arrival=30.0)
    used = result.input_function[0]
    published = population_concentration(name, used.times, arrival=30.0)
    in_plasma = POPULATIONS[name].in_plasma
    np.testing.assert_allclose(used.values, published if in_plasma else published / 0.58)
    assert POPULATIONS[name].title in used.name


def test_flip_angles_scaled_by_b1_give_the_same_ktrans(phantom):
    b1 = Map(np.full(phantom.series.geometry.shape, 0.8), phantom.series.geometry, "1")
    nominal = phantom.series.acquisition.flip_angle
    by_map = st.run(MODEL, series=phantom.series, mask=phantom.tissue, b1_map=b1, flip_angle=nominal / 0.8)
    plain = st.run(MODEL, series=phantom.series, mask=phantom.tissue)
    np.testing.assert_allclose(by_map["ktrans"].values, plain["ktrans"].values, rtol=1e-5)


def test_voxels_without_b1_are_left_out(phantom):
    values = np.ones(phantom.series.geometry.shape)
    first = tuple(np.argwhere(phantom.tissue.foreground)[0])
    values[first] = 0
    b1 = Map(values, phantom.series.geometry, "1")
    result = st.run(MODEL, series=phantom.series, mask=phantom.tissue, b1_map=b1)
    assert np.isnan(result["ktrans"].values[first])
    assert np.isfinite(result["ktrans"].values[phantom.tissue.foreground]).sum() > 1
