"""How good a run is: temporal signal-to-noise ratio, and what a page about it shows."""

from __future__ import annotations

import numpy as np

from ....numerics.bold.preprocessing.nuisance_columns import legendre_columns
from ....numerics.bold.preprocessing.projection import projected, projection_of


def temporal_snr(matrix: np.ndarray, degrees: int | None = None, mean: np.ndarray | None = None) -> np.ndarray:
    """(V,) mean over standard deviation of series (T, V); 0 where nothing varies.

    Parameters
    ----------
    degrees : of freedom of what varies; frames less mean and a straight line, which is taken out first, when None
    mean : (V,) where the series have none left
    """
    level = matrix.mean(axis=0, dtype=np.float64) if mean is None else mean
    if degrees is None:
        line = projection_of(legendre_columns(len(matrix), 1))
        matrix, degrees = projected(matrix, line), line.degrees
    varying = matrix - matrix.mean(axis=0, dtype=np.float64)
    spread = np.sqrt((varying**2).sum(axis=0) / max(degrees, 1))
    return np.divide(level, spread, out=np.zeros(len(level)), where=spread > 1e-9 * np.abs(level))
