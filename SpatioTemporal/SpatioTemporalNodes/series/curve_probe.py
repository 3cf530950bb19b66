"""The curve of the voxel at a position, fast enough to follow the mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from SpatioTemporalLib.data import Geometry

from ..values.voxels import node_geometry, node_values
from .frames import Frames, is_multi_volume

MOST_VOXELS = 2000


@dataclass(frozen=True)
class CurveProbe:
    """Views of the frames' voxels; nothing is copied until a curve is asked for.

    views : one (K, J, I) array a frame, or one (K, J, I, T) array.
    inverse : (4, 4) RAS to IJK.
    """

    views: tuple[np.ndarray, ...]
    geometry: Geometry
    inverse: np.ndarray

    def voxel(self, ras) -> tuple[int, int, int] | None:
        """(k, j, i) of the voxel at a position in RAS mm, None outside the grid."""
        ijk = self.inverse[:3, :3] @ np.asarray(ras, dtype=float) + self.inverse[:3, 3]
        k, j, i = (int(n) for n in np.rint(ijk[::-1]))
        inside = all(0 <= index < size for index, size in zip((k, j, i), self.geometry.shape))
        return (k, j, i) if inside else None

    def curve(self, ras) -> np.ndarray | None:
        """(T,) values of the voxel at a position in RAS mm, None outside the grid."""
        place = self.voxel(ras)
        if place is None:
            return None
        if len(self.views) == 1 and self.views[0].ndim == 4:
            return self.views[0][place].astype(float)
        return np.array([view[place] for view in self.views], dtype=float)

    def mean_curve(self, most: int = MOST_VOXELS) -> np.ndarray:
        """(T,) mean of so many voxels at most, spread through the image."""
        step = max(1, int(np.prod(self.geometry.shape)) // most)
        if len(self.views) == 1 and self.views[0].ndim == 4:
            view = self.views[0]
            return view.reshape(-1, view.shape[-1])[::step].mean(axis=0, dtype=float)
        return np.array([view.reshape(-1)[::step].mean(dtype=float) for view in self.views])


def probe_frames(frames: Frames) -> CurveProbe:
    """A probe of a series' frames.

    Raises
    ------
    GeometryError
        If a frame lies elsewhere than the first one.
    """
    geometry = node_geometry(frames.volumes[0])
    if not is_multi_volume(frames.volumes[0]):
        for index, volume in enumerate(frames.volumes):
            node_geometry(volume).require_match(geometry, f"frame {index} of {frames.label}", "frame 0")
    views = tuple(node_values(volume) for volume in frames.volumes)
    return CurveProbe(views, geometry, np.linalg.inv(geometry.affine))
