"""A piece of lung with vessels, a nodule and the chest wall, known at every point rather than on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.geometry import Geometry

# HU of inflated lung, blood, a solid nodule, fat, muscle and bone.
PARENCHYMA, BLOOD, NODULE, FAT, MUSCLE, BONE = -870.0, 45.0, 30.0, -95.0, 50.0, 320.0
FAT_THICKNESS, MUSCLE_THICKNESS, RIB_RADIUS, RIB_SPACING = 2.0, 9.0, 5.0, 27.0
WAVES = 48
SMALLEST_VESSEL = 0.4
MURRAY = 3.0


@dataclass(frozen=True, eq=False)
class LungAnatomy:
    """What does not change between visits; lengths in mm, the nodule's middle at the origin.

    vessels : (M, 7) start R, A, S, end R, A, S, and radius of each piece.
    lobes : (L, 4) directions of the nodule's bulges, and their height as a part of the radius.
    half_axes : (3,) of the nodule, for a radius of 1.
    waves : (W, 5) wave vector in 1/mm, phase, and amplitude in HU of the parenchyma's texture.
    wall : distance of the pleura from the nodule's middle towards the right; wall_radius : of its curve.
    """

    vessels: np.ndarray
    lobes: np.ndarray
    half_axes: np.ndarray
    waves: np.ndarray
    wall: float
    wall_radius: float = 110.0


def draw_anatomy(rng: np.random.Generator, extent: float = 50.0) -> LungAnatomy:
    """Lung around a nodule, out to `extent` mm from its middle."""
    directions = rng.normal(size=(7, 3))
    lobes = np.column_stack([_unit(directions), rng.uniform(-0.12, 0.22, 7)])
    half_axes = rng.uniform(0.85, 1.18, 3)
    wavelength = np.exp(rng.uniform(np.log(4.0), np.log(40.0), WAVES))
    vectors = _unit(rng.normal(size=(WAVES, 3))) * (2 * np.pi / wavelength)[:, None]
    waves = np.column_stack([vectors, rng.uniform(0, 2 * np.pi, WAVES), np.full(WAVES, 18.0 * np.sqrt(2 / WAVES))])
    wall = rng.uniform(18.0, 40.0)
    return LungAnatomy(_vessels(rng, extent, wall), lobes, half_axes, waves, wall)


def attenuation(anatomy: LungAnatomy, geometry: Geometry, radius: float, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """What a perfect scanner sees, and the nodule.

    Parameters
    ----------
    geometry : Geometry    In which the nodule's middle lies at the origin.
    radius : float         Of the sphere with the nodule's volume, mm.
    edge : float
        Distance over which one tissue passes into another, mm: what thick
        slices and the scanner's blur make of a sharp border.

    Returns
    -------
    values : (K, J, I) float32, HU
    nodule : (K, J, I) bool
    """
    k, j, i = np.indices(geometry.shape)
    points = geometry.ijk_to_ras(np.stack([i, j, k], axis=-1))
    values = _parenchyma(anatomy, points, geometry)
    _add_vessels(values, anatomy, geometry, edge)
    outside = nodule_distance(anatomy, points, radius)
    _blend(values, NODULE, outside, edge)
    _add_wall(values, anatomy, points, edge)
    return values, outside <= 0


def nodule_distance(anatomy: LungAnatomy, points: np.ndarray, radius: float) -> np.ndarray:
    """(...) mm by which points lie outside the nodule's surface, along the ray from its middle."""
    distance = np.linalg.norm(points, axis=-1)
    directions = points / np.maximum(distance, 1e-9)[..., None]
    return (distance - radius * _surface(anatomy, directions)).astype(np.float32)


def _surface(anatomy: LungAnatomy, directions: np.ndarray) -> np.ndarray:
    """Radius of the nodule along directions, scaled so that its volume is that of the unit sphere."""
    n = 2000
    height = 1 - (2 * np.arange(n) + 1) / n
    turn = np.pi * (1 + np.sqrt(5)) * np.arange(n)
    ring = np.sqrt(1 - height**2)
    even = np.column_stack([ring * np.cos(turn), ring * np.sin(turn), height])
    size = np.cbrt(np.mean(_unscaled_surface(anatomy, even) ** 3))
    return _unscaled_surface(anatomy, directions) / size


def _unscaled_surface(anatomy: LungAnatomy, directions: np.ndarray) -> np.ndarray:
    # The nodule's very middle has no direction.
    smooth = 1 / np.maximum(np.linalg.norm(directions / anatomy.half_axes, axis=-1), 1e-6)
    bulges = sum(height * np.exp(6.0 * (directions @ axis - 1)) for *axis, height in anatomy.lobes)
    return smooth * (1 + bulges)


def _parenchyma(anatomy: LungAnatomy, points: np.ndarray, geometry: Geometry) -> np.ndarray:
    # Blood sinks: the back of the lung of a patient lying on it is denser.
    values = (PARENCHYMA - 0.4 * points[..., 1]).astype(np.float32)
    # A plane wave on a grid is the product of one wave along each axis.
    vectors, phase, amplitude = anatomy.waves[:, :3], anatomy.waves[:, 3], anatomy.waves[:, 4]
    per_voxel = vectors @ geometry.affine[:3, :3]
    start = amplitude * np.exp(1j * (phase + vectors @ geometry.affine[:3, 3]))
    along = [np.exp(1j * np.outer(np.arange(n), step)) for n, step in zip(geometry.shape[::-1], per_voxel.T)]
    i, j, k = (axis.astype(np.complex64) for axis in (along[0] * start, along[1], along[2]))
    return values + ((k[:, None] * j).reshape(-1, len(start)) @ i.T).real.reshape(geometry.shape)


