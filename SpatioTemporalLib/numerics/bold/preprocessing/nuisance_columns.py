"""Columns of what is taken out of functional series: drift, frequencies outside a band, spikes."""

from __future__ import annotations

import numpy as np

SECONDS_A_DEGREE = 150.0
DRIFTS = ("none", "polynomials", "cosines")


def legendre_order(duration: float) -> int:
    """Highest degree of drift that a run of so many seconds holds: 1 and one for each 150 s, as AFNI has it."""
    return 1 + int(duration / SECONDS_A_DEGREE)


def legendre_columns(frames: int, order: int) -> np.ndarray:
    """(frames, order) Legendre polynomials of degree 1 and on, between -1 and 1."""
    return np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, frames), order)[:, 1:]


def outside_band(frames: int, interval: float, low: float, high: float) -> dict[str, np.ndarray]:
    """Sines and cosines (frames,) of every frequency of the run that is outside of a band, by name.

    Parameters
    ----------
    interval : s between frames
    low, high : Hz, both kept; 0 and infinity leave that side open

    Notes
    -----
    The frequencies are n / (frames interval), n from 1 to half the number of
    frames; the constant is no column here.
    """
    points = np.arange(frames)
    columns = {}
    for n in range(1, frames // 2 + 1):
        frequency = n / (frames * interval)
        # A frequency of the band's edge, but for rounding, is within it.
        if low * (1 - 1e-9) <= frequency <= high * (1 + 1e-9):
            continue
        turn = 2 * np.pi * n * points / frames
        columns[f"cos {frequency:.4f} Hz"] = np.cos(turn)
        if 2 * n < frames:
            columns[f"sin {frequency:.4f} Hz"] = np.sin(turn)
    return columns


def spike_columns(censored: np.ndarray) -> dict[str, np.ndarray]:
    """A column for each frame of a (T,) bool that is set: the frame then counts for nothing."""
    columns = {}
    for frame in np.flatnonzero(censored):
        columns[f"frame {frame + 1}"] = np.zeros(len(censored))
        columns[f"frame {frame + 1}"][frame] = 1.0
    return columns
