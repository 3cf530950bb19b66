"""Pairs of brain-like images between which lesions appear, stay or vanish, beside all that differs between scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SHAPE_3D, SHAPE_2D = (16, 48, 48), (1, 64, 64)
MOST_LESIONS = 4
# Of the pairs, those between which nothing changes.
UNCHANGED = 0.3
TISSUE, FLUID, RIM = 1.0, 0.35, 1.35
CONTRAST = (0.35, 0.7)
RADII = (1.5, 3.2)  # voxels
NOISE, BIAS, GAIN, GAMMA, SHIFT = 0.04, 0.15, 0.25, 0.25, 1.0


@dataclass(frozen=True, eq=False)
class LesionPair:
    """images : (2, K, J, I) a.u., earlier and later. new, vanished, persistent : (K, J, I) bool. days : between."""

    images: np.ndarray
    new: np.ndarray
    vanished: np.ndarray
    persistent: np.ndarray
    days: float


def draw_pair(rng: np.random.Generator, shape: Sequence[int] = SHAPE_3D) -> LesionPair:
    """One patient: up to four new lesions, as many that stay, up to two that vanish; sometimes nothing changes.

    The visits differ in bias field, brightness and contrast, noise, and by up
    to a voxel in place. Lesions that stay differ a little in brightness; bright
    rims and dark fluid are there at both and move with the head.
    """
    anatomy, tissue = _anatomy(rng, shape)
    changes = rng.random() >= UNCHANGED
    counts = {
        "persistent": rng.integers(0, MOST_LESIONS + 1),
        "new": rng.integers(0, MOST_LESIONS + 1) if changes else 0,
        "vanished": rng.integers(0, MOST_LESIONS // 2 + 1) if changes else 0,
    }
    taken, masks = ~tissue, {name: np.zeros(tissue.shape, bool) for name in counts}
    visits = np.stack([anatomy, anatomy])
    for name in rng.permutation([name for name, count in counts.items() for _ in range(count)]):
        blob = _blob(rng, taken)
        if blob is None:
            continue
        bright = rng.uniform(*CONTRAST)
        both = bright * rng.uniform(0.85, 1.15, 2) * {"persistent": (1, 1), "new": (0, 1), "vanished": (1, 0)}[name]
        visits += both[:, None, None, None] * blob
        masks[name] |= blob
        taken |= ndimage.binary_dilation(blob, iterations=2)
    moved = rng.uniform(-SHIFT, SHIFT, 3) * (np.array(shape) > 1)
    visits[0] = ndimage.shift(visits[0], moved, order=1, mode="nearest")
    images = np.stack([_scanned(rng, visit) for visit in visits])
    return LesionPair(images, **masks, days=float(rng.integers(90, 700)))


def _scanned(rng: np.random.Generator, visit: np.ndarray) -> np.ndarray:
    """A visit as one scan shows it, a.u."""
    blurred = ndimage.gaussian_filter(visit, [0.5 * (n > 1) for n in visit.shape])
    curved = blurred ** (1 + rng.uniform(-GAMMA, GAMMA))
    bias = 1 + BIAS * _smooth(rng, visit.shape, 0.35)
    noisy = bias * curved + rng.normal(0.0, NOISE, visit.shape)
    return (400 * (1 + rng.uniform(-GAIN, GAIN)) * noisy).astype(np.float32)


def _anatomy(rng: np.random.Generator, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """A head with dark fluid inside and bright rims, and where lesions may lie."""
    grid = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape]
    k, j, i = np.meshgrid(*grid, indexing="ij")
    edge = 0.08 * _smooth(rng, shape, 0.25)
    far = np.sqrt((0.5 * k) ** 2 + (j / rng.uniform(0.85, 0.95)) ** 2 + (i / rng.uniform(0.75, 0.9)) ** 2) + edge
    head = far < 1
    wide = rng.uniform(0.25, 0.4)
    fluid = ((i - 0.2) / 0.12) ** 2 + (j / wide) ** 2 + (0.7 * k) ** 2 < 1
    fluid |= ((i + 0.2) / 0.12) ** 2 + (j / wide) ** 2 + (0.7 * k) ** 2 < 1
    anatomy = np.where(head, TISSUE + 0.06 * _smooth(rng, shape, 0.08), 0.02)
    anatomy[head & (far > 0.93)] = RIM
    anatomy[fluid] = FLUID
    tissue = head & (far < 0.88) & ~ndimage.binary_dilation(fluid, iterations=1)
    return anatomy, tissue


def _smooth(rng: np.random.Generator, shape: Sequence[int], part: float) -> np.ndarray:
    field = ndimage.gaussian_filter(rng.normal(size=shape), [part * n if n > 1 else 0 for n in shape], mode="wrap")
    return (field - field.mean()) / max(field.std(), 1e-9)


def _blob(rng: np.random.Generator, taken: np.ndarray) -> np.ndarray | None:
    """A lesion that touches nothing that is there already; None where it finds no room."""
    size, flat = np.array(taken.shape), taken.shape[0] == 1
    grid = np.stack(np.indices(taken.shape), -1).astype(float)
    for _ in range(50):
        radii = rng.uniform(*RADII, 3)
        centre = rng.uniform(0, size - 1) * (size > 1)
        turned = np.eye(3)
        turned[1 - (not flat) :, 1 - (not flat) :], _ = np.linalg.qr(rng.normal(size=(2 + (not flat),) * 2))
        blob = ((((grid - centre) @ turned) / radii) ** 2).sum(-1) <= 1
        if blob.any() and not (blob & taken).any():
            return blob
    return None
