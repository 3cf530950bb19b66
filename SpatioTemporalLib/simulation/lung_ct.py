"""CT of the piece of lung around a nodule, as one scanner or another would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ..data.geometry import Geometry
from ..data.volumes import Label, LabelMap, Map
from .lung_anatomy import LungAnatomy, attenuation

AIR = -1024


@dataclass(frozen=True)
class Scanner:
    """How a scanner and its reconstruction look.

    spacing : I, J, K mm. edge : mm over which a border is blurred in the slice.
    noise : standard deviation, HU. grain : length over which it is correlated, voxels.
    offset : of its calibration, HU.
    """

    name: str
    spacing: tuple[float, float, float]
    edge: float
    noise: float
    grain: float
    offset: float


SHARP = Scanner("sharp", (0.68, 0.68, 1.0), 0.9, 38.0, 0.45, 0.0)
SMOOTH = Scanner("smooth", (0.78, 0.78, 1.25), 1.6, 18.0, 0.9, 6.0)
SCANNERS = (SHARP, SMOOTH)


@dataclass(frozen=True, eq=False)
class LungScan:
    """One visit's image and mask, and the middle of the nodule in RAS mm."""

    ct: Map
    nodule: LabelMap
    centre: np.ndarray


def scan_lung(
    anatomy: LungAnatomy,
    radius: float,
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    extent: tuple[float, float, float] = (80.0, 80.0, 60.0),
    misplaced: float = 8.0,
    turned: float = 4.0,
) -> LungScan:
    """CT of the lung around a nodule of that radius in mm.

    Parameters
    ----------
    extent : R, A, S mm of the image.
    misplaced : mm by which the nodule lies off the middle along each axis, at most.
    turned : standard deviation of the patient's rotation about each axis, degrees.
    """
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(np.deg2rad(rng.normal(0, turned, 3))).as_matrix()
    pose[:3, 3] = rng.uniform(-misplaced, misplaced, 3)
    shape = tuple(int(round(e / s)) for e, s in zip(extent[::-1], scanner.spacing[::-1]))
    middle = (np.array(shape[::-1]) - 1) / 2 * scanner.spacing
    geometry = Geometry.from_spacing(shape, scanner.spacing, -middle)
    in_anatomy = Geometry(shape, np.linalg.inv(pose) @ geometry.affine)
    values, nodule = attenuation(anatomy, in_anatomy, radius, scanner.edge)
    values = values + scanner.offset + scanner.noise * _noise(shape, scanner.grain, rng)
    stored = np.maximum(np.rint(values), AIR).astype(np.int16)
    return LungScan(
        ct=Map(stored, geometry, "HU", "ct"),
        nodule=LabelMap(nodule.astype(np.uint8), geometry, {1: Label("nodule")}, "nodule"),
        centre=pose[:3, 3],
    )


def _noise(shape: tuple[int, int, int], grain: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit strength, correlated within slices as reconstruction makes it."""
    correlated = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), (0.3, grain, grain))
    return correlated / correlated.std()
