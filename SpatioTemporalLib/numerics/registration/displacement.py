"""Fields of displacement: where points of one image lie in another, and whether the field can be true."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ...data.geometry import Geometry


def moved_points(points, displacement: np.ndarray, geometry: Geometry) -> np.ndarray:
    """(N, 3) positions in RAS mm to which points are displaced.

    Parameters
    ----------
    points : (N, 3) RAS mm
        Outside the grid the displacement of its edge is taken.
    displacement : (K, J, I, 3) RAS mm, on `geometry`
    """
    points = np.asarray(points, dtype=float)
    places = geometry.ras_to_ijk(points)[:, ::-1].T
    moved = [ndimage.map_coordinates(displacement[..., axis], places, order=1, mode="nearest") for axis in range(3)]
    return points + np.stack(moved, axis=-1)


def landmark_distances(first, second, displacement: np.ndarray, geometry: Geometry) -> np.ndarray:
    """(N,) mm between landmarks of the second image and where those of the first are displaced to."""
    return np.linalg.norm(moved_points(first, displacement, geometry) - np.asarray(second, dtype=float), axis=1)


def volume_change(displacement: np.ndarray, geometry: Geometry) -> np.ndarray:
    """(K, J, I) local volume after displacement by volume before: the Jacobian determinant.

    1 for a rigid motion, above 1 where tissue expands; zero or less where the
    field folds onto itself, which tissue cannot. Differences are central, and
    one-sided at the edges of the grid; along an axis with a single voxel the
    field is taken as constant.
    """
    by_voxel = [
        np.gradient(displacement, axis=2 - axis) if geometry.shape[2 - axis] > 1 else np.zeros_like(displacement)
        for axis in range(3)
    ]
    per_mm = np.linalg.inv(geometry.affine[:3, :3])
    gradient = np.stack(by_voxel, axis=-1) @ per_mm
    return np.linalg.det(gradient + np.eye(3))


def inverse_error(forward: np.ndarray, there: Geometry, backward: np.ndarray, here: Geometry) -> np.ndarray:
    """(K, J, I) mm by which a point misses itself when it is displaced there and back.

    forward : (K, J, I, 3) RAS mm on `there`; backward : on `here`, the grid of the other image.
    NaN where the way leads outside the other image.
    """
    k, j, i = np.indices(there.shape)
    start = there.ijk_to_ras(np.stack([i, j, k], axis=-1)).reshape(-1, 3)
    middle = start + forward.reshape(-1, 3)
    ijk = here.ras_to_ijk(middle)
    inside = ((ijk >= -0.5) & (ijk <= np.array(here.shape[::-1]) - 0.5)).all(axis=1)
    missed = np.linalg.norm(moved_points(middle, backward, here) - start, axis=1)
    return np.where(inside, missed, np.nan).reshape(there.shape)
