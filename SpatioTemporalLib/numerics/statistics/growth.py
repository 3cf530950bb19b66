"""How large a lesion is, and how fast it grows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from ...data.geometry import Geometry
from ...errors import InputError

# Where the four edges of a pixel lie from its centre, (I, J).
EDGES = np.array([(0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5)])
MM3_PER_ML = 1000.0
# A change of the volume by less than this part of it over all visits is rounding, and none.
NO_CHANGE = 1e-6


class LongestAxis(NamedTuple):
    """Length in mm, its (2, 3) ends in RAS mm, and the slice it lies in."""

    length: float
    ends: np.ndarray
    slice: int


class GrowthRate(NamedTuple):
    """Exponential growth: rate and its standard error in 1/day, and the (N,) scatter about it in ln(volume)."""

    per_day: float
    standard_error: float
    residuals: np.ndarray


class DoublingTime(NamedTuple):
    """Days in which a volume doubles and their interval; negative: in which it halves."""

    days: float
    low: float
    high: float


def lesion_volume(mask: np.ndarray, geometry: Geometry) -> float:
    """Volume of the voxels that are set, mL; right on sheared grids too."""
    return float(np.count_nonzero(mask)) * geometry.voxel_volume_ml


def equivalent_diameter(volume_ml):
    """Diameter in mm of the sphere with that volume in mL."""
    return np.cbrt(6.0 * MM3_PER_ML * np.asarray(volume_ml, dtype=float) / np.pi)


def longest_axis(mask: np.ndarray, geometry: Geometry) -> LongestAxis:
    """The longest straight line across a lesion within one slice, from edge to edge.

    Parameters
    ----------
    mask : (K, J, I) array    Set inside the lesion; several parts count as one.
    geometry : Geometry       The slices are its K planes, oblique or not.

    Raises
    ------
    InputError
        ``E-MASK-EMPTY`` when no voxel is set.

    Notes
    -----
    The longest diameter of Eisenhauer et al., Eur J Cancer 45:228 (2009)
    (RECIST 1.1), which is drawn in the plane of acquisition. Ends lie on the edges
    of pixels, half a voxel outside the last centre: from centre to centre a
    lesion of n pixels would come out one pixel short.
    """
    best = None
    for k in np.flatnonzero(np.any(mask, axis=(1, 2))):
        pixels = np.argwhere(mask[k])[:, ::-1]
        outline = (pixels[:, None] + EDGES).reshape(-1, 2)
        outline = outline[ConvexHull(outline).vertices]
        points = geometry.ijk_to_ras(np.column_stack([outline, np.full(len(outline), k)]))
        distances = squareform(pdist(points))
        a, b = np.unravel_index(distances.argmax(), distances.shape)
        # Slices that differ by rounding alone count as equal, and the first is named.
        if best is None or distances[a, b] > best.length * (1 + 1e-12):
            best = LongestAxis(float(distances[a, b]), points[[a, b]], int(k))
    if best is None:
        raise InputError("E-MASK-EMPTY", "has no voxel set", where="lesion", fix="Draw the lesion first.")
    return best


def growth_percent(first, last):
    """Change from the first volume or diameter to the last in percent of the first; NaN where the first is zero."""
    first, last = np.asarray(first, dtype=float), np.asarray(last, dtype=float)
    return 100.0 * (last / np.where(first > 0, first, np.nan) - 1.0)


def exponential_growth(days, volumes, relative_error: float) -> GrowthRate:
    """Rate of exponential growth through volumes at two dates or more.

    Parameters
    ----------
    days : (N,) array
    volumes : (N,) array           Any unit.
    relative_error : float
        Standard deviation of one measurement as a part of the volume (0.1 for
        10 %), the same for small and large volumes; it sets the standard error.

    Raises
    ------
    InputError
        ``E-GROWTH`` with fewer than two different days, or a volume that is not
        positive: a lesion that is new or gone has no doubling time.

    Notes
    -----
    A straight line through ln(volume) by least squares; for two dates it is
    ln(V2 / V1) / (t2 - t1). A change that is rounding alone is a rate of zero.
    """
    days, volumes = np.asarray(days, dtype=float), np.asarray(volumes, dtype=float)
    if days.shape != volumes.shape or days.ndim != 1 or np.unique(days).size < 2 or not np.isfinite(days).all():
        raise InputError(
            "E-GROWTH", "growth needs volumes at two different days or more", fix="Measure the lesion at two visits."
        )
    if not (np.isfinite(volumes).all() and (volumes > 0).all()):
        raise InputError(
            "E-GROWTH",
            f"growth needs positive volumes, found {volumes.min():g}",
            fix="Leave out visits at which the lesion is not seen.",
        )
    centred, logs = days - days.mean(), np.log(volumes)
    spread = float(centred @ centred)
    rate = float(centred @ logs) / spread
    rate = 0.0 if abs(rate) * np.ptp(days) < NO_CHANGE else rate
    return GrowthRate(rate, relative_error / np.sqrt(spread), logs - logs.mean() - rate * centred)


def doubling_time(growth: GrowthRate, *, confidence: float = 0.95) -> DoublingTime:
    """Volume doubling time with the interval that follows from the error of measurement.

    The interval holds the doubling times of all growth rates within the rate's
    normal interval. Where that holds both growth and no growth, `high` is
    infinite: the lesion may as well be stable. A rate of zero has infinite
    `days`. Where the best rate is a shrinkage but growth is not excluded, `days`
    is negative and `low` is the shortest doubling time that is not excluded.

    Notes
    -----
    Schwartz, Cancer 14:1272 (1961): ln(2) (t2 - t1) / ln(V2 / V1).
    """
    reach = special.ndtri(0.5 + confidence / 2) * growth.standard_error
    slowest, fastest = growth.per_day - reach, growth.per_day + reach
    days = np.log(2) / growth.per_day if growth.per_day else np.inf
    low = np.log(2) / fastest if fastest else np.inf
    high = np.inf if slowest <= 0 <= fastest else np.log(2) / slowest
    return DoublingTime(float(days), float(low), float(high))
