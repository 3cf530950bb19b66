"""A simulated ventricle that beats, with a segmentation of every frame."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.data import LabelSeries
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle

from .offer import Offer, offered

DESIGN = VentricleDesign((16, 44, 44), (2.0, 2.0, 6.0), radii=(22.0, 22.0, 34.0), noise=8.0)
STORY = "Simulated: the wall of a ventricle keeps its volume while the cavity loses 60 % of its own."


@offered(LabelSeries, "motion.volume_curve", "motion.wall_thickness")
def ventricle() -> Offer:
    heart = beating_ventricle(DESIGN, np.random.default_rng(0))
    return Offer(STORY, {"labels": heart.labels}, {"segments": ("cavity",)})


@offered("motion.propagation")
def drawn_once() -> Offer:
    design = VentricleDesign((12, 34, 34), (2.5, 2.5, 7.0), radii=(20.0, 20.0, 30.0), frames=8, noise=8.0)
    heart = beating_ventricle(design, np.random.default_rng(0))
    values = {"series": heart.series, "labels": heart.labels.frame(0)}
    return Offer(f"{STORY} It was drawn on the first of eight frames.", values)


@offered("segmentation.by_model_zoo")
def bright_blood() -> Offer:
    """A bundle that is shipped to show the layout; it finds what is brighter than the middle of all values."""
    design = VentricleDesign((12, 34, 34), (2.5, 2.5, 7.0), radii=(20.0, 20.0, 30.0), frames=4, noise=8.0)
    heart = beating_ventricle(design, np.random.default_rng(0))
    bundle = {"bundle": "Resources/SampleData/threshold_bundle"}
    return Offer(f"{STORY} The bundle was made by hand to show the layout.", {"series": heart.series}, bundle)


@offered("motion.ventilation")
def breath() -> Offer:
    """A textured ball that expands, more in its lower half."""
    shape, step, radius = (30, 36, 36), 3.0, 36.0
    geometry = st.Geometry.from_spacing(shape, (step,) * 3)
    axes = [(np.arange(n) - (n - 1) / 2) * step for n in shape]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), -1)

    def image(at: np.ndarray, volume) -> np.ndarray:
        waves = np.sin(at / (17.0, 21.0, 18.0) * 6.3).sum(axis=-1)
        return np.where(np.linalg.norm(at, axis=-1) < radius, -1000 + (280 + 60 * waves) / volume, 0.0)

    stretch = 1.07 - 0.03 * np.tanh(places[..., :1] / 20)
    frames = np.stack([image(places, 1.0), image(places / stretch, stretch[..., 0] ** 3)])
    series = st.Series(frames.astype(np.float32), [0.0, 2.0], geometry, "HU", "4D CT")
    lungs = (np.linalg.norm(places, axis=-1) < radius - 4).astype(np.uint8)
    values = {"series": series, "lungs": st.LabelMap(lungs, geometry, {1: st.Label("lungs")}, "lungs")}
    return Offer("Simulated: a lung that expands more below.", values)
