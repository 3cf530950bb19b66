"""How far the surfaces of two masks lie from one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

MARGIN_MM, MARGIN_VOXELS = 10.0, 3
# Of a voxel's diagonal: distances are sums of squares of the same numbers in another order.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Of every surface voxel of one mask, the distance to the surface of the other, mm.

    first, second : (N,), (M,) of the voxels of each mask's surface.
    """

    first: np.ndarray
    second: np.ndarray

    def hausdorff(self, percentile: float = 100.0) -> float:
        """The larger of the two directed distances, or of their percentiles."""
        return float(max(np.percentile(self.first, percentile), np.percentile(self.second, percentile)))

    @property
    def average_symmetric(self) -> float:
        """The mean over the voxels of both surfaces."""
        return float((self.first.sum() + self.second.sum()) / (len(self.first) + len(self.second)))

    @property
    def average_directed(self) -> float:
        """The mean of the two directed means."""
        return float((self.first.mean() + self.second.mean()) / 2)

    def within(self, tolerance: float) -> float:
        """The share of the voxels of both surfaces that lie within a distance."""
        limit = tolerance * (1 + ROUNDING)
        near = np.count_nonzero(self.first <= limit) + np.count_nonzero(self.second <= limit)
        return near / (len(self.first) + len(self.second))


def surface_of(mask: np.ndarray) -> np.ndarray:
    """Voxels of a mask with a neighbour at one of their faces outside of it; what lies beyond the image is outside.

    An image of one slice has no neighbours above and below: all of a region would else be its surface.
    """
    flat = tuple(n for n, size in enumerate(mask.shape) if size == 1)
    if len(flat) == mask.ndim:
        return mask.copy()
    cross = ndimage.generate_binary_structure(mask.ndim - len(flat), 1)
    return mask & ~ndimage.binary_erosion(mask, np.expand_dims(cross, flat))


def surface_distances(first: np.ndarray, second: np.ndarray, spacing) -> SurfaceDistances:
    """Distances between the surfaces of two masks, neither of them empty.

    Parameters
    ----------
    first, second : (K, J, I) bool
    spacing : (3,) mm of K, J and I

    Notes
    -----
    Surfaces are voxels, which count alike whatever their area; distances are exact, between centres of voxels.
    """
    spacing = np.asarray(spacing, dtype=float)
    box = _around(first | second, spacing)
    surfaces = [surface_of(np.ascontiguousarray(mask[box])) for mask in (first, second)]
    away = [ndimage.distance_transform_edt(~surface, sampling=spacing) for surface in surfaces]
    return SurfaceDistances(away[1][surfaces[0]], away[0][surfaces[1]])


def _around(mask: np.ndarray, spacing: np.ndarray) -> tuple[slice, ...]:
    """What lies around a mask, with a margin: distances there are those in the whole image."""
    found = ndimage.find_objects(mask.astype(np.uint8))[0]
    margins = np.maximum(np.ceil(MARGIN_MM / spacing).astype(int), MARGIN_VOXELS)
    return tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, size))
        for part, margin, size in zip(found, margins, mask.shape)
    )
