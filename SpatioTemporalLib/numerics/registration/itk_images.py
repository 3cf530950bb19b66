"""Images as SimpleITK has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.geometry import Geometry
from ...errors import GeometryError
from ...system.packages import require

LPS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Picture:
    """values : (K, J, I) array. inside : (K, J, I) bool where it counts, or None for everywhere."""

    values: np.ndarray
    geometry: Geometry
    inside: np.ndarray | None = None


def to_itk(picture: Picture):
    """The picture as a float32 SimpleITK image."""
    geometry = picture.geometry
    require_straight(geometry)
    image = simpleitk().GetImageFromArray(np.ascontiguousarray(picture.values, dtype=np.float32))
    _, origin, spacing, direction = place_of(geometry)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def require_straight(geometry: Geometry) -> None:
    """Refuse grids whose axes are not at right angles; ``E-GEO-SHEAR``."""
    if geometry.is_sheared:
        raise GeometryError(
            "E-GEO-SHEAR",
            "the axes of the image are not at right angles (gantry tilt)",
            fix="Resample it onto a straight grid first.",
        )


def place_of(geometry: Geometry) -> tuple:
    """Size, origin, spacing and direction of a grid, as SimpleITK wants them."""
    origin, direction = LPS * geometry.affine[:3, 3], LPS[:, None] * geometry.directions
    return [list(geometry.shape[::-1]), origin.tolist(), list(geometry.spacing), direction.ravel().tolist()]


def simpleitk():
    """The package, asked for where it is used."""
    return require("SimpleITK", package="SimpleITK", purpose="Registration")
