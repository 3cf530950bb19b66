"""Two visits as a network that looks for change is shown them: on one grid, moved onto one another, alike in scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...context import Context
from ...data.follow_up import FollowUp
from ...data.geometry import Geometry
from ...data.volumes import LabelMap, Map
from ...errors import Finding, InputError, ParameterError, counted
from ...numerics.spatial.covering_grid import covering_grid, on_grid
from ...numerics.statistics.robust_line import robust_spread
from .visit_registration import RegistrationParameters, register_visit

REGISTRATIONS = ("none", "rigid")
FARTHEST = 10.0
# Voxels around what is looked at, for windows see what lies beside.
MARGIN = 8


@dataclass(frozen=True)
class PairSettings:
    """How two visits are shown, part of what a trained network carries with it.

    Attributes
    ----------
    image : str
        Name of the image of a visit; a visit with a single image needs no name.
    shape : (K, J, I)
        Voxels that are looked at together, one slice for a network of slices; larger images are gone over.
    spacings : one triple (I, J, K) of mm
    unit : str
    registration : "none" or "rigid"
        Whether the earlier visit is turned onto the later one.

    Raises
    ------
    ParameterError
        ``E-PAIR``
    """

    image: str = "flair"
    shape: tuple[int, int, int] = (16, 48, 48)
    spacings: tuple[tuple[float, float, float], ...] = ((1.0, 1.0, 1.0),)
    unit: str = "a.u."
    registration: str = "none"

    def __post_init__(self):
        problems = []
        if len(self.shape) != 3 or not all(isinstance(n, int) and 1 <= n <= 512 for n in self.shape):
            problems.append(f"shape {self.shape} is not three whole numbers from 1 to 512")
        if len(self.spacings) != 1 or len(self.spacings[0]) != 3 or not all(0.05 <= x <= 50 for x in self.spacings[0]):
            problems.append(f"spacings {self.spacings} are not one triple of 0.05 to 50 mm")
        if self.registration not in REGISTRATIONS:
            problems.append(f"registration {self.registration!r} is none of {', '.join(REGISTRATIONS)}")
        if problems:
            raise ParameterError("E-PAIR", "; ".join(problems), fix="Correct the settings of the visits.")


@dataclass(frozen=True, eq=False)
class VisitPair:
    """images : (2, K, J, I) float32, earlier and later. grid : of both. days : between them. findings : of it all."""

    images: np.ndarray
    grid: Geometry
    days: float
    findings: tuple[Finding, ...] = ()


def pair_of(follow_up: FollowUp, settings: PairSettings, context: Context, within: LabelMap | None = None) -> VisitPair:
    """The last two visits of a patient on the grid of the later one.

    Parameters
    ----------
    within : LabelMap, optional
        On the later visit; the grid is cut to its extent.

    Raises
    ------
    InputError
        ``E-VISITS`` with a single visit, ``E-INPUT-UNIT``, ``E-NOT-FINITE``, ``E-PAIR-APART`` when
        the visits show nothing in common, ``E-PAIR-FLAT`` for an image without
        contrast, and what `register_visit` raises.
    """
    if len(follow_up.visits) < 2:
        raise InputError(
            "E-VISITS", "has one visit, change is looked for between two", where=follow_up.called,
            fix="Add the other visit.",
        )  # fmt: skip
    earlier, later = (visit.images[settings.image] for visit in follow_up.with_image(settings.image).visits[-2:])
    for image, visit in zip((earlier, later), follow_up.visits[-2:]):
        _require_numbers(image, f"visit at day {visit.days:g}")
        if image.unit != settings.unit:
            raise InputError(
                "E-INPUT-UNIT", f"the image {image.name} is in {image.unit}, {settings.unit} was expected",
                where=f"visit at day {visit.days:g}", fix=f"Give images in {settings.unit}, or correct their unit.",
            )  # fmt: skip
    _require_common(earlier, later, follow_up.called)
    grid, findings = _grid_of(later, settings, within), ()
    if settings.registration == "rigid":
        moved = register_visit(later, earlier, RegistrationParameters(outside=float(earlier.values.min())), context)
        earlier, findings = moved.image, moved.findings
    # Before anything is cut away, so that the same image has the same values whatever part of it is looked at.
    scaled = [robust_scaled(image.values, follow_up.called) for image in (earlier, later)]
    images = [on_grid(values, image.geometry, grid) for values, image in zip(scaled, (earlier, later))]
    first, second = (visit.days for visit in follow_up.visits[-2:])
    return VisitPair(np.stack(images), grid, float(second - first), (*follow_up.findings, *findings))


def _grid_of(later: Map, settings: PairSettings, within: LabelMap | None) -> Geometry:
    """The grid that is looked at, cut to where something is to be looked for."""
    grid = covering_grid(later.geometry, settings.spacings[0])
    if within is None:
        return grid
    voxels = grid.ras_to_ijk(within.geometry.ijk_to_ras(np.argwhere(within.foreground)[:, ::-1].astype(float)))
    low = np.clip(np.floor(voxels.min(axis=0)).astype(int) - MARGIN, 0, None)
    high = np.minimum(np.ceil(voxels.max(axis=0)).astype(int) + MARGIN + 1, grid.shape[::-1])
    affine = grid.affine.copy()
    affine[:3, 3] = grid.ijk_to_ras(low.astype(float))
    return Geometry(tuple(int(n) for n in (high - low)[::-1]), affine)


def robust_scaled(values: np.ndarray, where: str) -> np.ndarray:
    """An image with median 0 and standard deviation 1 of what is brighter than its mean, by median deviations.

    Background is left out by the mean; a few lesions change neither median.
    """
    values = np.asarray(values, dtype=np.float32)
    shown = values[values > values.mean()]
    middle = float(np.median(shown)) if shown.size else 0.0
    spread = robust_spread(shown) if shown.size else 0.0
    if not spread > 0:
        raise InputError("E-PAIR-FLAT", "an image is the same everywhere", where=where, fix="Give another image.")
    return np.clip((values - middle) / spread, -FARTHEST, FARTHEST).astype(np.float32)


def _require_numbers(image: Map, where: str) -> None:
    bad = int(np.count_nonzero(~np.isfinite(image.values)))
    if bad:
        raise InputError(
            "E-NOT-FINITE",
            f"{counted(bad, 'voxel')} of the image {image.name} hold{'s' * (bad == 1)} NaN or infinite values",
            where=where,
            fix="Fill them, with 0 outside the body.",
        )


def _require_common(earlier: Map, later: Map, where: str) -> None:
    """Refuse grids that nowhere overlap, before anything is moved."""
    boxes = []
    for image in (earlier, later):
        corners = np.stack(np.meshgrid(*[(0, n - 1) for n in image.geometry.shape[::-1]], indexing="ij"), -1)
        places = image.geometry.ijk_to_ras(corners.reshape(-1, 3))
        boxes.append((places.min(axis=0), places.max(axis=0)))
    (low, high), (other_low, other_high) = boxes
    if (low > other_high).any() or (other_low > high).any():
        told = " and ".join(f"{_in_words(a)} to {_in_words(b)} mm" for a, b in boxes)
        raise InputError(
            "E-PAIR-APART",
            f"the two visits lie apart in the scanner: R,A,S from {told}",
            where=where,
            fix="Check that both show the same part of the same patient; align them roughly first.",
        )


def _in_words(place: np.ndarray) -> str:
    return ",".join(f"{x:.0f}" for x in place)
