"""Frames that are left out are left out of everything."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom


@pytest.fixture(scope="module")
def series():
    design = PhantomDesign(ktrans=(0.1,), ve=(0.3,), vp=(0.05,), patch=3, frame_interval=3.0, duration=240.0, noise=0.0)
    return tofts_phantom(design, np.random.default_rng(0)).series


def spoilt(series, frames, value):
    values = np.array(series.values, dtype=float)
    values[frames] = value
    return st.Series(values, series.times, series.geometry, acquisition=series.acquisition)


@pytest.mark.parametrize("analysis", ["kinetics.extended_tofts", "kinetics.enhancement", "kinetics.patlak"])
def test_what_skipped_frames_hold_changes_nothing(series, analysis):
    first = st.run(analysis, series=spoilt(series, slice(0, 2), 1e6), skipped_frames=2)
    second = st.run(analysis, series=spoilt(series, slice(0, 2), 1e-3), skipped_frames=2)
    for name, one in first.of_kind(st.Map).items():
        np.testing.assert_array_equal(one.values, second[name].values, err_msg=name)


def test_skipped_frames_of_a_falling_series_are_in_no_area(series):
    rise = series.values / series.values[:5].mean(axis=0) - 1
    values = 1000 * np.exp(-0.3 * rise)
    dsc = st.Series(values, series.times, series.geometry, acquisition=st.Acquisition(echo_time=0.03))
    artery = np.zeros(series.geometry.shape, np.uint8)
    artery[:, -1] = 1
    mask = st.LabelMap(artery, series.geometry, name="artery")
    clean = st.run("kinetics.perfusion_by_deconvolution", series=dsc, aif_mask=mask, skipped_frames=1)
    bright = spoilt(dsc, 0, 1500.0)
    bright = st.Series(bright.values, dsc.times, dsc.geometry, acquisition=dsc.acquisition)
    skipped = st.run("kinetics.perfusion_by_deconvolution", series=bright, aif_mask=mask, skipped_frames=1)
    np.testing.assert_array_equal(clean.cbv.values, skipped.cbv.values)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
def test_a_frame_of_weight_zero_may_hold_anything(series, value):
    weights = np.ones(series.frame_count)
    weights[[3, 30]] = 0
    clean = st.run("kinetics.extended_tofts", series=series)
    result = st.run("kinetics.extended_tofts", series=spoilt(series, [3, 30], value), frame_weights=tuple(weights))
    np.testing.assert_allclose(result.ktrans.values, clean.ktrans.values, rtol=0.02)
    assert not {"W-NONFINITE"} & {finding.code for finding in result.findings}


def test_frames_that_are_averages_keep_their_length_when_one_is_left_out(series):
    weights = np.ones(series.frame_count)
    weights[40] = 0
    whole = st.run("kinetics.extended_tofts", series=series, frame_values="average")
    part = st.run("kinetics.extended_tofts", series=series, frame_values="average", frame_weights=tuple(weights))
    np.testing.assert_allclose(part.ktrans.values, whole.ktrans.values, rtol=1e-3)


def test_baseline_frames_count_the_skipped_ones(series):
    result = st.run("kinetics.enhancement", series=series, skipped_frames=2, baseline_frames=8)
    same = st.Series(series.values[2:], series.times[2:], series.geometry, acquisition=series.acquisition)
    np.testing.assert_array_equal(
        result.maximum_enhancement.values,
        st.run("kinetics.enhancement", series=same, baseline_frames=6).maximum_enhancement.values,
    )


def test_provenance_tells_what_was_asked_for(series):
    result = st.run("kinetics.enhancement", series=series, skipped_frames=2, baseline_frames=8)
    assert result.provenance.parameters["skipped_frames"] == 2
    assert result.provenance.parameters["baseline_frames"] == 8


def test_leaving_everything_out_is_refused_in_words(series):
    with pytest.raises(st.InputError, match="left out") as caught:
        st.run("kinetics.enhancement", series=series, skipped_frames=90)
    assert caught.value.code == "E-SKIPPED"
