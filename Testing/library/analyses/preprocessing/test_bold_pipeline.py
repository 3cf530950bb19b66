"""The whole preparation: what is put in for a task is kept, what is noise goes, and the page says so."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.bold.run import BoldDesign, simulated_run

PIPELINE = "preprocessing.bold_pipeline"


@cache
def run_of(shape=(14, 36, 30), spacing=(5.2, 5.2, 8.5)):
    return simulated_run(BoldDesign(shape=shape, spacing=spacing, frames=100), np.random.default_rng(0))


@cache
def prepared(purpose):
    more = {"motion_terms": "6", "components": 0, "high_edge": 0.0} if purpose == "connectivity" else {}
    return st.run(PIPELINE, series=run_of().series, purpose=purpose, **more)


def test_a_task_is_prepared_without_taking_anything_out_and_is_found():
    run, result = run_of(), prepared("task")
    assert "degrees of freedom" not in result.summary.columns
    found = st.run(
        "bold.activation", series=result.preprocessed, mask=result.brain, events=run.events, acquired=1.0,
        confounds=result.nuisance, contrasts=("left hand",),
    )  # fmt: skip
    assert not any(f.code == "W-RANK" for f in found.findings)
    assert np.nanmedian(found["z_left_hand"].values[run.regions.region(1)]) > 2


def test_of_connectivity_nuisance_is_out_and_freedom_is_told():
    result = prepared("connectivity")
    summary = {name: cells[0] for name, cells in result.summary.columns.items()}
    assert summary["rank"] + summary["degrees of freedom"] == 100
    inside = result.brain.foreground
    assert np.median(result.tsnr_after.values[inside]) > np.median(result.tsnr_before.values[inside])
    assert summary["tSNR after"] > summary["tSNR before"] > 5
    assert not result.preprocessed.values[:, ~inside].any()


def test_the_page_tells_steps_motion_voxels_and_snr():
    html = prepared("connectivity").report.html
    for words in (
        "Slice timing: all slices count at 1 s",
        "Nuisance:",
        "degrees of freedom left",
        "All voxels over time",
    ):
        assert words in html
    assert html.count("data:image/png") == 3


def test_steps_that_are_not_known_are_left_out_or_refused():
    run = run_of((8, 18, 15), (10.4, 10.4, 14.9))
    unknown = replace(run.series, acquisition=st.Acquisition("MR"))
    found = st.run(PIPELINE, series=unknown, purpose="task", smoothing=0.0)
    assert "W-SLICE-TIMES-UNKNOWN" in {f.code for f in found.findings}
    with pytest.raises(st.InputError, match="not guessed"):
        st.run(PIPELINE, series=unknown, slice_timing="always")
    spikes = st.run(PIPELINE, series=run.series, purpose="task", despike=True, slice_timing="never", skip=4)
    assert "Spikes:" in spikes.report.html and "Slice timing: not done" in spikes.report.html
    assert spikes.preprocessed.frame_count == 96