def _add_vessels(values: np.ndarray, anatomy: LungAnatomy, geometry: Geometry, edge: float) -> None:
    # A loop over pieces, each in the box around it: all at once would need every voxel for every piece.
    per_mm = np.linalg.norm(np.linalg.inv(geometry.affine[:3, :3]), axis=1)
    sizes = np.array(geometry.shape[::-1])
    for *ends, radius in anatomy.vessels:
        start, end = np.array(ends).reshape(2, 3)
        corners = geometry.ras_to_ijk([start, end])
        margin = (radius + edge) * per_mm
        low = np.clip(np.floor(corners.min(axis=0) - margin), 0, sizes).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0) + margin) + 1, 0, sizes).astype(int)
        if (high <= low).any():
            continue
        axes = [np.arange(a, b) for a, b in zip(low, high)]
        grid = np.stack(np.meshgrid(*axes[::-1], indexing="ij")[::-1], axis=-1)
        away = _distance_to_line(geometry.ijk_to_ras(grid), start, end) - radius
        _blend(values[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1]))], BLOOD, away, edge)


def _add_wall(values: np.ndarray, anatomy: LungAnatomy, points: np.ndarray, edge: float) -> None:
    """Fat, muscle with ribs, and fat again behind a curved pleura on the right."""
    middle = np.array([anatomy.wall - anatomy.wall_radius, 0.0, 0.0])
    beyond = np.linalg.norm((points - middle)[..., :2], axis=-1) - anatomy.wall_radius
    _replace(values, FAT, -beyond, edge)
    _replace(values, MUSCLE, FAT_THICKNESS - beyond, edge)
    _replace(values, FAT, FAT_THICKNESS + MUSCLE_THICKNESS - beyond, edge)
    # Ribs run downwards to the front, so a slice cuts them at an angle.
    along = points[..., 2] + 0.5 * points[..., 1]
    across = (along + RIB_SPACING / 2) % RIB_SPACING - RIB_SPACING / 2
    away = np.hypot(across / 1.6, beyond - FAT_THICKNESS - MUSCLE_THICKNESS / 2) - RIB_RADIUS * 0.75
    _replace(values, BONE, away, edge)


def _replace(values: np.ndarray, hu: float, outside: np.ndarray, edge: float) -> None:
    """Put a tissue where `outside` is negative, in place of what was there."""
    part = np.clip(0.5 - outside / edge, 0, 1)
    values += (part * (hu - values)).astype(np.float32)


def _blend(values: np.ndarray, hu: float, outside: np.ndarray, edge: float) -> None:
    """Add a dense tissue; two that meet do not become denser than one."""
    part = np.clip(0.5 - outside / edge, 0, 1)
    np.maximum(values, values + part * (hu - values), out=values, casting="same_kind")


def _distance_to_line(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    axis = end - start
    place = np.clip(((points - start) @ axis) / (axis @ axis), 0, 1)
    return np.linalg.norm(points - start - place[..., None] * axis, axis=-1)


def _vessels(rng: np.random.Generator, extent: float, wall: float) -> np.ndarray:
    """Trees that enter on the side of the hilum and branch towards the pleura."""
    pieces = []
    for _ in range(5):
        entry = np.array([-extent, rng.uniform(-0.6, 0.6) * extent, rng.uniform(-0.6, 0.6) * extent])
        growing = [(entry, _unit(np.array([1.0, *rng.normal(0, 0.25, 2)])), rng.uniform(1.6, 2.8))]
        while growing:
            start, direction, radius = growing.pop()
            end = start + direction * (3.0 + 3.0 * radius) * rng.uniform(0.7, 1.3)
            pieces.append([*start, *end, radius])
            growing += [
                (end, *branch)
                for branch in _branches(rng, direction, radius)
                # Only fine vessels come near the pleura.
                if np.abs(end).max() < extent + 5 and SMALLEST_VESSEL < branch[1] < max((wall - end[0]) / 12, 0.5)
            ]
    # Nothing runs through the nodule: vessels within reach of the largest would hide its growth.
    pieces = np.array(pieces)
    nearest = np.array([_distance_to_line(np.zeros(3), p[:3], p[3:6]) - p[6] for p in pieces])
    return pieces[nearest > 9.0]


def _branches(rng: np.random.Generator, direction: np.ndarray, radius: float) -> list[tuple[np.ndarray, float]]:
    """Directions and radii that follow a piece; at a fork the cubes of the radii add up (Murray's law)."""
    if rng.random() < 0.45:
        return [(_unit(direction + rng.normal(0, 0.2, 3)), radius * 0.98)]
    share = rng.uniform(0.15, 0.5)
    sideways = _unit(np.cross(direction, rng.normal(size=3)))
    larger, smaller = (radius * part ** (1 / MURRAY) for part in (1 - share, share))
    return [
        (_unit(direction + 0.35 * share * 2 * sideways), larger),
        (_unit(direction - 0.9 * (1 - share) * sideways), smaller),
    ]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
