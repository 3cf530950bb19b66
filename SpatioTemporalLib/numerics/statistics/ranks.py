"""Places of values in their order."""

from __future__ import annotations

import numpy as np


def mid_ranks(values) -> np.ndarray:
    """(N,) ranks from 1 of values (N,), equal ones sharing their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = count.cumsum()
    return (last - (count - 1) / 2)[place]
