"""Values of regions over an image."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

from .offer import Offer, offered

TILE, SIDE = 5, 8


@offered("spatial.regional_smoothing")
def tiles() -> Offer:
    """A plane of square regions whose values rise to one corner, each a mean of few measurements."""
    rng = np.random.default_rng(0)
    number = np.arange(1, SIDE * SIDE + 1).reshape(SIDE, SIDE)
    labels = np.kron(number, np.ones((TILE, TILE), int))[None]
    names = {int(n): st.Label(f"region {n}") for n in number.ravel()}
    row, column = np.indices((SIDE, SIDE)) / SIDE
    truth = 2.0 + 1.5 * np.exp(-3 * ((row - 0.8) ** 2 + (column - 0.7) ** 2))
    sizes = rng.integers(2, 9, (SIDE, SIDE))
    values = truth + rng.normal(0, 1.0, truth.shape) / np.sqrt(sizes)
    columns = {
        "region": [label.name for label in names.values()],
        "value": np.round(values, 3).ravel().tolist(),
        "n": sizes.ravel().tolist(),
    }
    image = st.LabelMap(labels, st.Geometry.from_spacing(labels.shape, (2.0, 2.0, 2.0)), names, "regions")
    table = st.Table(columns, {"value": "mm"}, name="thickness")
    return Offer(
        "Simulated means of 64 regions, each of two to eight values: smoothed, their standard deviation, and the "
        "probability of lying above 2.5.",
        {"regions": table, "labels": image},
        {"size": "n", "threshold": 2.5},
    )
