"""What is measured of a structure: size, shape, image values, and how far it lies from others."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ...data.volumes import Map
from ...numerics.statistics.growth import lesion_volume, longest_axis
from ...numerics.statistics.moments import skewness_and_entropy
from .drawn import Drawn

NECROTIC_HU = 30.0
UNITS = {
    "volume": "mL",
    "longest diameter": "mm",
    "surface": "mm2",
    "sphericity": "1",
    "necrotic share": "1",
    "skewness": "1",
    "entropy": "bit",
}


def size_of(drawn: Drawn) -> dict[str, float]:
    """Volume, longest diameter in a slice, surface and sphericity.

    Sphericity is the surface of a sphere of that volume over its own; the surface
    is by Crofton's formula (Lehmann and Legland, Insight J 2012), as SimpleITK
    computes it.
    """
    import SimpleITK as sitk

    # The filter measures nothing at the border of an image.
    image = sitk.GetImageFromArray(np.pad(drawn.mask, 1).astype(np.uint8))
    image.SetSpacing(drawn.geometry.spacing)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    return {
        "volume": lesion_volume(drawn.mask, drawn.geometry),
        "longest diameter": longest_axis(drawn.mask, drawn.geometry).length,
        "surface": float(shape.GetPerimeter(1)),
        "sphericity": float(shape.GetRoundness(1)),
    }


def values_of(drawn: Drawn, image: Map | None) -> dict[str, float]:
    """Mean, scatter, tails and disorder of the image inside, NaN without an image or where it does not reach."""
    names = ("mean", "standard deviation", "p10", "p90", "skewness", "entropy", "necrotic share")
    values = np.empty(0) if image is None else _inside(drawn, image)
    if not values.size:
        return dict.fromkeys(names, float("nan"))
    low, high = np.percentile(values, (10, 90))
    skewness, entropy = skewness_and_entropy(values)
    necrotic = float((values < NECROTIC_HU).mean()) if image.unit == "HU" else float("nan")
    spread = float(values.std())
    return dict(zip(names, (float(values.mean()), spread, float(low), float(high), skewness, entropy, necrotic)))


def distance_between(first: Drawn, second: Drawn) -> float:
    """Shortest distance between the surfaces, mm; zero where they touch or overlap."""
    if _overlap(first, second):
        return 0.0
    others = second.points
    near, place = cKDTree(others).query(first.points)
    closest = int(near.argmin())
    way = others[place[closest]] - first.points[closest]
    # From centre to centre is too long by half of either voxel, as far as that reaches along the way.
    return max(0.0, float(near[closest]) - _half_voxel(first, way) - _half_voxel(second, way))


def contact_area(first: Drawn, second: Drawn) -> float:
    """Area of the first's outermost voxels that lie next to the second, mm2, each as large as its voxel's face."""
    spacing = first.geometry.spacing
    near, _ = cKDTree(second.points).query(first.points)
    return float((near <= max(*spacing, *second.geometry.spacing) * 1.01).sum()) * float(np.prod(spacing)) ** (2 / 3)


def share_inside(inner: Drawn, outer: Drawn) -> float:
    """Share 0..1 of a structure's voxels whose centres lie in another."""
    return float(_lies_in(inner, outer).mean())


def _half_voxel(drawn: Drawn, way: np.ndarray) -> float:
    direction = way / np.linalg.norm(way)
    return float(np.abs(direction @ drawn.geometry.affine[:3, :3]).sum()) / 2


def _overlap(first: Drawn, second: Drawn) -> bool:
    return bool(_lies_in(first, second).any())


def _lies_in(inner: Drawn, outer: Drawn) -> np.ndarray:
    """(M,) bool of the voxels of the first, whatever grid the second lies on."""
    ras = inner.geometry.ijk_to_ras(np.argwhere(inner.mask)[:, ::-1].astype(float))
    return outer.mask[_voxels(outer, ras)] & _inside_grid(outer, ras)


def _voxels(drawn: Drawn, ras: np.ndarray) -> tuple[np.ndarray, ...]:
    index = np.rint(drawn.geometry.ras_to_ijk(ras)).astype(int)
    return tuple(np.clip(index[:, axis], 0, drawn.mask.shape[2 - axis] - 1) for axis in (2, 1, 0))


def _inside_grid(drawn: Drawn, ras: np.ndarray) -> np.ndarray:
    index = np.rint(drawn.geometry.ras_to_ijk(ras)).astype(int)
    return ((index >= 0) & (index < np.array(drawn.mask.shape[::-1]))).all(axis=1)


def _inside(drawn: Drawn, image: Map) -> np.ndarray:
    ras = drawn.geometry.ijk_to_ras(np.argwhere(drawn.mask)[:, ::-1].astype(float))
    index = np.rint(image.geometry.ras_to_ijk(ras)).astype(int)
    there = ((index >= 0) & (index < np.array(image.geometry.shape[::-1]))).all(axis=1)
    i, j, k = index[there].T
    values = np.asarray(image.values[k, j, i], dtype=float)
    return values[np.isfinite(values)]
