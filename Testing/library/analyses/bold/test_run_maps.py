"""Analyses of a run without a task: truth that was planted comes out, and bad input is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Events

FRAMES, STEP, SHAPE = 160, 2.0, (2, 9, 12)


@pytest.fixture(scope="module")
def run():
    """Three regions: one smooth signal, the same 1 s later, and noise; and their labels."""
    rng = np.random.default_rng(0)
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :4], labels[:, :, 4:8], labels[:, :, 8:] = 1, 2, 3
    fine = ndimage.gaussian_filter1d(rng.normal(0, 1, 20 * FRAMES + 400), 40)
    fine *= 20 / fine.std()
    times = np.arange(FRAMES) * STEP
    early, late = (np.interp(times + 10 - lag, np.arange(len(fine)) * STEP / 20, fine) for lag in (0.0, 1.0))
    values = 1000 + rng.normal(0, 4, (FRAMES, *SHAPE))
    values += early[:, None, None, None] * (labels == 1) + late[:, None, None, None] * (labels == 2)
    geometry = st.Geometry.from_spacing(SHAPE, (3.0, 3.0, 4.0))
    series = st.Series(values.astype(np.float32), times, geometry, "a.u.", "run")
    return series, st.LabelMap(labels, geometry, name="regions")


def whole(series):
    return st.LabelMap(np.ones(series.geometry.shape, np.uint8), series.geometry, name="brain")


def medians(values, regions):
    return [float(np.nanmedian(values.values[regions.region(n)])) for n in (1, 2, 3)]


def test_noise_has_more_entropy_less_homogeneity_and_a_shorter_timescale(run):
    series, regions = run
    entropy = st.run("bold.entropy", series=series, mask=whole(series))
    first, _, noise = medians(entropy["entropy"], regions)
    assert noise > first + 0.3
    local = st.run("bold.local_measures", series=series, mask=whole(series))
    for name, more in (("reho", True), ("timescale", True), ("alff", True)):
        first, _, noise = medians(local[name], regions)
        assert (first > noise) == more, name
    assert local["falff"].unit == "1" and local["alff"].unit == "%"


def test_scales_of_entropy_are_maps_of_their_own(run):
    series, _ = run
    result = st.run("bold.entropy", series=series, mask=whole(series), scales=2)
    assert {"multiscale_1", "multiscale_2"} <= set(result)
    with pytest.raises(st.ParameterError, match="50 points are needed"):
        st.run("bold.entropy", series=series, mask=whole(series), scales=9)


def test_the_late_region_is_late(run):
    series, regions = run
    result = st.run("bold.latency", series=series, regions=regions, mask=whole(series), resamples=10)
    table = result["regions_table"].columns
    assert table["delay"][1] - table["delay"][0] == pytest.approx(1.0, abs=0.5)
    delays = result["delays"].columns
    assert delays["regions 2"][0] == pytest.approx(1.0, abs=0.2)
    early, late, _ = medians(result["lag"], regions)
    assert late - early == pytest.approx(1.0, abs=0.3)


def test_regions_that_share_a_signal_are_connected(run):
    series, regions = run
    result = st.run("bold.connectivity", series=series, regions=regions, mask=whole(series))
    pairs = result["pairs"].columns
    assert (pairs["region"][0], pairs["other"][0]) == ("regions 1", "regions 2")
    assert pairs["correlation"][0] > 0.9 > 0.5 > abs(pairs["correlation"][1]) and pairs["p"][0] < 0.001
    assert result["network"].edges.columns["from"][0] == "regions 1"
    assert list(result["matrix"].columns)[0] == "region"
    coherence = st.run("bold.connectivity", series=series, regions=regions, mask=whole(series), measure="coherence")
    assert coherence["delays"].columns["regions 2"][0] == pytest.approx(1.0, abs=0.4)
    partial = st.run(
        "bold.connectivity", series=series, regions=regions, mask=whole(series), measure="partial correlation"
    )
    assert any(f.code == "I-SHRINKAGE" for f in partial.findings)


def test_a_seed_finds_its_own_region(run):
    series, regions = run
    seed = st.LabelMap((regions.values == 1) & (np.indices(SHAPE)[2] == 1), series.geometry, name="seed")
    result = st.run("bold.seed_connectivity", series=series, seed_region=seed, mask=whole(series))
    first, second, noise = medians(result["correlation"], regions)
    assert first > 0.9 and second > 0.8 and abs(noise) < 0.2
    degrees = medians(result["degree"], regions)
    assert degrees[0] > 100 and degrees[2] < 20
    point = st.Point(tuple(series.geometry.ijk_to_ras((1.0, 4.0, 0.0))))
    by_point = st.run("bold.seed_connectivity", series=series, point=point, mask=whole(series), with_all=False)
    assert medians(by_point["correlation"], regions)[0] > 0.9 and "degree" not in by_point


def test_what_does_not_change_is_no_more_variable_than_chance(run):
    series, regions = run
    result = st.run(
        "bold.dynamic_connectivity",
        series=series,
        regions=regions,
        mask=whole(series),
        states=2,
        surrogates=39,
        window=50.0,
    )
    assert min(result["variability"].columns["p"]) > 0.02
    assert sum(result["states"].columns["share of windows"]) == pytest.approx(1.0)
    assert any(f.code == "W-WINDOW" for f in result.findings)


def test_information_about_a_task_is_where_it_is(run):
    series, regions = run
    onsets = np.cumsum(np.random.default_rng(8).uniform(20, 38, 10)) - 15
    events = Events(onsets, np.full(10, 12.0), ("a", "b", "b", "a", "a", "b", "a", "b", "b", "a"), np.ones(10))
    task = np.zeros(FRAMES)
    for onset, name in zip(events.onsets, events.conditions):
        if name == "a":
            task[(series.times >= onset + 4) & (series.times < onset + 16)] = 1.0
    values = series.values + 25 * task[:, None, None, None].astype(np.float32) * (regions.values == 3)
    result = st.run(
        "bold.information", series=replace(series, values=values), events=events, mask=whole(series), surrogates=40
    )
    first, _, carried = medians(result["information"], regions)
    assert carried > first + 0.1
    assert medians(result["preferred_time"], regions)[2] == pytest.approx(4.0, abs=2.0)
    assert result["informative"].values[regions.values == 3].mean() > 0.9
    blocks = Events(np.arange(10.0, 300, 30), np.full(10, 12.0), ("a", "b") * 5, np.ones(10))
    repeating = st.run("bold.information", series=series, events=blocks, mask=whole(series), surrogates=20)
    assert any(f.code == "W-PERIODIC" for f in repeating.findings)
    with pytest.raises(st.InputError, match="no condition 'c'"):
        st.run("bold.information", series=series, events=events, conditions=("c",))


def test_bad_input_is_told(run):
    series, regions = run
    far = st.LabelMap((regions.values == 1).astype(np.uint8), series.geometry, name="one")
    with pytest.raises(st.InputError, match="two are needed"):
        st.run("bold.connectivity", series=series, regions=far, mask=whole(series))
    elsewhere = st.LabelMap(regions.values, st.Geometry.from_spacing(SHAPE, (2.0, 2.0, 2.0)), name="atlas")
    with pytest.raises(st.GeometryError, match="atlas"):
        st.run("bold.connectivity", series=series, regions=elsewhere)
    with pytest.raises(st.ParameterError, match="too few windows"):
        st.run("bold.dynamic_connectivity", series=series, regions=regions, window=300.0)
    with pytest.raises(st.ParameterError, match="lies above"):
        st.run("bold.local_measures", series=series, low=0.3, high=0.4)
    uneven = replace(series, times=np.cumsum(np.linspace(1, 3, FRAMES)))
    with pytest.raises(st.InputError, match="evenly spaced"):
        st.run("bold.entropy", series=uneven)
