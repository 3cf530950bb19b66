"""The voxels of one run as a matrix, and maps made of such rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...data.series import Series
from ...errors import InputError
from ...numerics.bold.smoothing import smoothed_in_mask

EVEN = 0.01


def repetition_time(series: Series) -> float:
    """Seconds between frames.

    Raises
    ------
    InputError
        ``E-TIME-UNEVEN`` where they are not evenly spaced, ``E-FRAMES`` for fewer than three.
    """
    steps = np.diff(series.times)
    if len(steps) < 2:
        raise InputError("E-FRAMES", f"{len(steps) + 1} frames are too few", where=series.name, fix="Give a whole run.")
    middle = float(np.median(steps))
    if np.abs(steps - middle).max() > EVEN * middle:
        raise InputError(
            "E-TIME-UNEVEN",
            f"frames are {steps.min():.4g} to {steps.max():.4g} s apart; evenly spaced ones were expected",
            where=series.name,
            fix="Give the run as it was acquired; frames to be left out are named by a parameter.",
        )
    return middle


def run_matrix(
    series: Series, inside: np.ndarray, fwhm: float, report: Callable[[float], None] = lambda fraction: None
) -> np.ndarray:
    """(T, V) float32 series of the voxels of a mask, smoothed in it by `fwhm` mm where that is above 0."""
    matrix = np.empty((series.frame_count, int(inside.sum())), dtype=np.float32)
    for n, frame in enumerate(series.values):
        if fwhm > 0:
            report(n / series.frame_count)
            frame = smoothed_in_mask(np.asarray(frame), inside, fwhm, series.geometry.spacing)
        matrix[n] = frame[inside]
    if not np.isfinite(matrix).all():
        raise InputError(
            "E-NOT-FINITE", "some voxels hold values that are no numbers", where=series.name,
            fix="Choose a mask without them.",
        )  # fmt: skip
    return matrix


def as_volume(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(K, J, I) float32 of (V,) values of a mask, NaN outside."""
    volume = np.full(inside.shape, np.nan, dtype=np.float32)
    volume[inside] = values
    return volume
