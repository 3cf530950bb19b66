"""A place half-way between two images, so that both are interpolated alike."""

from __future__ import annotations

import numpy as np
from scipy.linalg import sqrtm

from ...data.geometry import Geometry


def half_way_grids(geometry: Geometry, motion: np.ndarray) -> tuple[Geometry, Geometry]:
    """The same voxels as positions in the first and in the second image.

    Parameters
    ----------
    geometry : grid of the first image
    motion : (4, 4) rigid, from RAS mm of the first image to RAS mm of the second

    Returns
    -------
    first, second : Geometry
        The grid moved half of the way back, and half of the way on: what is
        interpolated at either is smoothed alike, and exchanging the images exchanges the two.

    Notes
    -----
    Reuter and Fischl, NeuroImage 57:19 (2011): the matrix root of the rigid transform.
    """
    half = np.real(sqrtm(np.asarray(motion, dtype=float)))
    return (
        Geometry(geometry.shape, np.linalg.inv(half) @ geometry.affine),
        Geometry(geometry.shape, half @ geometry.affine),
    )
