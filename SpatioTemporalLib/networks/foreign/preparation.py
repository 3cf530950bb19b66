"""How a bundle of the Model Zoo wants its images: axes, spacing and intensities, from a short list of transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...data.geometry import Geometry
from ...system.plain_text import for_message
from .configuration import Configuration

# What reads, moves and converts images; this library does that itself.
NOT_NEEDED = {"LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "ToTensord", "CastToTyped", "EnsureType"}
ORIENTATION, SPACING = "Orientationd", "Spacingd"
INTENSITIES = {
    "ScaleIntensityRanged", "ScaleIntensityd", "ScaleIntensityRangePercentilesd", "NormalizeIntensityd",
    "ThresholdIntensityd", "ClipIntensityPercentilesd", "ShiftIntensityd",
}  # fmt: skip
# Of the axes of RAS, by letter: which axis, and which way.
LETTERS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
MOST_STEPS = 50


@dataclass(frozen=True)
class Preparation:
    """orientation : as "RAS", empty for the axes of the image. spacing : (3,) mm along them, None for the image's.

    intensities : from (1, X, Y, Z) to the same, in order.
    """

    orientation: str
    spacing: tuple[float, float, float] | None
    intensities: tuple[Callable, ...]

    def grid(self, geometry: Geometry) -> Geometry:
        """The grid that an image is brought to; its first voxel is the image's corner."""
        axes, signs = _axes(geometry, self.orientation)
        sizes, steps = np.array(geometry.shape[::-1]), np.array(geometry.spacing)
        wanted = np.array([self.spacing[n] for n in range(3)]) if self.spacing else steps[axes]
        first = np.where(signs < 0, sizes[axes] - 1, 0)
        corner = np.zeros(3)
        corner[axes] = first
        affine = np.eye(4)
        affine[:3, :3] = geometry.directions[:, axes] * signs * wanted
        affine[:3, 3] = geometry.ijk_to_ras(corner)
        # A last half voxel counts as one where that makes their number even, as in MONAI.
        counts = np.rint((sizes[axes] - 1) * steps[axes] / wanted + 1).astype(int)
        return Geometry(tuple(int(n) for n in counts[::-1]), affine)


def preparation_of(configuration: Configuration) -> Preparation:
    """The preparation that a configuration asks for.

    Raises
    ------
    InputError
        ``E-ZOO`` for a transform that is not on the list, or settings that are none.
    """
    import monai.transforms

    orientation, spacing, intensities = "", None, []
    steps = configuration.steps("preprocessing")
    if len(steps) > MOST_STEPS:
        raise configuration.refused(f"preprocessing has {len(steps)} steps")
    for kind, given in steps:
        if kind in NOT_NEEDED:
            continue
        if kind not in INTENSITIES and (kind not in (ORIENTATION, SPACING) or intensities):
            raise configuration.refused(f"preprocessing has the step {for_message(kind, 60)}, which is not known here")
        given = {name: configuration.value(value, f"{kind}.{name}") for name, value in given.items()}
        if kind == ORIENTATION:
            orientation = _letters(given.get("axcodes"), configuration)
        elif kind == SPACING:
            spacing = _lengths(given.get("pixdim"), configuration)
        else:
            intensities.append(_made(getattr(monai.transforms, kind[:-1]), kind, given, configuration))
    return Preparation(orientation, spacing, tuple(intensities))


def _made(maker, kind: str, given: dict, configuration: Configuration):
    try:
        return maker(**given)
    except (TypeError, ValueError, KeyError) as error:
        raise configuration.refused(f"{kind} cannot be made: {for_message(error, 120)}") from error


def _letters(axcodes: object, configuration: Configuration) -> str:
    letters = "".join(map(str, axcodes)) if isinstance(axcodes, (list, tuple)) else axcodes
    if not isinstance(letters, str) or sorted(LETTERS[n][0] for n in letters if n in LETTERS) != [0, 1, 2]:
        raise configuration.refused(f"the axes {for_message(axcodes, 40)!r} are none")
    return letters


def _lengths(pixdim: object, configuration: Configuration) -> tuple[float, float, float]:
    is_list = isinstance(pixdim, (list, tuple)) and len(pixdim) == 3
    if not is_list or not all(isinstance(x, (int, float)) and 0.05 <= x <= 50 for x in pixdim):
        raise configuration.refused(f"the spacing {for_message(pixdim, 40)!r} is not three lengths of 0.05 to 50 mm")
    return tuple(float(x) for x in pixdim)


def _axes(geometry: Geometry, orientation: str) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted axis the image's axis that runs along it, and whether with or against it."""
    if not orientation:
        return np.arange(3), np.ones(3, int)
    from scipy.optimize import linear_sum_assignment

    along = geometry.directions
    rows, columns = linear_sum_assignment(-np.abs(along))
    of_world = dict(zip(rows.tolist(), columns.tolist()))
    axes: Sequence[int] = [of_world[LETTERS[letter][0]] for letter in orientation]
    signs = [LETTERS[c][1] * int(np.sign(along[LETTERS[c][0], axis]) or 1) for c, axis in zip(orientation, axes)]
    return np.array(axes), np.array(signs)
