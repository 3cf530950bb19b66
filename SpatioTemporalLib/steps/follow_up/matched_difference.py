"""Two visits made comparable without learning, and how far they differ in units of what differs by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...errors import InputError, counted
from ...numerics.statistics.robust_line import robust_spread, symmetric_line

# Voxels that the line is fitted to, at most.
MOST_FITTED = 200_000
# Widths of a Gaussian at half of its height in standard deviations.
FWHM = 2.3548
FEWEST = 100
NARROWEST = 2.0


@dataclass(frozen=True)
class Comparison:
    """How two visits are compared, mm each; 0 for none.

    bias : standard deviation of a Gaussian over which a difference counts as uneven brightness of the scans.
    smoothing : of the difference, full width at half maximum. misplacement : by which edges may miss one another.
    """

    bias: float
    smoothing: float
    misplacement: float


@dataclass(frozen=True, eq=False)
class MatchedDifference:
    """difference : (K, J, I) later less what was expected of it, in its own unit.

    z : the same in standard deviations of what differs by chance. slope, intercept : of the later over the earlier
    visit. spread : of the difference where there is no edge, in the unit.
    """

    difference: np.ndarray
    z: np.ndarray
    slope: float
    intercept: float
    spread: float


def matched_difference(
    earlier: np.ndarray, later: np.ndarray, inside: np.ndarray, spacing, how: Comparison, where: str
) -> MatchedDifference:
    """What a robust line and a slowly varying difference leave unexplained.

    Parameters
    ----------
    earlier, later : (K, J, I) on one grid
    inside : (K, J, I) bool    What is compared, e.g. the brain.
    spacing : (I, J, K) mm

    Raises
    ------
    InputError
        ``E-PAIR-FLAT`` when there is nothing to compare, ``E-PAIR-BIAS`` when uneven brightness is looked for in less
        than some voxels.
    """
    x, y = (image[inside].astype(float) for image in (earlier, later))
    _require_contrast(x, y, where)
    some = slice(None, None, -(-len(x) // MOST_FITTED))
    slope, intercept = symmetric_line(x[some], y[some])
    difference = np.where(inside, later - slope * earlier - intercept, 0.0)
    steps = np.array(spacing)[::-1]
    if how.bias:
        _require_wide(how.bias, steps, where)
        # Clipped, so that a large lesion does not count as uneven brightness.
        limit = 3 * robust_spread(difference[inside])
        difference -= _mean_around(np.clip(difference, -limit, limit), inside, how.bias / steps)
    if how.smoothing:
        difference = _mean_around(difference, inside, how.smoothing / FWHM / steps)
    difference = np.where(inside, difference, 0.0)
    spread = robust_spread(difference[inside])
    if not spread > 0:
        raise InputError(
            "E-PAIR-FLAT", "the visits are the same but for brightness: nothing differs by chance", where=where,
            fix="Check that they are two scans and not one.",
        )  # fmt: skip
    by_edges = how.misplacement * _steepness(slope * earlier, later, steps) if how.misplacement else 0.0
    z = (difference - np.median(difference[inside])) / np.hypot(spread, by_edges)
    return MatchedDifference(difference, np.where(inside, z, 0.0), slope, intercept, spread)


def _require_contrast(x: np.ndarray, y: np.ndarray, where: str) -> None:
    if len(x) < FEWEST:
        raise InputError(
            "E-PAIR-FLAT", f"{counted(len(x), 'voxel')} lie in both visits and the region, {FEWEST} are needed",
            where=where, fix="Check that both visits and the region show the same part of the patient.",
        )  # fmt: skip
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise InputError(
            "E-PAIR-FLAT", "a visit has the same value everywhere in the region", where=where,
            fix="Give images with contrast, and a region that holds some of it.",
        )  # fmt: skip


def _require_wide(bias: float, steps: np.ndarray, where: str) -> None:
    """The mean of hardly more than a voxel is that voxel: all that changed would count as uneven brightness."""
    if max(bias / steps) < NARROWEST:
        told = " x ".join(f"{step:g}" for step in steps[::-1])
        raise InputError(
            "E-PAIR-BIAS", f"a bias of {bias:g} mm is less than {NARROWEST:g} voxels of {told} mm", where=where,
            fix="Raise it to the width over which brightness varies slowly, or set it to 0.",
        )  # fmt: skip


def _mean_around(values: np.ndarray, inside: np.ndarray, sigma) -> np.ndarray:
    """Gaussian means of what lies inside."""
    sums = ndimage.gaussian_filter(np.where(inside, values, 0.0), sigma)
    shares = ndimage.gaussian_filter(inside.astype(float), sigma)
    return np.where(inside, sums / np.maximum(shares, 1e-6), 0.0)


def _steepness(first: np.ndarray, second: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Root mean square of both images' gradients, by mm."""
    total = np.zeros(first.shape)
    for image in (first, second):
        for axis in np.flatnonzero(np.array(first.shape) > 1):
            slope = ndimage.gaussian_filter(image.astype(float), 1.0, order=np.eye(3, dtype=int)[axis]) / steps[axis]
            total += slope**2 / 2
    return np.sqrt(total)
