"""Rigid motion of many volumes against one, by Gauss-Newton steps that share all that does not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .rigid_motion import Rigid, largest_displacement

# How many voxels are looked at, at half and at whole resolution, of so many times as many that are steepest.
COARSE_POINTS, POINTS, STEEPEST = 3_000, 10_000, 2
# An axis with so many voxels is halved for the first, coarse search.
HALVED_FROM = 24
HEAD_RADIUS_MM = 50.0
CONVERGED_MM, COARSE_MM = 5e-4, 2e-2
MOST_STEPS = 30
# Between the axes, of the largest, below which a direction of motion cannot be told.
LEAST_INFORMATION = 1e-10


@dataclass(frozen=True, eq=False)
class Level:
    """One resolution of a reference.

    halved : (3,) bool, axes I, J, K. step, origin : (3,) mm of its grid, from the centre. points : (3, N) mm.
    values : (N,). solver : (P + 1, N), gives step and gain of a difference. free : P of the six parameters.
    """

    halved: np.ndarray
    step: np.ndarray
    origin: np.ndarray
    points: np.ndarray
    values: np.ndarray
    solver: np.ndarray
    free: tuple[int, ...]


def levels_of(reference: np.ndarray, spacing, weight: np.ndarray | None = None) -> tuple[Level, ...]:
    """A reference (K, J, I) prepared, the coarse level first.

    Parameters
    ----------
    spacing : (I, J, K) mm
    weight : (K, J, I) bool, voxels that may be looked at; all when None

    Notes
    -----
    A grid of one slice tells motion within it only: the other three parameters
    stay zero.
    """
    halved = np.array(reference.shape[::-1]) >= HALVED_FROM
    found = []
    if halved.any():
        found.append(_level(_halved(reference, halved), spacing, halved, reference.shape[::-1], None))
    found.append(_level(reference, spacing, np.zeros(3, bool), reference.shape[::-1], weight))
    return tuple(found)


def motion_of(
    volume: np.ndarray, levels: tuple[Level, ...], start: Rigid, *, close: bool = False, enough: float = CONVERGED_MM
) -> tuple[Rigid, bool]:
    """Where the reference lies in a volume (K, J, I), and whether the search came to rest.

    Parameters
    ----------
    start : where the search begins; where that is `close`, at the finest level
    enough : mm of a step that counts as rest

    Notes
    -----
    Inverse composition (Baker and Matthews, Int J Comput Vis 56:221, 2004): the
    reference's gradients and the normal matrix are made once, and each step is
    one interpolation and one matrix product. Volumes are the coefficients of
    cubic B-splines as they are, which smooths both images alike and needs no
    filter; a gain is fitted beside the motion.
    """
    motion, rest = start, True
    for level in levels[-1:] if close else levels:
        image = _smoothed(_halved(volume, level.halved))
        motion, rest = _searched(image, level, motion, enough if level is levels[-1] else COARSE_MM)
    return motion, rest


def _searched(image: np.ndarray, level: Level, motion: Rigid, enough: float) -> tuple[Rigid, bool]:
    before, gain = np.inf, 0.0
    for _ in range(MOST_STEPS):
        found = level.solver @ _difference(image, level, motion, gain)
        gain = float(found[-1])
        step = np.zeros(6)
        step[list(level.free)] = found[:-1]
        # The difference is of an image that is brighter by the gain as well.
        step /= max(1.0 + gain, 0.1)
        motion = motion.before(Rigid.of(step))
        length = float(largest_displacement(step, HEAD_RADIUS_MM))
        if length < enough:
            return motion, True
        # Steps that grow lead away: what was found at the coarse level stands then.
        if length > 2 * before + enough and length > 10:
            return motion, False
        before = length
    return motion, False


def _difference(image: np.ndarray, level: Level, motion: Rigid, gain: float) -> np.ndarray:
    """(N,) the image, as coefficients of cubic B-splines, where the level's points have moved to, less the reference.

    Where a point has left the image, what the gain explains: the other points decide where the search comes to rest.
    """
    matrix = (motion.rotation / level.step[:, None])[::-1]
    shift = ((motion.translation - level.origin) / level.step)[::-1]
    places = matrix @ level.points + shift[:, None]
    found = ndimage.map_coordinates(image, places, order=3, prefilter=False, output=np.float32, mode="nearest")
    found -= level.values
    for axis, count in enumerate(image.shape):
        if count > 4:
            outside = (places[axis] < 1) | (places[axis] > count - 2)
            found[outside] = gain * level.values[outside]
    return found


def _level(volume: np.ndarray, spacing, halved: np.ndarray, full: tuple[int, ...], weight) -> Level:
    spacing, full = np.asarray(spacing, dtype=float), np.asarray(full)
    step = np.where(halved, 2.0, 1.0) * spacing
    # The first voxel of a halved axis lies between two of the whole one.
    origin = (np.where(halved, 0.5, 0.0) - (full - 1) / 2) * spacing
    smooth, slopes = _spline(_smoothed(np.asarray(volume, dtype=np.float32)).astype(np.float64), step)
    free = (0, 1, 5) if volume.shape[0] == 1 else (0, 1, 2, 3, 4, 5)
    chosen = _steepest(slopes, weight, COARSE_POINTS if halved.any() else POINTS)
    places = np.stack(np.unravel_index(chosen, volume.shape)[::-1]).astype(float)
    points = places * step[:, None] + origin[:, None]
    gradient = np.stack([slope.ravel()[chosen] for slope in slopes])
    turning = np.cross(points, gradient, axis=0)
    values = smooth.ravel()[chosen]
    columns = np.concatenate([gradient, turning])[list(free)]
    columns = np.concatenate([columns, values[None]])
    return Level(halved, step, origin, points, values.astype(np.float32), _solver(columns), free)


def _solver(columns: np.ndarray) -> np.ndarray:
    """(P, N) float32 pseudo-inverse of columns (P, N); what the image does not tell stays zero."""
    scale = np.linalg.norm(columns, axis=1, keepdims=True)
    unit = columns / np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(unit @ unit.T, rcond=LEAST_INFORMATION, hermitian=True)
    return (inverse @ unit / np.where(scale > 0, scale, 1.0)).astype(np.float32)


def _steepest(slopes: list[np.ndarray], weight: np.ndarray | None, most: int) -> np.ndarray:
    """Places of the voxels whose values change most in space, not at the edges, from where things move out."""
    steep = sum(slope**2 for slope in slopes)
    inner = np.zeros(steep.shape, bool)
    inner[tuple(slice(2, -2) if n > 8 else slice(1, -1) if n > 4 else slice(None) for n in steep.shape)] = True
    if weight is not None and (inner & weight).any():
        inner &= weight
    steep = np.where(inner, steep, -1.0).ravel()
    count = min(STEEPEST * most, int(inner.sum()))
    level = np.partition(steep, -count)[-count]
    chosen = np.flatnonzero(steep >= max(level, 0.0))
    return chosen if len(chosen) <= most else chosen[:: -(-len(chosen) // most)]


def _spline(volume: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """A volume as coefficients of cubic B-splines, at its voxels, and its slopes (I, J, K) per mm."""
    even, odd = np.array([1.0, 4.0, 1.0]) / 6.0, np.array([-0.5, 0.0, 0.5])
    found = []
    for turned in (None, 2, 1, 0):
        result = volume
        for axis in range(3):
            result = ndimage.correlate1d(result, odd if axis == turned else even, axis=axis, mode="nearest")
        found.append(result)
    return found[0], [slope / step[n] for n, slope in enumerate(found[1:])]


def _smoothed(volume: np.ndarray) -> np.ndarray:
    """What is finer than voxels can tell is taken out: it would seem to lie elsewhere between them than on them."""
    for axis in range(3):
        if volume.shape[axis] > 1:
            volume = ndimage.correlate1d(volume, np.array([0.25, 0.5, 0.25]), axis=axis, mode="nearest")
    return volume


def _halved(volume: np.ndarray, halved: np.ndarray) -> np.ndarray:
    """Means of pairs along some of the axes I, J, K; the last of an odd number is left out."""
    volume = np.asarray(volume, dtype=np.float32)
    for axis, do in zip((2, 1, 0), halved):
        if do:
            count = volume.shape[axis] // 2 * 2
            even = np.take(volume, range(0, count, 2), axis=axis)
            volume = 0.5 * (even + np.take(volume, range(1, count, 2), axis=axis))
    return volume
