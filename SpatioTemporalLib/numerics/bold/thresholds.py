"""From which z a map is called active, when many voxels are looked at."""

from __future__ import annotations

import numpy as np
from scipy import special


def false_discovery_threshold(z: np.ndarray, share: float, two_sided: bool) -> float:
    """Smallest |z| of which at most a share of those above it is expected to be chance; infinite where none is.

    Benjamini and Hochberg, J R Stat Soc B 57:289 (1995).
    """
    z = z[np.isfinite(z)]
    p = np.sort(2 * special.ndtr(-np.abs(z)) if two_sided else special.ndtr(-z))
    if not p.size:
        return float("inf")
    passing = np.flatnonzero(p <= share * np.arange(1, len(p) + 1) / len(p))
    if not passing.size:
        return float("inf")
    return _z_of(float(p[passing[-1]]), two_sided)


def bonferroni_threshold(count: int, p: float, two_sided: bool) -> float:
    """|z| that chance passes in any of so many voxels with probability p."""
    return _z_of(p / max(count, 1), two_sided)


def uncorrected_threshold(p: float, two_sided: bool) -> float:
    """|z| that chance passes in one voxel with probability p."""
    return _z_of(p, two_sided)


def _z_of(p: float, two_sided: bool) -> float:
    return float(-special.ndtri(p / 2 if two_sided else p))
