"""A real task run, one slice, with its events; and regions drawn on it as a chessboard."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.kinds.declared.events import events_of

from .offer import Offer, offered

FOLDER = "Resources/SampleData/haxby_1slice/"
RUN, EVENTS = "task001_run001_bold.nii.gz", "task001_run001_bold_events.tsv"
STORY = "One slice of a real task run (Haxby et al. 2001, CC BY-SA 3.0)."


def _run() -> st.Series:
    return st.read_series(FOLDER + RUN)


@offered("bold.activation", "bold.information")
def task() -> Offer:
    values = {"series": _run(), "events": events_of(st.read_table(FOLDER + EVENTS))}
    parameters = {"contrasts": ("face - house",), "threshold": "uncorrected", "level": 0.001, "surrogates": 20}
    return Offer(STORY, values, parameters, {"series": FOLDER + RUN, "events": FOLDER + EVENTS})


@offered("bold.entropy", "bold.local_measures")
def rest() -> Offer:
    return Offer(STORY, {"series": _run()}, files={"series": FOLDER + RUN})


@offered("bold.seed_connectivity")
def seed() -> Offer:
    series = _run()
    inside = np.zeros(series.geometry.shape, np.uint8)
    inside[0, 14:17, 12:15] = 1
    values = {"series": series, "seed_region": st.LabelMap(inside, series.geometry, name="seed")}
    return Offer(STORY, values, files={"series": FOLDER + RUN})


@offered("bold.connectivity", "bold.latency", "bold.dynamic_connectivity")
def regions() -> Offer:
    series = _run()
    k, j, i = np.indices(series.geometry.shape)
    values = (1 + i // 8 + 5 * (j // 10)).astype(np.uint8)
    atlas = st.LabelMap(values, series.geometry, name="square")
    parameters = {"resamples": 10, "surrogates": 20, "states": 2}
    return Offer(f"{STORY} Regions are squares of it.", {"series": series, "regions": atlas}, parameters,
                 {"series": FOLDER + RUN})  # fmt: skip


@offered("bold.fixed_effects")
def runs() -> Offer:
    effects, variances = [], []
    for run in (1, 2, 3):
        series = st.read_series(f"{FOLDER}task001_run00{run}_bold.nii.gz")
        events = events_of(st.read_table(f"{FOLDER}task001_run00{run}_bold_events.tsv"))
        found = st.run("bold.activation", series=series, events=events, contrasts=("face - house",))
        effects.append(found["effect_face_minus_house"].values)
        variances.append(found["effect_variance_face_minus_house"].values)
    grid = series.geometry
    values = {
        "effects": st.ImageStack(np.stack(effects), (1, 2, 3), grid, "run", "1", "%"),
        "variances": st.ImageStack(np.stack(variances), (1, 2, 3), grid, "run", "1", "%^2"),
    }
    return Offer(f"Effect and variance of faces against houses in three runs. {STORY}", values)
