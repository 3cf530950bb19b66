"""Grids along R, A and S over images of any axes, and images brought onto them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ...data.geometry import Geometry
from ...errors import InputError
from .region_of_interest import resampled

# 2 GiB of float32: a body of 2 m by 0.5 m by 0.5 m in voxels of 1 mm.
MOST_VOXELS = 2**29


def covering_grid(geometry: Geometry, spacing: tuple[float, float, float]) -> Geometry:
    """Grid along R, A and S with that spacing (I, J, K) in mm over all voxels of another; itself where it is one.

    Raises
    ------
    InputError
        ``E-GRID-SIZE`` where it would have more than `MOST_VOXELS`.
    """
    aligned = np.allclose(geometry.affine[:3, :3], np.diag(spacing), atol=1e-4)
    if aligned:
        return geometry
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in geometry.shape[::-1]], indexing="ij"), -1).reshape(-1, 3)
    places = geometry.ijk_to_ras(corners)
    low, high = places.min(axis=0), places.max(axis=0)
    counts = np.floor((high - low) / np.array(spacing) + 1e-6).astype(int) + 1
    if np.prod(counts.astype(float)) > MOST_VOXELS:
        extent, step = (" x ".join(f"{x:g}" for x in triple) for triple in (np.round(high - low), spacing))
        raise InputError(
            "E-GRID-SIZE", f"an image of {extent} mm has too many voxels of {step} mm, which the network wants",
            fix="Check the spacing of the image, which is mm; crop it to what is to be looked at.",
        )  # fmt: skip
    return Geometry.from_spacing(tuple(counts[::-1]), spacing, low)


def on_grid(values: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """(K, J, I) float32 on another grid, linear; the least value where nothing was measured."""
    values = np.asarray(values, dtype=np.float32)
    if source.matches(target):
        return values
    # Averaged first over what becomes one voxel: there is no detail finer than the target's grid.
    wider = np.array(target.spacing) / np.array(source.spacing)
    smooth = ndimage.gaussian_filter(values, np.maximum(0.0, 0.4 * (wider[::-1] - 1)))
    return resampled(smooth, source, target, fill=float(values.min()))
