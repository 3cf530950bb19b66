"""A few patients that a small network can learn, as training is given them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from SpatioTemporalLib.networks.cases.region_files import save_regions
from SpatioTemporalLib.networks.cases.regions import Cases

SHAPE = (1, 4, 8, 8)


def small_cases(folder: Path, count: int = 16, seed: int = 0) -> Cases:
    """Patients whose class is whether a ball is brighter at the second visit than at the first."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.arange(count) % 2
    k, j, i = np.indices(SHAPE[1:])
    ball = np.exp(-((k - 1.5) ** 2 + (j - 3.5) ** 2 + (i - 3.5) ** 2) / 4)
    files = []
    for n, label in enumerate(labels):
        images = rng.normal(0, 0.05, (2, *SHAPE)).astype(np.float32)
        images[:, 0] += ball * np.array([1.0, 1.0 + 2.0 * label])[:, None, None, None]
        files.append(folder / f"case{n}.npy")
        save_regions(files[-1], images)
    return Cases(
        ids=[f"p{n}" for n in range(count)],
        splits=["train"] * count,
        files=files,
        times=np.tile(np.float32([0, 180]), (count, 1)),
        observed=np.ones((count, 2), bool),
        covariates=np.column_stack([rng.normal(size=count), np.zeros(count)]).astype(np.float32),
        known=np.ones((count, 2), bool),
        labels=labels.astype(float),
    )
