"""A simulated ventricle that beats, with a segmentation of every frame."""

from __future__ import annotations

import numpy as np

from SpatioTemporalLib.data import LabelSeries
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle

from .offer import Offer, offered

DESIGN = VentricleDesign((16, 44, 44), (2.0, 2.0, 6.0), radii=(22.0, 22.0, 34.0), noise=8.0)
STORY = "Simulated: the wall of a ventricle keeps its volume while the cavity loses 60 % of its own."


@offered(LabelSeries, "motion.volume_curve", "motion.wall_thickness")
def ventricle() -> Offer:
    heart = beating_ventricle(DESIGN, np.random.default_rng(0))
    return Offer(STORY, {"labels": heart.labels}, {"segments": ("cavity",)})
