"""A few simulated dynamic series on disk, a small bundle for them, and one of them as a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.bundle.facts import Architecture, BundleFacts, Training
from SpatioTemporalLib.networks.calibration import Calibration
from SpatioTemporalLib.simulation.lesions.dce_phantom import draw_phantom
from SpatioTemporalLib.simulation.lesions.dce_phantom_cohort import write_dce_cohort
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings

SIZE = 16
SMALL_UNET = {"widths": [4, 8], "hidden": 8}
OPTIONS = ["--set", "widths=[4,8]", "--set", "hidden=8", "--size", "16,16,16", "--device", "cpu", "--simulated"]
BRIEF = ["--epochs", "2", "--batch-size", "2", "--learning-rate", "0.01"]


def small_phase_cohort(folder: Path, count: int = 5, seed: int = 3):
    """Three in training, one to validate on, one to test."""
    return write_dce_cohort(folder, count, Context(seed=seed), size=SIZE)


def small_phase_facts(**shown) -> BundleFacts:
    return BundleFacts(
        architecture=Architecture("film_unet", "default", {**SMALL_UNET, "in_channels": 1, "phases": 3}),
        shown=PhaseSettings(**{"shape": (8, 8, 8), **shown}),
        covariates=(),
        visits=(3, 3),
        calibration=Calibration(),
        threshold=0.5,
        training=Training("simulated lesions", True, "lesion", 0.05, 4, (60.0, 480.0)),
        description="a test",
        task="segmentation",
    )


def small_phase_bundle(folder: Path, **shown) -> Path:
    """Of a network with random weights."""
    import torch
    from library.networks.checks import perturbed

    from SpatioTemporalLib.networks.bundle.writing import write_bundle
    from SpatioTemporalLib.networks.registry import build

    torch.manual_seed(0)
    network = perturbed(build("film_unet", arguments=SMALL_UNET)).eval()
    return write_bundle(folder, small_phase_facts(**shown), [network])


def simulated_series(seed: int = 5, size: int = SIZE) -> tuple[st.Series, np.ndarray]:
    """A series on a clock that starts with its first frame, 31 s before the next; and the lesion."""
    phantom = draw_phantom(np.random.default_rng(seed), size=size)
    grid = st.Geometry.from_spacing(phantom.lesion.shape)
    series = st.Series(phantom.phases, phantom.seconds + 1, grid, acquisition=st.Acquisition(examination="dce"))
    return series, phantom.lesion
