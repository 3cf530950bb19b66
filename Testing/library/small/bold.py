"""The smallest functional runs on which preparation can be tried."""

import numpy as np

import SpatioTemporalLib as st

FRAMES, INTERVAL = 60, 2.0


def small_run(phantom, frames=FRAMES, seed=0):
    """A smooth blob that wanders within a slice, on the grid of a phantom; every slice says when it was acquired."""
    rng = np.random.default_rng(seed)
    geometry = phantom.series.geometry
    k, j, i = np.indices(geometry.shape)
    middle = (np.array(geometry.shape) - 1) / 2
    shift = np.cumsum(rng.normal(0, 0.02, (frames, 2)), axis=0)
    values = np.empty((frames, *geometry.shape), np.float32)
    for n in range(frames):
        distance = ((j - middle[1] - shift[n, 0]) / 3) ** 2 + ((i - middle[2] - shift[n, 1]) / 4) ** 2
        values[n] = 200 + 1000 * np.exp(-distance) + rng.normal(0, 5, geometry.shape)
    facts = st.Acquisition("MR", INTERVAL, examination="bold", slice_times=tuple(np.arange(geometry.shape[0]) * 0.1))
    return st.Series(values, np.arange(frames) * INTERVAL, geometry, "a.u.", "small run", facts)


def long_run(phantom):
    return small_run(phantom, frames=1000)


def long_confounds(phantom):
    """A column that goes with nothing."""
    return st.Table({"breathing": np.sin(np.arange(1000) * 1.7).tolist()})


def task_run(phantom):
    """Long enough for several blocks of both conditions in each half."""
    return small_run(phantom, frames=110)


NAMES = ("slice_timing", "motion", "denoise", "despike", "smooth", "bold_pipeline")

PREPARATION = {(f"preprocessing.{name}", "series"): small_run for name in NAMES}
PREPARATION |= {
    ("preprocessing.temporal_ica", "series"): long_run,
    ("preprocessing.temporal_ica", "confounds"): long_confounds,
}
PREPARATION[("preprocessing.choose_pipeline", "series")] = task_run
QUICK_CHOICE = {"components": (2, 3), "motion_terms": ("none", "6"), "smoothing": (0.0,), "artefact_limit": 1.0}
# Of 60 frames what the defaults take out leaves nothing.
SHORT_RUN = {"preprocessing.bold_pipeline": {"motion_terms": "6", "high_edge": 0.0, "fd_threshold": 0.0}}
SHORT_RUN["preprocessing.temporal_ica"] = {"components": 4}
SHORT_RUN["preprocessing.choose_pipeline"] = QUICK_CHOICE
