"""Predicted chances between and at the horizons for which they were given."""

from __future__ import annotations

import numpy as np

TINY = 1e-12


def interpolated(survival, horizons, times) -> np.ndarray:
    """(N, T) chance at times, the hazard being constant between horizons; beyond the last it goes on as before it.

    Parameters
    ----------
    survival : (N, H) array
        Chance of being without an event at the horizons.
    horizons : (H,) array, above 0, rising
    times : (T,) array for everybody, or (N, T) array
    """
    hazard = np.concatenate(
        [np.zeros((len(survival), 1)), -np.log(np.maximum(np.asarray(survival, float), TINY))], axis=1
    )
    edges = np.concatenate([[0.0], np.asarray(horizons, float)])
    times = np.broadcast_to(np.asarray(times, float), (len(hazard), np.shape(times)[-1]))
    place = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(edges) - 2)
    low = np.take_along_axis(hazard, place, axis=1)
    high = np.take_along_axis(hazard, place + 1, axis=1)
    part = (times - edges[place]) / (edges[place + 1] - edges[place])
    return np.exp(-(low + part * (high - low)))


def median_time(survival, horizons) -> np.ndarray:
    """(N,) time by which half have the event; beyond the last horizon by the hazard before it."""
    hazard = -np.log(np.maximum(np.asarray(survival, float), TINY))
    edges = np.concatenate([[0.0], np.asarray(horizons, float)])
    hazard = np.concatenate([np.zeros((len(hazard), 1)), hazard], axis=1)
    reached = hazard >= np.log(2.0)
    place = np.where(reached.any(axis=1), reached.argmax(axis=1), len(edges) - 1)[:, None]
    low, high = np.take_along_axis(hazard, place - 1, axis=1), np.take_along_axis(hazard, place, axis=1)
    with np.errstate(divide="ignore"):
        part = (np.log(2.0) - low) / (high - low)
    return (edges[place - 1] + part * (edges[place] - edges[place - 1]))[:, 0]


def restricted_mean(survival, horizons) -> np.ndarray:
    """(N,) mean time without an event up to the last horizon."""
    fine = np.linspace(0, float(np.asarray(horizons)[-1]), 201)
    left = interpolated(survival, horizons, fine)
    return ((left[:, 1:] + left[:, :-1]) / 2 * np.diff(fine)).sum(axis=1)
