"""Functional runs of the brain: a simulated head that moves, answers a task, breathes and drifts."""

from __future__ import annotations

import functools

import numpy as np

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


@offered("preprocessing.denoise")
def nuisance() -> Offer:
    """The run, where the head truly was in each frame, and measured breathing and heartbeat."""
    run = simulated()
    values = {"series": run.series, "motion": run.confounds}
    return Offer(STORY, values, {"motion_terms": "12", "low_edge": 0.0, "high_edge": 0.0})
