"""Functional runs of the brain: a simulated head that moves, answers a task, breathes and drifts."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.bold.regions import Region
from SpatioTemporalLib.simulation.bold.run import BoldDesign, BoldRun, simulated_run

from .offer import Offer, offered

DESIGN = BoldDesign(shape=(16, 40, 34), spacing=(4.8, 4.8, 7.6), frames=120)
STORY = "Simulated run: a head that moves, answers a task with either hand, breathes and drifts."


@functools.cache
def simulated() -> BoldRun:
    return simulated_run(DESIGN, np.random.default_rng(1))


@offered("preprocessing.slice_timing", "preprocessing.motion", "preprocessing.despike", "preprocessing.smooth")
def moving_head() -> Offer:
    """The run as it was acquired."""
    return Offer(STORY, {"series": simulated().series})


@offered("preprocessing.bold_pipeline")
def whole() -> Offer:
    """The run, prepared for a task."""
    return Offer(STORY, {"series": simulated().series}, {"purpose": "task", "smoothing": 8.0})


@offered("preprocessing.temporal_ica")
def long_run() -> Offer:
    """A long run of few voxels, and its breathing and heartbeat as they were measured."""
    design = replace(DESIGN, shape=(8, 18, 16), spacing=(10.0, 10.0, 14.0), frames=1000, jumps=0)
    run = simulated_run(design, np.random.default_rng(2))
    confounds = st.Table({name: run.confounds.columns[name] for name in ("breathing", "heartbeat")}, name="confounds")
    return Offer(STORY, {"series": run.series, "confounds": confounds}, {"components": 20})


@offered("preprocessing.choose_pipeline")
def wide_answers() -> Offer:
    """A run in which either hand is answered by much of one side."""
    wide = (
        Region("right", (36.0, -20.0, 20.0), 30.0, (3.0, 0.0)),
        Region("left", (-36.0, -20.0, 20.0), 30.0, (0.0, 3.0)),
    )
    design = replace(DESIGN, shape=(14, 36, 30), spacing=(5.2, 5.2, 8.5), frames=160, regions=wide)
    run = simulated_run(design, np.random.default_rng(0))
    story = "Simulated run: a head that moves; each hand is answered by much of the other side."
    return Offer(story, {"series": run.series, "events": run.events}, {"components": (2, 4, 8)})


@offered("preprocessing.denoise")
def nuisance() -> Offer:
    """The run, where the head truly was in each frame, and measured breathing and heartbeat."""
    run = simulated()
    values = {"series": run.series, "motion": run.confounds}
    return Offer(STORY, values, {"motion_terms": "12", "low_edge": 0.0, "high_edge": 0.0})
