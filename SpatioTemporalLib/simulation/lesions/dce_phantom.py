"""Breast-like phantoms of a dynamic series: lesions, what looks like them unless the time is known, and vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SIZE = 32
FIRST_POST_S = 30.0
# Chosen so that between 60 and 480 s both curves run through the same range, one up and down, the other up: the ratio
# of the later phase to the first tells them apart only if its time is known. They meet near 285 s, where nothing does.
LESION_UPTAKE_S, LESION_WASH_OUT_S = 40.0, 1000.0
PERSISTENT_FAST_S, PERSISTENT_SLOW_S, PERSISTENT_FAST_PART = 15.0, 400.0, 0.6


@dataclass(frozen=True)
class Protocol:
    """When later phases are taken: s after injection, drawn evenly between the two; alike for a constant protocol.

    fewest, most : how many there are, drawn evenly too
    """

    earliest: float = 60.0
    latest: float = 480.0
    fewest: int = 1
    most: int = 1


RANDOM = Protocol()
SEVERAL = Protocol(fewest=1, most=4)
# Less far apart than phases are acquired.
CLOSEST_S = 15.0


@dataclass(frozen=True, eq=False)
class DcePhantom:
    """phases : (T, K, J, I) a.u. seconds : (T,) after injection, -1 before it. lesion, look_alike : (K, J, I) bool."""

    phases: np.ndarray
    seconds: np.ndarray
    lesion: np.ndarray
    look_alike: np.ndarray


def lesion_curve(seconds, spread: float = 1.0):
    """Enhancement of a lesion, bi-exponential: uptake within two minutes, then wash-out; 1 at the first phase."""
    return _lesion(np.asarray(seconds, dtype=float), spread) / _lesion(np.float64(FIRST_POST_S), spread)


def look_alike_curve(seconds, spread: float = 1.0):
    """Enhancement of benign tissue, bi-exponential and persistent, to the same peak; 1 at the first phase."""
    return _persistent(np.asarray(seconds, dtype=float), spread) / _persistent(np.float64(FIRST_POST_S), spread)


def draw_phantom(rng: np.random.Generator, protocol: Protocol = RANDOM, size: int = SIZE) -> DcePhantom:
    """One patient: one or two lesions, one or two look-alikes of the same sizes, shapes and first enhancement.

    Vessels peak very early and fade at a rate of each patient's own, so that
    they do not tell the time; the background hardly enhances.
    """
    later = _later(rng, protocol)
    seconds = np.array([-1.0, FIRST_POST_S, *later])
    background = 1.0 + 0.1 * _smooth(rng, size)
    phases = np.stack([background, background * 1.02, *[background * 1.03] * len(later)])
    taken = _vessel(rng, size)
    fading = np.exp(-(later - FIRST_POST_S) / rng.uniform(60.0, 2000.0))
    phases += np.where(taken, np.array([0.0, 1.6, *1.6 * fading])[:, None, None, None], 0.0)
    kinds = [True] * rng.integers(1, 3) + [False] * rng.integers(1, 3)
    regions = {True: np.zeros_like(taken), False: np.zeros_like(taken)}
    for is_lesion in rng.permutation(kinds):
        blob = _blob(rng, size, taken)
        curve = lesion_curve if is_lesion else look_alike_curve
        enhancement = rng.uniform(0.7, 1.2) * np.array([0.0, 1.0, *curve(later, rng.normal(1.0, 0.03))])
        phases += np.where(blob, background * enhancement[:, None, None, None], 0.0)
        regions[bool(is_lesion)] |= blob
        # A rim of one voxel keeps neighbours apart.
        taken |= ndimage.binary_dilation(blob, iterations=2)
    blurred = np.stack([ndimage.gaussian_filter(phase, 0.5) for phase in phases])
    noisy = blurred + rng.normal(0.0, 0.04, phases.shape)
    return DcePhantom((100 * noisy).astype(np.float32), seconds, regions[True], regions[False])


def _later(rng: np.random.Generator, protocol: Protocol) -> np.ndarray:
    """Seconds of the later phases, rising."""
    if protocol.most == 1:
        return np.array([rng.uniform(protocol.earliest, protocol.latest)])
    count = rng.integers(protocol.fewest, protocol.most + 1)
    while True:
        later = np.sort(rng.uniform(protocol.earliest, protocol.latest, count))
        if (np.diff(later) >= CLOSEST_S).all():
            return later


def _lesion(seconds, spread: float):
    return (1 - np.exp(-seconds / (LESION_UPTAKE_S * spread))) * np.exp(-seconds / LESION_WASH_OUT_S)


def _persistent(seconds, spread: float):
    fast = 1 - np.exp(-seconds / (PERSISTENT_FAST_S * spread))
    return PERSISTENT_FAST_PART * fast + (1 - PERSISTENT_FAST_PART) * (1 - np.exp(-seconds / PERSISTENT_SLOW_S))


def _smooth(rng: np.random.Generator, size: int) -> np.ndarray:
    field = ndimage.gaussian_filter(rng.normal(size=(size,) * 3), size / 8, mode="wrap")
    return field / field.std()


def _vessel(rng: np.random.Generator, size: int) -> np.ndarray:
    """A bent tube through the volume."""
    along = np.linspace(0, size - 1, 4 * size)
    middle = rng.uniform(0.2, 0.8, 2) * size
    bend = rng.uniform(-0.15, 0.15, 2) * size
    path = middle[:, None] + bend[:, None] * np.sin(2 * np.pi * along / size + rng.uniform(0, 2 * np.pi))
    points = np.rint(np.stack([along, *path])).astype(int).clip(0, size - 1)
    tube = np.zeros((size,) * 3, dtype=bool)
    tube[tuple(points[rng.permutation(3)])] = True
    return ndimage.binary_dilation(tube)


def _blob(rng: np.random.Generator, size: int, taken: np.ndarray) -> np.ndarray:
    """A turned ellipsoid that touches nothing that is there already."""
    grid = np.stack(np.indices((size,) * 3), -1).astype(float)
    while True:
        radii = rng.uniform(0.09, 0.15, 3) * size
        centre = rng.uniform(radii.max() + 1, size - 2 - radii.max(), 3)
        turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        blob = ((((grid - centre) @ turned) / radii) ** 2).sum(-1) <= 1
        if not (blob & taken).any():
            return blob
