"""Confidence interval of a proportion that has a width at 0 and n of n too."""

from __future__ import annotations

import numpy as np
from scipy import special


def wilson_interval(hits: float, count: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of the share `hits` of `count`; NaN where there is nothing to count.

    Notes
    -----
    The score interval of Wilson, J Am Stat Assoc 22:209 (1927), recommended by
    Newcombe, Stat Med 17:857 (1998). Hits need not be whole: of a mean of values
    between 0 and 1 it is too wide rather than too narrow, as none varies more
    than zeros and ones.
    """
    if not count > 0:
        return float("nan"), float("nan")
    z2 = special.ndtri(0.5 + confidence / 2) ** 2
    share = min(max(hits / count, 0.0), 1.0)
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    # At 0 and n of n one limit is the share itself, but for rounding.
    low = 0.0 if share == 0 else max(float(middle - half), 0.0)
    return low, 1.0 if share == 1 else min(float(middle + half), 1.0)
