"""Single frames that jump out of a voxel's course."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

# A normal deviate of one median absolute deviation.
OF_MAD = 1.4826
VOXELS_AT_A_TIME = 16384


def despiked(series: np.ndarray, window: int, begins: float, most: float) -> tuple[np.ndarray, np.ndarray]:
    """(T, V) float32 of series (T, V) with spikes pulled in, and (T, V) bool of where they were.

    Parameters
    ----------
    window : frames of the running median that says what a voxel's course is; odd
    begins, most : robust standard deviations; from `begins` on a deviation is squeezed, so that none is above `most`

    Notes
    -----
    s' = begins + (most - begins) tanh((s - begins) / (most - begins)), as AFNI's
    3dDespike squeezes them (Cox, Comput Biomed Res 29:162, 1996).
    """
    found = np.empty(series.shape, dtype=np.float32)
    spikes = np.empty(series.shape, dtype=bool)
    for start in range(0, series.shape[1], VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        own = np.asarray(series[:, part], dtype=np.float32)
        course = ndimage.median_filter(own, size=(window, 1), mode="mirror")
        beside = own - course
        spread = OF_MAD * np.median(np.abs(beside), axis=0)
        scaled = np.divide(np.abs(beside), spread, out=np.zeros_like(beside), where=spread > 0)
        spikes[:, part] = scaled > begins
        range_ = most - begins
        squeezed = begins + range_ * np.tanh((np.maximum(scaled, begins) - begins) / range_)
        pulled = course + np.sign(beside) * squeezed * spread
        found[:, part] = np.where(spikes[:, part], pulled, own)
    return found, spikes
