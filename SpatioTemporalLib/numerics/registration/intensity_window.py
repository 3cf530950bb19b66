"""Windows of intensity: the part of the scale that matters, as 0 to 1."""

from __future__ import annotations

import numpy as np

# Lowest and highest value, HU.
LUNG = (-1200.0, 600.0)
SOFT_TISSUE = (-160.0, 240.0)
BONE = (-500.0, 1500.0)


def windowed(values, low: float, high: float) -> np.ndarray:
    """float32 values from 0 at `low` to 1 at `high`, cut off beyond; NaN stays NaN.

    Notes
    -----
    `LUNG` is the window of Liao et al., IEEE Trans Neural Netw Learn Syst
    30:3484 (2019), for networks on pulmonary nodules. `SOFT_TISSUE` and `BONE`
    are the usual ones for reading: level 40 and width 400, 500 and 2000.
    """
    if not high > low:
        raise ValueError(f"a window needs a highest value above its lowest, found {low:g} and {high:g}")
    scaled = (np.asarray(values, dtype=np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(scaled, 0.0, 1.0)
