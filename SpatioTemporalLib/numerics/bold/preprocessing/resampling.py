"""Volumes brought back to where the reference lies."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .rigid_motion import Rigid


def brought_back(volume: np.ndarray, motion: Rigid, spacing, order: int = 3) -> np.ndarray:
    """(K, J, I) float32 of a volume as if the head had not moved.

    Parameters
    ----------
    motion : where the reference lies in the volume, in the grid's axes I, J, K
    spacing : (I, J, K) mm
    order : of the B-spline; 1 is linear

    Notes
    -----
    Interpolating cubic B-spline (Unser, IEEE Signal Process Mag 16(6):22, 1999),
    which overshoots beside edges: nothing becomes darker than the darkest voxel
    of the volume, or brighter than its brightest. Beyond the volume its last
    voxels go on.
    """
    volume = np.asarray(volume, dtype=np.float32)
    if np.abs(motion.parameters).max() < 1e-9:
        return volume.copy()
    spacing = np.asarray(spacing, dtype=float)
    centre = (np.array(volume.shape[::-1]) - 1) / 2 * spacing
    # In voxels, axes K, J, I as arrays have them.
    matrix = (motion.rotation * spacing / spacing[:, None])[::-1, ::-1]
    shift = ((motion.translation + centre - motion.rotation @ centre) / spacing)[::-1]
    coefficients = ndimage.spline_filter(volume, order, output=np.float32, mode="nearest") if order > 1 else volume
    moved = ndimage.affine_transform(
        coefficients, matrix, shift, order=order, prefilter=False, output=np.float32, mode="nearest"
    )
    return np.clip(moved, volume.min(), volume.max(), out=moved)
