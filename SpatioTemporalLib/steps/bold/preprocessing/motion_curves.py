"""Motion as curves over time."""

from __future__ import annotations

import numpy as np

from ....data.curve import Curve
from ....numerics.bold.preprocessing.motion_series import framewise_displacement

AXES = ("R", "A", "S")


def motion_curves(times: np.ndarray, parameters: np.ndarray) -> tuple[tuple[Curve, ...], ...]:
    """Charts of shifts in mm, rotations in degrees, and framewise displacement in mm, by parameters (T, 6)."""
    shifts = tuple(Curve(times, parameters[:, n], "mm", f"shift {axis}", drawn="line") for n, axis in enumerate(AXES))
    turned = np.degrees(parameters[:, 3:])
    rotations = tuple(Curve(times, turned[:, n], "deg", f"rotation {a}", drawn="line") for n, a in enumerate(AXES))
    displacement = framewise_displacement(parameters)
    return shifts, rotations, (Curve(times, displacement, "mm", "framewise displacement", drawn="line"),)
