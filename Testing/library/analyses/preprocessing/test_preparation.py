"""Slice timing, motion, nuisance, spikes and smoothing of runs whose truth is known, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bold.preprocessing.rigid_motion import NAMES
from SpatioTemporalLib.simulation.bold.run import BoldDesign, simulated_run

HAXBY = Path(__file__).parents[4] / "Resources" / "SampleData" / "haxby_1slice"


@cache
def run_of(**changed):
    design = {"shape": (14, 36, 30), "spacing": (5.2, 5.2, 8.5), "frames": 80} | changed
    return simulated_run(BoldDesign(**design), np.random.default_rng(0))


@cache
def moved():
    return st.run("preprocessing.motion", series=run_of().series)


def waves(slices=6, frames=80, interval=2.0, times=True):
    """A wave that every slice sees at its own time."""
    at = np.arange(slices) * interval / slices
    moments = np.arange(frames)[:, None] * interval + at
    values = 1000 + 50 * np.sin(2 * np.pi * moments / 24)
    values = np.broadcast_to(values[:, :, None, None], (frames, slices, 5, 5)).astype(np.float32)
    facts = st.Acquisition("MR", slice_times=tuple(at) if times else None)
    return st.Series(values, np.arange(frames) * interval, st.Geometry.from_spacing((slices, 5, 5)), acquisition=facts)


@pytest.mark.parametrize("method", ["fourier", "spline"])
def test_slices_say_the_same_after_slice_timing(method):
    series = waves()
    result = st.run("preprocessing.slice_timing", series=series, slice_method=method)
    courses = result.corrected.values[5:-5, :, 2, 2]
    expected = 1000 + 50 * np.sin(2 * np.pi * (series.times[5:-5] + 1.0) / 24)
    assert np.abs(courses - expected[:, None]).max() < 0.5
    assert result.corrected.acquisition.slice_times == (1.0,) * 6
    assert result.slices.columns["moved"][0] == pytest.approx(1.0)
    again = st.run("preprocessing.slice_timing", series=result.corrected)
    np.testing.assert_array_equal(again.corrected.values, result.corrected.values)
    assert "W-SLICE-TIMES-EQUAL" in {f.code for f in again.findings}


def test_slices_can_be_brought_to_any_time_of_the_frame():
    series = waves(times=False)
    at = tuple(np.arange(6) / 3)
    found = st.run("preprocessing.slice_timing", series=series, slice_times=at, slice_reference=0.0)
    expected = 1000 + 50 * np.sin(2 * np.pi * series.times[5:-5] / 24)
    assert np.abs(found.corrected.values[5:-5, 4, 1, 1] - expected).max() < 0.5


def test_order_of_slices_is_never_guessed():
    with pytest.raises(st.InputError, match="not guessed") as caught:
        st.run("preprocessing.slice_timing", series=waves(times=False))
    assert caught.value.code == "E-SLICE-TIMES"
    with pytest.raises(st.InputError, match="3 times for 6 slices"):
        st.run("preprocessing.slice_timing", series=waves(), slice_times=(0.0, 0.5, 1.0))
    with pytest.raises(st.InputError, match="milliseconds"):
        st.run("preprocessing.slice_timing", series=waves(), slice_times=(0, 100, 200, 300, 400, 500))
    with pytest.raises(st.ParameterError, match="later than a frame"):
        st.run("preprocessing.slice_timing", series=waves(), slice_reference=2.5)


def test_motion_of_a_run_is_found_in_patient_coordinates():
    run = run_of(drift=0.0, physiology=0.0)
    result = st.run("preprocessing.motion", series=run.series)
    found = np.stack([result.motion.columns[name] for name in NAMES], axis=1)
    difference = found - run.motion
    difference -= difference.mean(axis=0)
    error = np.sqrt((difference**2).mean(axis=0))
    # Voxels are 5 x 5 x 8.5 mm here, and activity changes the images too.
    assert error[:3].max() < 0.03 and 50 * error[3:].max() < 0.1
    jumps = np.flatnonzero(result.motion.columns["moved"])
    true = np.abs(np.diff(run.motion, axis=0)) @ np.array([1, 1, 1, 50, 50, 50])
    assert set(np.flatnonzero(true > 0.7) + 1) <= set(jumps)
    assert any("mm RAS" in f.message for f in result.findings)


def test_the_same_images_along_other_axes_tell_the_same_motion():
    run = run_of(frames=40)
    # Rows and columns exchanged and one of them turned around: a right-handed grid becomes an oblique left-handed one.
    values = np.asarray(run.series.values).swapaxes(2, 3)[..., ::-1]
    affine = run.series.geometry.affine[:, [1, 0, 2, 3]].copy()
    affine[:, 3] += affine[:, 0] * (values.shape[3] - 1)
    affine[:, 0] *= -1
    turned = np.array([[0.8, 0.6, 0, 3.0], [-0.6, 0.8, 0, -5.0], [0, 0, 1, 0], [0, 0, 0, 1]])
    other = replace(run.series, values=values, geometry=st.Geometry(values.shape[1:], turned @ affine))
    plain, seen = (st.run("preprocessing.motion", series=s).motion for s in (run.series, other))
    for kind in ("trans", "rot"):
        a, b = (np.stack([t.columns[f"{kind}_{axis}"] for axis in "xyz"]) for t in (plain, seen))
        np.testing.assert_allclose(turned[:3, :3] @ a, b, atol=0.02 if kind == "trans" else 4e-4)


def test_realigned_series_varies_less():
    run = run_of(drift=0.0, physiology=0.0)
    result = st.run("preprocessing.motion", series=run.series)
    inside = run.tissues.foreground
    before = run.series.values[:, inside].astype(float).std(axis=0).mean()
    assert result.realigned.values[:, inside].std(axis=0).mean() < 0.88 * before
    assert result.realigned.values.min() >= 0


def test_one_slice_of_a_real_run_moves_within_itself():
    series = st.read_series(HAXBY / "task001_run001_bold.nii.gz")
    result = st.run("preprocessing.motion", series=series)
    assert not np.any(result.motion.columns["trans_z"]) and not np.any(result.motion.columns["rot_x"])
    assert "W-MOTION-SLICE" in {f.code for f in result.findings}
    assert max(result.motion.columns["framewise_displacement"]) < 2.0


@pytest.mark.parametrize("run", [1, 2])
def test_turning_of_a_real_slice_goes_with_that_of_the_whole_head(run):
    # Parameters of the whole head by a program of the McFLIRT kind, which counts turns the other way round.
    known = np.loadtxt(HAXBY / f"task001_run00{run}_bold_moest.txt")[:, 2]
    found = st.run("preprocessing.motion", series=st.read_series(HAXBY / f"task001_run00{run}_bold.nii.gz"))
    assert np.corrcoef(found.motion.columns["rot_z"], known)[0, 1] < -0.9


def test_nuisance_is_gone_and_the_degrees_of_freedom_are_told():
    run = run_of()
    result = st.run(
        "preprocessing.denoise", series=moved().realigned, mask=run.tissues, motion=moved().motion, high_edge=0.0,
        confounds=run.confounds, white_matter=_tissue(run, 2), fluid=_tissue(run, 3), components=2,
        motion_terms="6", fd_threshold=0.0,
    )  # fmt: skip
    left = result.cleaned.values[:, run.tissues.foreground].astype(float)
    left -= left.mean(axis=0)
    columns = {n: np.array(c, float) for n, c in result.columns.columns.items() if n not in ("time", "censored")}
    for name, column in columns.items():
        column = column - column.mean()
        share = np.abs(column @ left) / np.linalg.norm(column) / np.maximum(np.linalg.norm(left, axis=0), 1e-9)
        assert np.median(share) < 1e-3, name
    summary = {n: c[0] for n, c in result.summary.columns.items()}
    assert summary["rank"] + summary["degrees of freedom"] == 80
    assert {"comp_cor white matter 1", "comp_cor fluid 2", "trans_x", "breathing"} <= set(columns)


def _tissue(run, number):
    values = (run.tissues.values == number).astype(np.uint8)
    return st.LabelMap(values, run.tissues.geometry, name="tissue")


def test_too_little_freedom_is_refused_with_what_takes_it():
    with pytest.raises(st.InputError, match="leave .* degrees of freedom, 20 were asked for.*Widen the band"):
        st.run("preprocessing.denoise", series=moved().realigned, motion=moved().motion, high_edge=0.06)
    st.run("preprocessing.denoise", series=moved().realigned, high_edge=0.06, fewest_degrees=5)


def test_global_signal_is_off_unless_asked_for_and_labels_what_it_gives():
    plain = st.run("preprocessing.denoise", series=moved().realigned)
    assert "global_signal" not in plain.columns.columns and plain.cleaned.name == "cleaned"
    found = st.run("preprocessing.denoise", series=moved().realigned, global_signal=True)
    assert "W-GLOBAL-SIGNAL" in {f.code for f in found.findings}
    assert found.cleaned.name == "cleaned_without_global_signal"
    assert found.summary.columns["global signal removed"] == [1]


def test_censored_frames_show_the_mean_and_noisy_voxels_give_courses():
    result = st.run(
        "preprocessing.denoise", series=moved().realigned, motion=moved().motion, motion_terms="6", low_edge=0.0,
        high_edge=0.0, noisy_voxels=2.0, components=3, fd_threshold=0.6,
    )  # fmt: skip
    censored = np.array(result.columns.columns["censored"], bool)
    inside = np.isfinite(result.removed.values)
    values = result.cleaned.values[:, inside]
    assert censored.any()
    np.testing.assert_allclose(
        values[censored], np.broadcast_to(values.mean(axis=0), values[censored].shape), rtol=1e-3
    )
    assert "comp_cor noisiest 3" in result.columns.columns


def test_bands_that_are_none_are_told():
    with pytest.raises(st.ParameterError, match="not below high_edge"):
        st.run("preprocessing.denoise", series=moved().realigned, low_edge=0.1, high_edge=0.05)
    wide = st.run("preprocessing.denoise", series=moved().realigned, high_edge=0.3)
    assert "W-BAND" in {f.code for f in wide.findings}
    assert not any(name.startswith("cos 0.2") for name in wide.columns.columns)


def test_tissue_with_voxels_that_are_no_numbers_gives_courses_of_the_others():
    run = run_of()
    values = np.array(run.series.values, np.float32)
    values[:, 7, 18, 15] = np.nan
    white = np.zeros(values.shape[1:], np.uint8)
    white[6:9, 15:21, 12:18] = 1
    mask = st.LabelMap(white, run.tissues.geometry, name="white")
    series = replace(run.series, values=values)
    result = st.run("preprocessing.denoise", series=series, white_matter=mask, erosion=0, high_edge=0.0)
    assert np.isfinite(result.columns.columns["comp_cor white matter 1"]).all()


def test_motion_that_is_none_is_told():
    series = run_of().series
    with pytest.raises(st.InputError, match="has no column trans_x; found a"):
        st.run("preprocessing.denoise", series=series, motion=st.Table({"a": [0.0] * 80}))
    short = st.Table({name: [0.0] * 10 for name in NAMES})
    with pytest.raises(st.InputError, match="10 rows for 80 frames"):
        st.run("preprocessing.denoise", series=series, motion=short)
    gap = st.Table({name: [0.0] * 79 + [float("nan")] for name in NAMES})
    with pytest.raises(st.InputError, match="row 80 lacks"):
        st.run("preprocessing.denoise", series=series, motion=gap)


def test_spikes_of_a_run_are_pulled_in():
    run = run_of()
    values = np.array(run.series.values, np.float32)
    values[33, 7, 15:20, 10:15] += 800
    result = st.run("preprocessing.despike", series=replace(run.series, values=values))
    assert np.abs(result.despiked.values[33, 7, 17, 12] - values[32, 7, 17, 12]) < 200
    with pytest.raises(st.ParameterError, match="not above"):
        st.run("preprocessing.despike", series=run.series, spike_begins=5.0)


def test_smoothing_keeps_the_level_at_the_edge_of_the_mask():
    mask = np.zeros((5, 14, 14), np.uint8)
    mask[1:4, 3:11, 3:11] = 1
    values = np.where(mask, 100.0, 5000.0) * np.ones((4, 1, 1, 1))
    values[1] *= 1.01
    geometry = st.Geometry.from_spacing(mask.shape, (2.0, 2.0, 2.0))
    result = st.run(
        "preprocessing.smooth", series=st.Series(values, np.arange(4.0), geometry),
        mask=st.LabelMap(mask, geometry), smoothing=6.0,
    )  # fmt: skip
    np.testing.assert_allclose(result.smoothed.values[0][mask > 0], 100.0, rtol=1e-5)
    assert not result.smoothed.values[:, mask == 0].any()


def test_skipped_frames_leave_the_rows_of_their_tables_out():
    result = st.run(
        "preprocessing.denoise",
        series=moved().realigned,
        motion=moved().motion,
        skip=5,
        high_edge=0.0,
        motion_terms="12",
    )
    assert len(result.columns.columns["time"]) == 75 and result.columns.columns["time"][0] == 10.0
