"""Contrast ultrasound: a bolus, refilling after destruction, and grey levels as a scanner shows them."""

from __future__ import annotations

import numpy as np

from .curves import everywhere, noisy_series, patches
from .offer import Offer, offered


@offered("kinetics.bolus_kinetics_ultrasound")
def passing_bolus() -> Offer:
    times = np.arange(0, 80, 0.5)
    width, arrival = patches(np.array([0.4, 0.55, 0.7]), np.array([4.0, 8.0, 12.0, 16.0]))
    since = np.clip(times - arrival[..., None], 1e-3, None)
    logarithm = (np.log(since) - 2.7) / width[..., None]
    passing = np.where(times > arrival[..., None], np.exp(-(logarithm**2) / 2) / (since * width[..., None]), 0)
    series = noisy_series(1 + 600 * passing, times, "a.u.", 0.3)
    story = "A simulated bolus in linear intensity, later from left to right and wider from top to bottom."
    return Offer(story, {"series": series, "mask": everywhere(series)})


@offered("kinetics.replenishment")
def refilling() -> Offer:
    times = np.arange(0, 20, 0.2)
    plateau, rate = patches(np.array([10.0, 20.0, 40.0]), np.array([0.2, 0.4, 0.8, 1.6]))
    refilled = plateau[..., None] * (1 - np.exp(-rate[..., None] * np.clip(times - 2, 0, None)))
    before = np.where(times < 2, plateau[..., None], refilled)
    series = noisy_series(before, times, "a.u.", 0.6)
    story = "Simulated refilling after a destruction at 2 s: rate rises from left to right, volume from top to bottom."
    return Offer(story, {"series": series, "mask": everywhere(series)}, {"destruction_time": 2.0})


@offered("kinetics.linearise_ultrasound")
def grey_levels() -> Offer:
    times = np.arange(0, 60, 0.5)
    height, arrival = patches(np.array([10.0, 100.0, 1000.0]), np.array([4.0, 8.0, 12.0, 16.0]))
    since = np.clip(times - arrival[..., None], 0, None) / 10
    power = 1 + height[..., None] * since**2 * np.exp(2 - 2 * since)
    grey = np.clip(255 * 10 * np.log10(power) / 60, 0, 255)
    series = noisy_series(grey, times, "a.u.", 0.0)
    return Offer(
        "Simulated grey levels of a bolus.", {"series": series}, {"dynamic_range": 60.0, "largest_grey": 255.0}
    )
