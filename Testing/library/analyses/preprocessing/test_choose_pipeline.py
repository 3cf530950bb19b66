"""The choice of a preparation: what follows motion is not chosen, and nothing is tested where it was chosen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Events
from SpatioTemporalLib.simulation.bold.regions import Region
from SpatioTemporalLib.simulation.bold.run import BoldDesign, simulated_run

CHOICE = "preprocessing.choose_pipeline"
WIDE = (Region("right", (36.0, -20.0, 20.0), 30.0, (3.0, 0.0)), Region("left", (-36.0, -20.0, 20.0), 30.0, (0.0, 3.0)))
DESIGN = BoldDesign(shape=(14, 36, 30), spacing=(5.2, 5.2, 8.5), frames=160, regions=WIDE)
COARSE = replace(DESIGN, shape=(8, 18, 15), spacing=(10.4, 10.4, 14.9))
QUICK = {"motion_terms": ("none", "6"), "smoothing": (6.0,), "components": (2, 4, 8)}


@cache
def run_of(seed, design=DESIGN):
    return simulated_run(design, np.random.default_rng(seed))


@cache
def chosen():
    run, other = run_of(0), run_of(1)
    tested = {"held_out": other.series, "held_out_events": other.events}
    return st.run(CHOICE, series=run.series, events=run.events, **tested, **QUICK)


def test_what_follows_the_edges_is_rejected_although_it_comes_again():
    table = chosen().pipelines.columns
    best = int(np.argmin(table["distance"]))
    taken = table["chosen"].index(1)
    assert table["rejected"][best] == 1 and table["motion corrected"][best] == 0
    assert table["rejected"][taken] == 0 and table["motion corrected"][taken] == 1
    assert len(table["pipeline"]) == 2 * 2 * 3 and sum(table["chosen"]) == 1


def test_the_choice_is_tested_on_the_run_that_took_no_part_in_it():
    result, regions = chosen(), run_of(1).regions
    z = result["held_out_z"].values
    assert np.nanmedian(z[regions.region(1)]) < -3 and np.nanmedian(z[regions.region(2)]) > 3
    assert "W-CIRCULAR" in {f.code for f in result.findings}
    assert "12 in all" in result.report.html and result.report.html.count("data:image/png") == 1
    assert [curve.name for curve in result.curves] == ["reproducibility", "prediction"]


def test_a_test_on_the_run_of_the_choice_is_refused():
    run = run_of(0)
    with pytest.raises(st.InputError, match="would find what it was chosen for"):
        st.run(CHOICE, series=run.series, events=run.events, held_out=run.series, held_out_events=run.events, **QUICK)
    with pytest.raises(st.InputError, match="held_out_events"):
        st.run(CHOICE, series=run.series, events=run.events, held_out=run_of(1).series, **QUICK)


def test_runs_and_settings_that_allow_no_choice_are_told():
    run = run_of(0, COARSE)
    with pytest.raises(st.InputError, match="two conditions are told apart, found left hand, tongue"):
        st.run(CHOICE, series=run.series, events=run.events, conditions=("left hand", "tongue"))
    few = QUICK | {"motion_terms": ("6",), "components": (2,)}
    one_half = Events([10.0, 50.0, 90.0], [15.0] * 3, ("a", "b", "a"), np.ones(3))
    with pytest.raises(st.InputError, match="second half of the run holds 0 frames of a"):
        st.run(CHOICE, series=run.series, events=one_half, **few)
    with pytest.raises(st.ParameterError, match="1 ways"):
        st.run(CHOICE, series=run.series, events=run.events, motion_terms=("6",), smoothing=(0.0,),
               try_without_correction=False)  # fmt: skip
    with pytest.raises(st.InputError, match="follow edges or motion"):
        st.run(CHOICE, series=run.series, events=run.events, artefact_limit=0.01, **few)
