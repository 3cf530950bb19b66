"""A simulated run holds what its truth says, in files that read back; its demonstration finds it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.command_line.demonstrations.bold import bold_demo
from SpatioTemporalLib.kinds.declared.events import events_of
from SpatioTemporalLib.numerics.bold.preprocessing.rigid_motion import NAMES
from SpatioTemporalLib.simulation.bold.files import CONFOUNDS, EVENTS, FUNCTIONAL, IMAGE
from SpatioTemporalLib.simulation.bold.run import BoldDesign, simulated_run, slice_order

SMALL = {"shape": (14, 36, 30), "spacing": (5.2, 5.2, 8.5), "frames": 100}


@pytest.fixture(scope="module")
def still():
    """A run without motion, noise and physiology: only what regions do."""
    design = BoldDesign(**SMALL, noise=0.0, physiology=0.0, drift=0.0, shift_mm=0.0, turn_rad=0.0)
    return simulated_run(design, np.random.default_rng(0))


def course_of(run, name):
    number = next(n for n, label in run.regions.labels.items() if label.name == name)
    values = run.series.values[:, run.regions.region(number)].mean(axis=1, dtype=float)
    return 100 * (values / values.mean() - 1)


def test_regions_answer_their_condition_and_no_other(still):
    inside = np.zeros(100, bool)
    for onset, condition in zip(still.events.onsets, still.events.conditions):
        if condition == "left hand":
            inside |= (still.series.times > onset + 6) & (still.series.times < onset + 16)
    right, left = course_of(still, "motor right"), course_of(still, "motor left")
    assert right[inside].mean() - right[~inside].mean() > 1.0
    assert left[inside].mean() < left[~inside].mean()


def test_networks_share_a_course_and_others_do_not(still):
    def correlation(a, b):
        return np.corrcoef(course_of(still, a), course_of(still, b))[0, 1]

    assert correlation("network 2 left", "network 2 right") > 0.9
    assert abs(correlation("network 1 back", "network 2 left")) < 0.5
    back = np.corrcoef(course_of(still, "irregular")[1:], course_of(still, "irregular")[:-1])[0, 1]
    wave = np.corrcoef(course_of(still, "regular")[1:], course_of(still, "regular")[:-1])[0, 1]
    assert abs(back) < 0.35 and wave > 0.8


def test_every_other_slice_is_acquired_first():
    assert slice_order(5, 1.0).tolist() == pytest.approx([0.0, 0.6, 0.2, 0.8, 0.4])


def test_the_middle_frame_is_where_the_truth_was_drawn():
    run = simulated_run(BoldDesign(**SMALL), np.random.default_rng(3))
    assert not run.motion[50].any() and np.abs(run.motion).max() > 0.3
    assert [run.confounds.columns[name][50] for name in NAMES] == [0.0] * 6


def test_what_is_written_is_a_run_as_bids_names_it(tmp_path, capsys):
    assert cli.main(["simulate", "bold", "--out", str(tmp_path / "study"), "--frames", "40"]) == 0
    assert "no person" in capsys.readouterr().out
    folder = tmp_path / "study" / FUNCTIONAL
    entries = json.loads((folder / IMAGE.replace(".nii.gz", ".json")).read_text())
    assert entries["RepetitionTime"] == 2.0 and len(entries["SliceTiming"]) == 32 and "VolumeTiming" not in entries
    series = st.read_series(folder / IMAGE)
    assert series.acquisition.slice_times == tuple(entries["SliceTiming"]) and series.frame_count == 40
    events = events_of(st.read_table(folder / EVENTS))
    assert events.names == ("left hand", "right hand") and events.onsets[0] == 16.0
    assert st.read_table(folder / CONFOUNDS).row_count == 40
    assert st.read_table(tmp_path / "study" / "truth.csv").columns["region"][0] == "motor right"
    assert cli.main(["simulate", "bold", "--out", str(tmp_path / "other"), "--frames", "3"]) == 2
    assert "outside 40..5000" in capsys.readouterr().err


def test_the_demonstration_finds_what_was_put_in(tmp_path, capsys):
    bold_demo(tmp_path / "demo", overwrite=False, design=BoldDesign(**SMALL | {"frames": 140}))
    for name in (
        "prepared/report.html",
        "activation/z_left_hand.nii.gz",
        "prepared_for_connectivity/tsnr_after.nii.gz",
    ):
        assert (tmp_path / "demo" / name).stat().st_size > 1000
    table = st.read_table(tmp_path / "demo" / "regions_and_truth.csv").columns
    of = dict(zip(table["region"], zip(table["z left hand"], table["z right hand"])))
    assert of["motor right"][0] > 2 > abs(of["motor right"][1])
    assert of["motor left"][1] > 2 > abs(of["motor left"][0])
    entropy = dict(zip(table["region"], table["entropy"]))
    assert entropy["irregular"] > entropy["regular"]
    pairs = st.read_table(tmp_path / "demo" / "pairs_and_truth.csv").columns
    assert pairs["true delay"] == [1.0, 0.5, 2.5] and min(pairs["correlation"][:2]) > 0.6
    assert "Motion, estimate against truth" in capsys.readouterr().out
