"""The artery, and the input function measured in it, found without anybody drawing it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.volumes import LabelMap
from SpatioTemporalLib.io import read_series
from SpatioTemporalLib.sample_data import sample_file
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

DETECT = "kinetics.arterial_input_function"
PATCH = Path(__file__).parents[3] / "data/osipi/dsc_auto_aif/test_concentration.nii"


@pytest.fixture(scope="module")
def phantom():
    design = PhantomDesign(
        ktrans=(0.01, 0.1, 0.3, 1.0), ve=(0.1, 0.2, 0.4), vp=(0.02, 0.1, 0.3), patch=10, frame_interval=3.0, noise=0.02
    )
    return tofts_phantom(design, np.random.default_rng(0))


def test_only_voxels_of_the_artery_are_chosen(phantom):
    artery = st.run(DETECT, series=phantom.series).artery
    assert 3 <= artery.foreground.sum() <= 50
    assert phantom.artery.foreground[artery.foreground].all()


def test_detected_input_gives_the_ktrans_of_the_drawn_artery(phantom):
    drawn = st.run("kinetics.extended_tofts", series=phantom.series, mask=phantom.tissue, aif_mask=phantom.artery)
    found = st.run("kinetics.extended_tofts", series=phantom.series, mask=phantom.tissue, input_function="detected")
    inside = phantom.tissue.foreground
    ratio = np.median(found.ktrans.values[inside] / drawn.ktrans.values[inside])
    # Noise of 2 % in a dozen voxels of the artery.
    assert ratio == pytest.approx(1, abs=0.03)
    assert phantom.artery.foreground[found.artery.foreground].all(), "shown though it lies outside the mask"
    assert "artery" not in drawn


def test_voxels_without_signal_are_not_taken_for_an_artery(phantom):
    random = np.random.default_rng(1)
    values = phantom.series.values.copy()
    air = np.zeros(phantom.series.geometry.shape, bool)
    air[:, :, :5] = True
    level = values.mean()
    values[:, air] = np.abs(random.normal(0, 0.02 * level, (len(values), air.sum())))
    series = st.Series(
        values, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition, name="dce"
    )
    artery = st.run(DETECT, series=series).artery
    assert not (artery.foreground & air).any()
    assert phantom.artery.foreground[artery.foreground].all()


def test_artery_of_a_real_breast_examination_has_the_published_shape(worst_error):
    series = read_series(sample_file("breast_dce.seq.nrrd"))
    found = st.run(DETECT, series=series).input_function[0]
    published = st.read_curve(sample_file("breast_plasma.csv"))
    assert 50 < found.times[found.values.argmax()] < 90
    # The published curve was measured elsewhere, and its bolus arrives a frame later.
    alike = np.corrcoef(found.values[:-1], published.values[1:])[0, 1]
    worst_error("detected input of the breast: 1 - correlation with the published curve", 1 - alike, 0.2)
    assert alike > 0.8


def test_search_is_confined_to_the_mask(phantom):
    half = np.zeros(phantom.series.geometry.shape, np.uint8)
    half[:, :, : half.shape[2] // 2] = 1
    artery = st.run(DETECT, series=phantom.series, mask=LabelMap(half, phantom.series.geometry)).artery
    assert not artery.foreground[half == 0].any()


def test_series_without_contrast_has_no_artery():
    times = np.arange(30.0) * 3
    values = np.random.default_rng(0).normal(0, 0.01, (30, 1, 20, 20))
    series = st.Series(values, times, st.Geometry.from_spacing((1, 20, 20)), unit="mmol/L")
    with pytest.raises(st.InputError, match="no arrival of contrast"):
        st.run(DETECT, series=series)


def test_artery_of_a_real_first_pass_is_one_vessel_early_and_high():
    series = replace(read_series(PATCH, frame_interval=1.5), unit="1/s")
    result = st.run("kinetics.perfusion_by_deconvolution", series=series)
    chosen = result.artery.foreground
    assert 3 <= chosen.sum() <= 50
    curves = series.values[:, chosen]
    heights, peaks = series.values.max(axis=0), series.values.argmax(axis=0)
    assert curves.mean(axis=1).max() > np.percentile(heights, 90)
    assert np.median(peaks[chosen]) <= np.percentile(peaks, 5)
    j, i = np.argwhere(chosen)[:, 1], np.argwhere(chosen)[:, 2]
    assert max(np.ptp(i), np.ptp(j)) <= 6, "the voxels lie together though nothing asked for that"
    assert np.isfinite(result.cbf.values).mean() > 0.9
