"""Stacks of images at several times after an inversion or a saturation."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

from .curves import patches
from .offer import Offer, offered

TIMES = np.array([0.1, 0.3, 0.6, 1.0, 1.6, 2.5, 4.0])
STORY = "Simulated {what}: T1 rises from left to right, the signal from top to bottom."


@offered("kinetics.inversion_recovery_t1", "kinetics.look_locker_t1")
def inversion() -> Offer:
    return Offer(STORY.format(what="inversion recovery"), {"stack": _recovery("inversion_time", 1.9)})


@offered("kinetics.saturation_recovery_t1")
def saturation() -> Offer:
    return Offer(STORY.format(what="saturation recovery"), {"stack": _recovery("repetition_time", 1.0)})


@offered("kinetics.despot1_hifi_t1")
def flip_angles_and_inversion() -> Offer:
    """Spoiled gradient echoes at four flip angles, and one train of echoes after inversions."""
    signal, t1 = _tissue()
    repetition, angles = 0.005, np.array([2.0, 5.0, 12.0, 20.0])
    sine, cosine = np.sin(np.radians(angles)), np.cos(np.radians(angles))
    decay = np.exp(-repetition / t1)[..., None]
    echoes = 10 * signal[..., None] * sine * (1 - decay) / (1 - decay * cosine)
    stacks = {
        "stack": _stack(echoes, angles, "flip_angle", "deg", repetition_time=repetition),
        "inversion_stack": _recovery("inversion_time", 2.0, scale=10 * np.sin(np.radians(5.0))),
    }
    story = STORY.format(what="echoes at four flip angles, and single echoes after inversions")
    return Offer(story, stacks, {"pulses": 1, "pause": 10.0})


def _tissue() -> tuple[np.ndarray, np.ndarray]:
    return patches(np.array([600.0, 1000.0, 1400.0]), np.array([0.5, 0.9, 1.4, 2.0]))


def _recovery(setting: str, turned: float, scale: float = 1.0) -> st.ImageStack:
    signal, t1 = _tissue()
    recovered = np.abs(scale * signal[..., None] * (1 - turned * np.exp(-TIMES / t1[..., None])))
    return _stack(recovered, TIMES, setting, "s", repetition_time=0.005, flip_angle=5.0)


def _stack(values: np.ndarray, settings: np.ndarray, setting: str, unit: str, **acquisition) -> st.ImageStack:
    values = np.moveaxis(values, -1, 0)
    values = values + np.random.default_rng(0).normal(0, 3, values.shape)
    geometry = st.Geometry.from_spacing(values.shape[1:], (2.0, 2.0, 5.0))
    known = {name: value for name, value in acquisition.items() if name != setting}
    return st.ImageStack(
        values, settings, geometry, setting, unit, "a.u.", "simulated", acquisition=st.Acquisition(**known)
    )
