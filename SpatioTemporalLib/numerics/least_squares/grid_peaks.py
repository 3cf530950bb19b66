"""Where very many curves come nearest to shapes on a grid of parameters: the places from which a descent may win."""

from __future__ import annotations

import numpy as np

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
    flat = gain.reshape(len(gain), -1)
    best = flat.max(axis=1, keepdims=True)
    peak = (gain >= _highest_around(gain)).reshape(flat.shape)
    everyone = np.arange(len(flat))
    for members in families:
        peak[everyone, members[flat[:, members].argmax(axis=1)]] = True
    rest = OF_REST * (power[:, None] - best) + BETWEEN * best
    peak &= flat >= best - np.minimum(SLACK * np.abs(best), np.maximum(rest, 0.0))
    # Where much of the grid is equal all of it is a peak, and one place will do.
    level = np.flatnonzero(best[:, 0] <= 0)
    peak[level] = False
    peak[level, flat[level].argmax(axis=1)] = True
    curve, place = peak.nonzero()
    order = np.lexsort((-flat[curve, place], curve))
    curve, place = curve[order], place[order]
    # Of places that explain the same, such as those that differ in what makes no difference, one will do.
    height, new = flat[curve, place], np.ones(len(curve), dtype=bool)
    new[1:] = (curve[1:] != curve[:-1]) | (height[1:] < height[:-1] - SAME * np.abs(height[:-1]))
    curve, place = curve[new], place[new]
    rank = np.arange(len(curve)) - np.searchsorted(curve, curve)
    return curve[rank < most], place[rank < most]


def _highest_around(gain: np.ndarray) -> np.ndarray:
    """The largest value among each place and its neighbours, diagonal ones too."""
    highest = gain
    for axis in range(1, gain.ndim):
        if gain.shape[axis] == 1:
            continue
        values = np.moveaxis(highest, axis, 0)
        highest = highest.copy()
        along = np.moveaxis(highest, axis, 0)
        np.maximum(along[1:], values[:-1], out=along[1:])
        np.maximum(along[:-1], values[1:], out=along[:-1])
    return highest
