"""Where very many curves come nearest to shapes on a grid of parameters: the places from which a descent may win."""

from __future__ import annotations

import numpy as np

from ..arrays import clipped, copied, like, namespace, places

# Between the places of a grid a fit explains more than at the nearest one: by no more than this part of what the best
# explains, nor than so much of it and of what it leaves, by which noise may raise one optimum over another.
SLACK, BETWEEN, OF_REST = 0.4, 0.06, 1.0
SAME = 1e-5  # of the gain: less is no difference


def promising_peaks(gain: np.ndarray, power, *, most: int, families: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Places of the grid that explain more than all their neighbours, or than their family, and nearly the most.

    Parameters
    ----------
    gain : (n, A, B, ...) array
        By how much the shape at each place of the grid lowers the sum of squares of each of n curves; minus infinity
        where there is no shape.
    power : (n,) array
        Sums of squares of the curves.
    families : list of arrays
        Places along the flattened grid between which a curve may have an optimum on either side of a ridge that the
        grid is too coarse to show.
    most : int
        At most so many places of a curve are given, those that explain most.

    Returns
    -------
    curve, place : (m,) arrays, sorted by curve and then by gain
        Place counts along the flattened grid. Each curve has at least one.
    """
    xp, flat = namespace(gain), gain.reshape(len(gain), -1)
    best = xp.amax(flat, axis=1)[:, None]
    peak = (gain >= _highest_around(gain)).reshape(flat.shape)
    everyone = like(np.arange(len(flat)), gain)
    for members in families:
        peak[everyone, members[xp.argmax(flat[:, members], axis=1)]] = True
    rest = OF_REST * (power[:, None] - best) + BETWEEN * best
    peak &= flat >= best - xp.minimum(SLACK * abs(best), clipped(rest, 0.0, np.inf))
    # Where nothing explains anything all of the grid is a peak, and one place will do.
    level = places(best[:, 0] <= 0)
    peak[level] = False
    peak[level, xp.argmax(flat[level], axis=1)] = True
    found = places(peak.reshape(-1))
    curve = found // flat.shape[1]
    place = found - curve * flat.shape[1]
    order = xp.argsort(-flat[curve, place], stable=True)
    order = order[xp.argsort(curve[order], stable=True)]
    curve, place = curve[order], place[order]
    # Of places that explain the same, such as those that differ in what makes no difference, one will do.
    height, new = flat[curve, place], curve >= 0
    new[1:] = (curve[1:] != curve[:-1]) | (height[1:] < height[:-1] - SAME * abs(height[:-1]))
    curve, place = curve[new], place[new]
    rank = like(np.arange(len(curve)), gain) - xp.searchsorted(curve, curve)
    return curve[rank < most], place[rank < most]


def _highest_around(gain: np.ndarray) -> np.ndarray:
    """The largest value among each place and its neighbours, diagonal ones too."""
    xp, highest = namespace(gain), gain
    for axis in range(1, gain.ndim):
        if gain.shape[axis] == 1:
            continue
        values = xp.moveaxis(highest, axis, 0)
        highest = copied(highest)
        along = xp.moveaxis(highest, axis, 0)
        along[1:] = xp.maximum(along[1:], values[:-1])
        along[:-1] = xp.maximum(along[:-1], values[1:])
    return highest
