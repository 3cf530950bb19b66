"""Activation: on a run whose truth is known, on real runs, and what is said of bad events, contrasts and confounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Events
from SpatioTemporalLib.kinds.declared.events import events_of

HAXBY = Path(__file__).parents[4] / "Resources" / "SampleData" / "haxby_1slice"
FRAMES, STEP = 100, 2.0


def block_events(onset: float = 10.0) -> Events:
    onsets = np.arange(onset, 190.0, 30.0)
    return Events(
        onsets, np.full(len(onsets), 12.0), tuple("ab"[n % 2] for n in range(len(onsets))), np.ones(len(onsets))
    )


def simulated(seed: int = 0) -> tuple[st.Series, np.ndarray]:
    """A run in which a corner answers condition a by 3 %, and where it does."""
    from SpatioTemporalLib.numerics.bold.design import design_matrix

    rng = np.random.default_rng(seed)
    times = np.arange(FRAMES) * STEP
    answer = design_matrix(times, block_events()).matrix[:, 0]
    active = np.zeros((3, 10, 12), bool)
    active[1, 2:6, 3:8] = True
    values = 1000 + rng.normal(0, 10, (FRAMES, *active.shape)) + 30 * answer[:, None, None, None] * active
    geometry = st.Geometry.from_spacing(active.shape, (3.0, 3.0, 4.0))
    return st.Series(values.astype(np.float32), times, geometry, "a.u.", "run"), active


def test_what_is_active_is_found_where_it_is_with_its_size():
    series, active = simulated()
    result = st.run("bold.activation", series=series, events=block_events(), contrasts=("a - b",))
    labels = result["clusters_a_minus_b"]
    assert (labels.region(1) & active).sum() >= 0.95 * active.sum()
    assert (labels.region(1) & ~active).sum() <= 3
    assert np.median(result["effect_a_minus_b"].values[active]) == pytest.approx(3.0, rel=0.1)
    table = result["cluster_table"].columns
    assert table["contrast"][0] == "a - b" and table["voxels"][0] == pytest.approx(active.sum(), abs=3)
    assert "Design" in result["report"].html


@pytest.mark.parametrize("method", ["Bonferroni", "uncorrected", "cluster size by permutation"])
def test_every_threshold_keeps_what_is_active_and_little_else(method):
    series, active = simulated()
    level = 0.001 if method == "uncorrected" else 0.05
    result = st.run(
        "bold.activation", series=series, events=block_events(), contrasts=("a",), threshold=method, level=level,
        permutations=49,
    )  # fmt: skip
    found = result["clusters_a"].foreground
    assert (found & active).sum() >= 0.8 * active.sum() and (found & ~active).sum() <= 5


def test_derivatives_and_impulses_find_the_same():
    series, active = simulated()
    for basis in ("response and time derivative", "response and both derivatives", "finite impulses"):
        result = st.run("bold.activation", series=series, events=block_events(), contrasts=("a",), basis=basis)
        assert np.median(result["z_a"].values[active]) > 5, basis


def test_confounds_take_out_what_they_explain_and_gaps_of_the_first_row_are_filled():
    series, active = simulated()
    motion = np.random.default_rng(1).normal(0, 1, FRAMES)
    moved = replace(series, values=series.values + 200 * motion[:, None, None, None].astype(np.float32))
    table = st.Table({"x": motion.tolist(), "derivative": [float("nan"), *np.diff(motion)], "label": ["m"] * FRAMES})
    without, given = (
        st.run("bold.activation", series=moved, events=block_events(), contrasts=("a",), confounds=table_or_none)
        if table_or_none is not None
        else st.run("bold.activation", series=moved, events=block_events(), contrasts=("a",))
        for table_or_none in (None, table)
    )
    assert np.median(given["z_a"].values[active]) > 3 * np.median(np.abs(without["z_a"].values[active]))
    assert any(f.code == "R-CONFOUND-FIRST" for f in given.findings)


def test_skipped_frames_leave_events_where_they_were():
    series, active = simulated()
    dummies = np.concatenate([3 * series.values[:4], series.values[4:]])
    result = st.run(
        "bold.activation", series=replace(series, values=dummies), events=block_events(), contrasts=("a",), skip=4
    )
    assert np.median(result["effect_a"].values[active]) == pytest.approx(3.0, rel=0.15)


def test_several_contrasts_and_f(worst_error):
    series, active = simulated()
    result = st.run("bold.activation", series=series, events=block_events(), contrasts=("(a + b) / 2", "a; b"))
    assert {"z_a_plus_b_over_2", "z_a_and_b"} <= set(result)
    assert np.nanmedian(result["z_a_and_b"].values[active]) > 5


@pytest.mark.parametrize(
    ("contrasts", "words"),
    [
        (("face - house",), "'face' in the contrast .* The conditions are: a, b"),
        (("a - a",), "is zero"),
        (("a * b",), "no sum"),
        (("a -",), "no sum"),
        (("a + 1",), "no sum"),
        (("__import__('os')",), "is no condition"),
    ],
)
def test_contrasts_that_are_none_are_told(contrasts, words):
    with pytest.raises(st.ParameterError, match=words):
        st.run("bold.activation", series=simulated()[0], events=block_events(), contrasts=contrasts)


def test_a_contrast_that_the_design_cannot_tell_is_refused():
    both = block_events()
    events = Events(np.tile(both.onsets, 2), np.tile(both.durations, 2), ("a",) * 6 + ("b",) * 6, np.ones(12))
    with pytest.raises(st.InputError, match="cannot tell 'a - b'"):
        st.run("bold.activation", series=simulated()[0], events=events, contrasts=("a - b",))
    found = st.run("bold.activation", series=simulated()[0], events=events, contrasts=("a + b",))
    assert any(f.code == "W-RANK" and "a, b" in f.message for f in found.findings)


def test_events_outside_of_the_run_are_told():
    series, _ = simulated()
    with pytest.raises(st.InputError, match="seconds from the first frame"):
        st.run(
            "bold.activation", series=series, events=block_events(onset=10) and Events([900.0], [5.0], ("a",), [1.0])
        )
    late = Events([20.0, 60.0, 195.0, 300.0], [10.0] * 4, ("a", "b", "a", "b"), [1.0] * 4)
    codes = {f.code for f in st.run("bold.activation", series=series, events=late).findings}
    assert {"W-EVENTS-OUTSIDE", "W-EVENTS-CUT"} <= codes
    early = Events([-5.0, 60.0], [10.0] * 2, ("a", "b"), [1.0] * 2)
    assert "W-EVENTS-BEFORE" in {f.code for f in st.run("bold.activation", series=series, events=early).findings}


def test_bad_confounds_masks_and_times_are_told():
    series, _ = simulated()
    events = block_events()
    with pytest.raises(st.InputError, match="99 rows for 100 frames"):
        st.run("bold.activation", series=series, events=events, confounds=st.Table({"x": [0.0] * 99}))
    gap = [0.0, 1.0, float("nan")] + [0.5] * 97
    with pytest.raises(st.InputError, match="x has no value in row 3"):
        st.run("bold.activation", series=series, events=events, confounds=st.Table({"x": gap}))
    many = st.Table({f"c{n}": np.random.default_rng(n).normal(0, 1, FRAMES).tolist() for n in range(100)})
    with pytest.raises(st.InputError, match="no degree of freedom"):
        st.run("bold.activation", series=series, events=events, confounds=many)
    uneven = replace(series, times=np.cumsum(np.linspace(1, 3, FRAMES)))
    with pytest.raises(st.InputError, match="evenly spaced"):
        st.run("bold.activation", series=uneven, events=events)


def test_constant_voxels_are_left_out_and_counted():
    series, _ = simulated()
    values = series.values.copy()
    values[:, 0, 0] = 1000
    mask = st.LabelMap(np.ones(series.geometry.shape, np.uint8), series.geometry)
    found = st.run("bold.activation", series=replace(series, values=values), events=block_events(), mask=mask)
    assert any(f.code == "W-CONSTANT" and "12 voxels" in f.message for f in found.findings)
    assert np.isnan(found["z_a"].values[0, 0]).all()


def test_events_are_read_as_bids_writes_them(tmp_path):
    (tmp_path / "events.tsv").write_text("onset\tduration\ttrial_type\n1.5\t2\tface\n9\t0\thouse\n12\t1\tn/a\n")
    events = events_of(st.read_table(tmp_path / "events.tsv"))
    assert events.names == ("face", "house") and events.onsets.tolist() == [1.5, 9.0]
    (tmp_path / "bad.tsv").write_text("onset\tduration\ttrial_type\nsoon\t2\tface\n")
    with pytest.raises(st.InputError, match="onset in row 1 is 'soon'"):
        events_of(st.read_table(tmp_path / "bad.tsv"))
    (tmp_path / "other.tsv").write_text("time\tx\n1\t2\n")
    with pytest.raises(st.InputError, match="no column onset"):
        events_of(st.read_table(tmp_path / "other.tsv"))


@pytest.fixture(scope="module")
def haxby():
    """Effect and variance of faces against houses in each of the eight runs."""
    effects, variances = [], []
    for run in range(1, 9):
        series = st.read_series(HAXBY / f"task001_run00{run}_bold.nii.gz")
        events = events_of(st.read_table(HAXBY / f"task001_run00{run}_bold_events.tsv"))
        result = st.run("bold.activation", series=series, events=events, contrasts=("face - house",))
        effects.append(result["effect_face_minus_house"])
        variances.append(result["effect_variance_face_minus_house"])
    grid = effects[0].geometry
    return [
        st.ImageStack(np.stack([m.values for m in maps]), range(1, 9), grid, "run", "1", unit)
        for maps, unit in ((effects, "%"), (variances, "%^2"))
    ]


def test_houses_are_told_from_faces_on_both_sides_of_a_real_brain(haxby):
    """Haxby et al. (2001): the parahippocampal part answers houses more; it lies on both sides of the middle."""
    result = st.run("bold.fixed_effects", effects=haxby[0], variances=haxby[1], degrees=848)
    table = result["cluster_table"].columns
    strong = [(r, z) for r, z in zip(table["R"], table["peak z"]) if z < -6]
    assert min(r for r, _ in strong) < -10 and max(r for r, _ in strong) > 10
    assert np.nanmin(result["z"].values) < -7 and np.nanmax(result["z"].values) > 3.5


def test_runs_that_do_not_fit_one_another_are_told(haxby):
    effects, variances = haxby
    with pytest.raises(st.InputError, match="8 effects and 7 variances"):
        st.run(
            "bold.fixed_effects", effects=effects,
            variances=replace(variances, values=variances.values[:7], settings=variances.settings[:7]),
        )  # fmt: skip
