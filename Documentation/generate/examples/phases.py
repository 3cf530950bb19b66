"""Phases of a dynamic series with lesions."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.lesions.dce_phantom import Protocol, draw_phantom

from .offer import Offer, offered

INJECTION_S = 1.0


@offered("segmentation.by_network")
def three_phases() -> Offer:
    """Before contrast, 30 s and 150 s after it."""
    phantom = draw_phantom(np.random.default_rng(4), Protocol(150.0, 150.0))
    series = st.Series(
        phantom.phases,
        phantom.seconds + INJECTION_S,
        st.Geometry.from_spacing(phantom.lesion.shape),
        name="dce",
        acquisition=st.Acquisition(modality="MR", examination="dce"),
    )
    story = "Simulated lesions, look-alikes and a vessel: one frame before injection, two after it."
    return Offer(story, {"series": series}, {"injection": INJECTION_S})
