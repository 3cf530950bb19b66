"""Regions of fixed size and spacing around a point, cut through the affine."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ...data.geometry import Geometry
from ...errors import GeometryError

SHAPE = (16, 64, 64)
# Beyond the centre of the outermost voxel by more than half of it is outside; the margin absorbs rounding.
HALF_VOXEL = 0.5 + 1e-6


def region_around(centre, shape=SHAPE, spacing=(1.0, 1.0, 1.0)) -> Geometry:
    """Grid along R, A and S whose middle lies at a point.

    Parameters
    ----------
    centre : (3,) RAS mm
        Middle of the box; with an even number of voxels it lies between two.
    shape : (K, J, I)
    spacing : (I, J, K) mm
    """
    middle = (np.array(shape[::-1]) - 1) / 2
    return Geometry.from_spacing(shape, spacing, np.asarray(centre, dtype=float) - middle * np.asarray(spacing))


def resampled(values: np.ndarray, source: Geometry, target: Geometry, *, fill: float) -> np.ndarray:
    """(K, J, I) float32 values on another grid, linear between voxel centres.

    Parameters
    ----------
    values : (K, J, I) array      On `source`. NaN spreads to its neighbours.
    fill : float
        Where the target lies outside the source's voxels. Within half a voxel
        of the outermost centres their value is carried on.

    Notes
    -----
    There is no smoothing before: a target much coarser than its source needs
    that done first.
    """
    return _sampled(np.asarray(values, dtype=np.float32), source, target, 1, fill)


def resampled_labels(values: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """(K, J, I) labels on another grid, each voxel taking its nearest; zero outside."""
    return _sampled(values, source, target, 0, 0)


def crop(values: np.ndarray, source: Geometry, centre, *, shape=SHAPE, spacing=(1.0, 1.0, 1.0), fill: float):
    """Values in a region around a point, and the region's grid.

    Parameters
    ----------
    values : (K, J, I) array on `source`
    centre : (3,) RAS mm
    shape : (K, J, I)
    spacing : (I, J, K) mm
    fill : float                  Outside the image; -1024 for air in HU.

    Returns
    -------
    values : `shape` float32 array
    geometry : Geometry

    Raises
    ------
    GeometryError
        ``E-CROP-OUTSIDE`` when the point lies outside the image.
    """
    require_inside(source, centre)
    target = region_around(centre, shape, spacing)
    return resampled(values, source, target, fill=fill), target


def require_inside(geometry: Geometry, point) -> None:
    """Raise a `GeometryError` when a point in RAS mm lies outside an image."""
    ijk = geometry.ras_to_ijk(point)
    if not _inside(ijk, geometry.shape[::-1]):
        place = ", ".join(f"{x:.4g}" for x in np.asarray(point, dtype=float))
        raise GeometryError(
            "E-CROP-OUTSIDE",
            f"the point R, A, S = {place} mm lies outside the image of {geometry}",
            fix="Check the sign of R and A: files from ITK and DICOM give L and P.",
        )


def _sampled(values: np.ndarray, source: Geometry, target: Geometry, order: int, fill) -> np.ndarray:
    sampled = np.full(target.shape, fill, dtype=values.dtype)
    rows, columns = target.shape[1:]
    plane = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    # Slice by slice: the positions of a whole volume would take more memory than the volume.
    for k in range(target.shape[0]):
        voxels = np.concatenate([plane, np.full((rows, columns, 1), k)], axis=-1)
        ijk = source.ras_to_ijk(target.ijk_to_ras(voxels))
        inside = _inside(ijk, source.shape[::-1])
        # Beyond the last centre the nearest is carried on, so the edge is not blended with the fill.
        places = ijk[inside][:, ::-1].T
        sampled[k][inside] = ndimage.map_coordinates(values, places, order=order, mode="nearest", prefilter=False)
    return sampled


def _inside(ijk: np.ndarray, sizes) -> np.ndarray:
    return ((ijk >= -HALF_VOXEL) & (ijk <= np.array(sizes) - 1 + HALF_VOXEL)).all(axis=-1)
