"""Images whose voxels are those of another image, stored along other axes or cropped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import Finding, Severity
from ..geometry import DIRECTION_TOLERANCE, POSITION_TOLERANCE_MM, Geometry
from ..volumes import LabelMap, Map


def on_lattice(image: LabelMap | Map, grid: Geometry, name: str) -> LabelMap | Map:
    """The image on a grid whose voxels it shares, and as it is where it does not share them.

    Slicer crops segmentations to their extent, and some programs store slices or
    rows the other way round: no value has to be made up to bring them back.
    Labels outside the cropped part are background. A map has to cover the grid,
    and what reaches beyond it is likelier to belong to another image.

    Parameters
    ----------
    grid : Geometry   Of the image it belongs to.
    name : str        Of that image, for messages.
    """
    if image.geometry.matches(grid):
        return image
    turned = _turned(image.values, image.geometry, grid)
    if turned is None:
        return image
    values, start = turned
    end = start + np.array(values.shape)
    if (start < 0).any() or (end > grid.shape).any():
        return image
    if isinstance(image, Map) and values.shape != grid.shape:
        return image
    placed = np.zeros(grid.shape, dtype=values.dtype)
    placed[tuple(slice(a, b) for a, b in zip(start, end))] = values
    if isinstance(image, Map):
        return replace(image, values=placed, geometry=grid)
    told = _told(image.name, values, placed, name)
    return replace(image, values=placed, geometry=grid, findings=(*image.findings, told))


def _told(called: str, values: np.ndarray, placed: np.ndarray, name: str) -> Finding:
    """How labels were put on the grid of another image."""
    if values.shape == placed.shape:
        how = f"its voxels are those of {name}, stored along other axes; they were put in its order"
    else:
        size = "×".join(str(n) for n in values.shape[::-1])
        how = f"was cropped to {size} voxels of {name}; it was put back in its place, the rest is background"
    return Finding("R-MASK-GRID", Severity.REPAIR, how, called)


def _turned(values: np.ndarray, geometry: Geometry, grid: Geometry) -> tuple[np.ndarray, np.ndarray] | None:
    """(K, J, I) values along the axes of the grid, and the (3,) index there of the first; None on another lattice."""
    to_grid = np.linalg.inv(grid.affine) @ geometry.affine
    axes = np.rint(to_grid[:3, :3])
    if not (np.abs(axes).sum(axis=0) == 1).all() or not (np.abs(axes).sum(axis=1) == 1).all():
        return None
    shift = np.rint(to_grid[:3, 3])
    if _apart_mm(geometry, grid, axes, shift) > POSITION_TOLERANCE_MM + DIRECTION_TOLERANCE * _extent_mm(geometry):
        return None
    # From here on in the order of arrays: slices, rows, columns.
    axes, shift = axes[::-1, ::-1], shift[::-1]
    source = np.abs(axes).argmax(axis=1)
    sign = axes[np.arange(3), source]
    turned = np.flip(values.transpose(source), axis=tuple(np.flatnonzero(sign < 0)))
    start = shift + np.where(sign < 0, 1 - np.array(turned.shape), 0)
    return np.ascontiguousarray(turned), start.astype(int)


def _apart_mm(geometry: Geometry, grid: Geometry, axes: np.ndarray, shift: np.ndarray) -> float:
    """Largest distance between voxels at the corners and the voxels of the grid that they are taken for."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in geometry.shape[::-1]], indexing="ij"), -1).reshape(-1, 3)
    theirs = grid.ijk_to_ras(corners @ axes.T + shift)
    return float(np.linalg.norm(geometry.ijk_to_ras(corners) - theirs, axis=1).max())


def _extent_mm(geometry: Geometry) -> float:
    return max(n * s for n, s in zip(geometry.shape[::-1], geometry.spacing))
