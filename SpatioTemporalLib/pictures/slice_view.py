"""How a slice lies on the page: as radiologists look at it, whichever way its voxels are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..data.geometry import Geometry

RIGHT, FRONT, UP = range(3)


@dataclass(frozen=True)
class SliceView:
    """Of slices (J, I) of one grid.

    transposed : whether rows of voxels run down the page. flipped : axes of the picture that are turned round.
    aspect : height of a pixel of the picture over its width. left : letter of the side of the patient on the left.
    """

    transposed: bool
    flipped: tuple[int, ...]
    aspect: float
    left: str

    def of(self, values: np.ndarray) -> np.ndarray:
        """The slice (J, I) as the picture has it, first row on top."""
        return np.flip(values.T if self.transposed else values, self.flipped)


def slice_view(geometry: Geometry) -> SliceView:
    """The view in which Slicer shows slices of a grid.

    Transverse and coronal slices have the patient's right on the left, sagittal ones the front on the left; front or
    head are on top. Oblique slices are shown as what they are nearest to.
    """
    directions = geometry.directions
    world, axes = linear_sum_assignment(-np.abs(directions))
    nearest = dict(zip(axes.tolist(), world.tolist()))
    across = FRONT if nearest[2] == RIGHT else RIGHT
    transposed = nearest[0] != across
    down, along = (0, 1) if transposed else (1, 0)
    # Down the page goes to the back or the feet; along it to the left or the back: both against the axes of RAS.
    flipped = tuple(number for number, axis in ((0, down), (1, along)) if directions[nearest[axis], axis] > 0)
    return SliceView(transposed, flipped, geometry.spacing[down] / geometry.spacing[along], "RA"[across])
