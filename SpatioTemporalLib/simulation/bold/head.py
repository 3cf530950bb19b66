"""A head of smooth tissues that can be looked at from anywhere: no interpolation stands between it and its images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Half axes in mm, right, anterior, superior.
BRAIN_MM = np.array([68.0, 84.0, 58.0])
CORTEX_MM, EDGE_MM, SCALP_MM = 9.0, 2.5, (7.0, 12.0)
# Signal of a T2*-weighted image.
GREY, WHITE, FLUID, SCALP = 1000.0, 780.0, 1350.0, 420.0


@dataclass(frozen=True, eq=False)
class Tissues:
    """Parts 0..1 of grey matter, white matter, fluid and scalp at points (...)."""

    grey: np.ndarray
    white: np.ndarray
    fluid: np.ndarray
    scalp: np.ndarray

    @property
    def signal(self) -> np.ndarray:
        return GREY * self.grey + WHITE * self.white + FLUID * self.fluid + SCALP * self.scalp


def tissues_at(points: np.ndarray) -> Tissues:
    """What lies at points (3, ...) in mm, right, anterior, superior of the middle of the head."""
    x, y, z = points
    radius = np.sqrt((x / BRAIN_MM[0]) ** 2 + (y / BRAIN_MM[1]) ** 2 + (z / BRAIN_MM[2]) ** 2)
    # Depth below the surface, about in mm; folds move the border of the cortex.
    mean = BRAIN_MM.mean()
    depth = (1.0 - radius) * mean
    folds = 3.0 * np.sin(x / 7.0 + 0.6) * np.sin(y / 8.0) * np.cos(z / 7.5 + 0.3)
    brain = _inside(depth)
    deep = _inside(depth - CORTEX_MM + folds)
    ventricles = _inside(9.0 - np.sqrt((np.abs(x) - 12.0) ** 2 + (y / 2.6) ** 2 + (z - 6.0) ** 2))
    nuclei = _inside(11.0 - np.sqrt((np.abs(x) - 24.0) ** 2 + ((y - 4.0) / 1.4) ** 2 + (z + 4.0) ** 2))
    fluid = ventricles + _inside(depth + 3.0) - brain
    white = deep * (1 - ventricles) * (1 - nuclei)
    grey = brain * (1 - ventricles) - white
    scalp = _inside(depth + SCALP_MM[1]) - _inside(depth + SCALP_MM[0])
    return Tissues(grey, white, np.clip(fluid, 0.0, 1.0), scalp)


def _inside(distance: np.ndarray) -> np.ndarray:
    """1 where a distance is above zero, with an edge as wide as partial volumes make it."""
    return 0.5 * (1.0 + np.tanh(distance / EDGE_MM))
