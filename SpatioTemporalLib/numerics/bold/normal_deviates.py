"""The normal deviate of the same p as another statistic's."""

from __future__ import annotations

import numpy as np
from scipy import special

# So many values are looked up in a table, of this step and up to this t; beyond that, and of fewer, each is computed.
MANY = 20_000
STEP = 1 / 128
LONGEST = 12.0


def z_of_t(t: np.ndarray, degrees: float) -> np.ndarray:
    """The normal deviate of the same one-sided p; exact far out too, where p itself is zero to a computer."""
    t = np.asarray(t, dtype=float)
    size = np.abs(np.nan_to_num(t))
    if size.size < MANY:
        z = _z(size, degrees)
    else:
        z, far = _looked_up(np.minimum(size, LONGEST), degrees), size > LONGEST
        z[far] = _z(size[far], degrees)
    return np.where(np.isfinite(t), np.copysign(z, t), np.nan)


def _z(size: np.ndarray, degrees: float) -> np.ndarray:
    p = special.stdtr(degrees, -size)
    with np.errstate(divide="ignore"):
        near = -special.ndtri(p)
    # Where p underflows: Wallace, Ann Math Stat 30:1124 (1959), good to 1e-3 there.
    tiny = p <= 1e-290
    far = size[tiny]
    near[tiny] = np.sqrt(degrees * np.log1p(far**2 / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return near


def _looked_up(size: np.ndarray, degrees: float) -> np.ndarray:
    """The same by a cubic between neighbours of a table with its slopes, dz/dt = f(t) / phi(z); within 1e-10."""
    nodes = np.arange(0.0, LONGEST + 2 * STEP, STEP)
    z = _z(nodes, degrees)
    half = (degrees + 1) / 2
    density = special.gammaln(half) - special.gammaln(degrees / 2) - half * np.log1p(nodes**2 / degrees)
    slope = STEP * np.exp(density + (np.log(2 / degrees) + z**2) / 2)
    place = size / STEP
    node = place.astype(np.intp)
    place -= node
    rise = np.diff(z)
    cubic = np.stack([slope[:-1] + slope[1:] - 2 * rise, 3 * rise - 2 * slope[:-1] - slope[1:], slope[:-1], z[:-1]])
    found = cubic[0][node]
    for coefficient in cubic[1:]:
        found *= place
        found += coefficient[node]
    return found
