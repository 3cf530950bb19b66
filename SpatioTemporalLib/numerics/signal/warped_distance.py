"""How far two curves lie apart when their times may be shifted against one another."""

from __future__ import annotations

import numpy as np


def warped_distance(first, second, band: float = 0.1) -> float:
    """Least sum of absolute differences over all ways through both curves that stay within a band.

    Parameters
    ----------
    first, second : (T,) arrays
    band : of T, how many samples the curves may be shifted; one at least.

    Notes
    -----
    Dynamic time warping with the symmetric steps and the window of Sakoe and Chiba, IEEE Trans Acoust 26:43 (1978),
    without their slope weights.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    count, width = len(first), max(1, int(round(band * len(first))))
    before = np.full(count + 1, np.inf)
    before[0] = 0.0
    for n in range(count):
        row = np.full(count + 1, np.inf)
        for m in range(max(0, n - width), min(count, n + width + 1)):
            row[m + 1] = abs(first[n] - second[m]) + min(before[m], before[m + 1], row[m])
        before = row
    return float(before[count])
