"""How thick a wall is between the surface of what it surrounds and its own outer surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

# Of a voxel along each axis: takes the stairs off a surface of voxels and moves it by a few hundredths of one.
ROUNDED = 0.7


@dataclass(frozen=True, eq=False)
class Thickness:
    """Of each voxel of a wall: inner and outer (N,) mm to the two surfaces."""

    inner: np.ndarray
    outer: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """(N,) mm."""
        return self.inner + self.outer


def wall_thickness(wall: np.ndarray, cavity: np.ndarray, spacing) -> Thickness:
    """The shortest way from each voxel of a wall to the cavity and to the outside, added.

    Parameters
    ----------
    wall, cavity : (K, J, I) bool; neither is empty. Along an axis of one voxel nothing is measured.
    spacing : (3,) mm of K, J and I

    Notes
    -----
    Surfaces lie between voxels: where the mask, smoothed by a Gaussian of 0.7 voxels, passes a half between neighbours.
    The thickness of a shell between two concentric spheres is the difference of their radii at every point of it.
    """
    spacing = np.asarray(spacing, dtype=float)
    whole = wall | cavity
    box = tuple(
        slice(max(part.start - 1, 0), part.stop + 1) for part in ndimage.find_objects(whole.astype(np.uint8))[0]
    )
    places = (np.argwhere(wall[box]) + 0.0) * spacing
    inner, outer = (
        KDTree(surface_points(mask[box], spacing, np.array([part.start for part in box]), mask.shape))
        for mask in (cavity, whole)
    )
    return Thickness(inner.query(places)[0], outer.query(places)[0])


def surface_points(mask: np.ndarray, spacing: np.ndarray, corner: np.ndarray, shape: tuple) -> np.ndarray:
    """(N, 3) mm of K, J and I, from the first voxel of a part of an image, where the surface of a mask passes.

    corner, shape : of the part's first voxel, and of the image; beyond the image nothing says where a surface is, and
    it is taken to go on
    """
    flat = [size == 1 for size in shape]
    sigma = [0.0 if one else ROUNDED for one in flat]
    # Room for what the smoothing spreads; at the border of the image the mask goes on.
    room = [(0, 0) if one else (4, 4) for one in flat]
    pad = [(min(a, int(c)), min(b, int(s - c - n))) for (a, b), c, s, n in zip(room, corner, shape, mask.shape)]
    wide = np.pad(mask, pad).astype(float)
    smooth = ndimage.gaussian_filter(wide, sigma, mode="nearest", truncate=5)
    # Zero at the surface; a value that is zero itself belongs to one side.
    level = np.where(smooth == 0.5, 1e-12, smooth - 0.5)
    points = []
    for axis in range(3):
        if flat[axis]:
            continue
        first = level.take(range(level.shape[axis] - 1), axis)
        second = level.take(range(1, level.shape[axis]), axis)
        at = np.argwhere(first * second < 0).astype(float)
        index = tuple(at.astype(int).T)
        at[:, axis] += first[index] / (first[index] - second[index])
        points.append(at)
    return (np.concatenate(points) - [before for before, _ in pad]) * spacing
