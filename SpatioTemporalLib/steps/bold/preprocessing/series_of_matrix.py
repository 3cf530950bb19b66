"""A series with other values in some of its voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....data.series import Series


def with_voxels(series: Series, matrix: np.ndarray, inside: np.ndarray, name: str, outside: str = "kept") -> Series:
    """The series with (T, V) values in the voxels of a mask.

    outside : "kept" as it was, or "zero"
    """
    values = np.empty(series.values.shape, dtype=np.float32)
    for n, row in enumerate(matrix):
        if outside == "zero":
            values[n] = 0.0
        else:
            values[n] = series.values[n]
        values[n][inside] = row
    return replace(series, values=values, name=name, findings=())
