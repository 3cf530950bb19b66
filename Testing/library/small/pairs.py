"""A few simulated pairs of visits on disk, a small bundle for them, and one of them as a follow-up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.networks.bundle.facts import Architecture, BundleFacts, Training
from SpatioTemporalLib.networks.calibration import Calibration
from SpatioTemporalLib.simulation.lesions.new_lesion_cohort import write_lesion_cohort
from SpatioTemporalLib.simulation.lesions.new_lesions import LesionPair, draw_pair
from SpatioTemporalLib.steps.follow_up.visit_pair import PairSettings

SHAPE = (4, 24, 24)
SMALL_NETWORK = {"widths": [4, 8], "depth": 1, "heads": 2}


def small_pair_cohort(folder: Path, count: int = 5, seed: int = 4):
    """Three in training, one to validate on, one to test."""
    return write_lesion_cohort(folder, count, Context(seed=seed), shape=SHAPE)


def small_pair_facts(**shown) -> BundleFacts:
    return BundleFacts(
        architecture=Architecture("siamese_utransformer", "default", {**SMALL_NETWORK, "in_channels": 1}),
        shown=PairSettings(**{"shape": (4, 8, 8), **shown}),
        covariates=(),
        visits=(2, 2),
        calibration=Calibration(),
        threshold=0.3,
        training=Training("simulated lesions", True, "new", 0.01, 4, (90.0, 700.0)),
        description="a test",
        task="change",
    )


def small_pair_bundle(folder: Path, **shown) -> Path:
    """Of a network with random weights."""
    import torch
    from library.networks.checks import perturbed

    from SpatioTemporalLib.networks.bundle.writing import write_bundle
    from SpatioTemporalLib.networks.registry import build

    torch.manual_seed(0)
    network = perturbed(build("siamese_utransformer", arguments=SMALL_NETWORK)).eval()
    return write_bundle(folder, small_pair_facts(**shown), [network])


def simulated_visits(seed: int = 5, shape=SHAPE, geometry: st.Geometry | None = None) -> tuple[FollowUp, LesionPair]:
    """Two visits on one grid, and what is known of them."""
    pair = draw_pair(np.random.default_rng(seed), shape)
    grid = geometry or st.Geometry.from_spacing(shape)
    images = [st.Map(values, grid, "a.u.", "flair") for values in pair.images]
    visits = (Visit(0.0, {"flair": images[0]}), Visit(pair.days, {"flair": images[1]}))
    return FollowUp("simulated", visits), pair
