"""Values of regions over an image, and segmentations of it."""

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


@offered("segmentation.comparison")
def two_segmentations() -> Offer:
    """A lesion drawn a little too small and shifted, one that was missed, one too many, and a cyst drawn well."""
    shape, spacing = (12, 64, 64), (1.0, 1.0, 3.0)
    geometry = st.Geometry.from_spacing(shape, spacing)
    k, j, i = np.indices(shape)

    def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
        return sum(((n * step - at) ** 2) for n, step, at in zip((i, j, k), spacing, centre)) <= radius**2

    def drawn(lesions: list[tuple], cyst: tuple, name: str) -> st.LabelMap:
        values = np.zeros(shape, np.uint8)
        for centre, radius in lesions:
            values[ball(centre, radius)] = 1
        values[ball(*cyst)] = 2
        return st.LabelMap(values, geometry, {1: st.Label("lesion"), 2: st.Label("cyst")}, name)

    right = [((20.0, 22.0, 17.0), 11.0), ((46.0, 18.0, 17.0), 5.0)]
    found = [((22.0, 23.0, 17.0), 10.0), ((16.0, 50.0, 17.0), 4.0)]
    return Offer(
        "Simulated: of two lesions one was drawn a little too small and one was missed; one is drawn where none is.",
        {
            "segmentation": drawn(found, ((45.0, 45.0, 17.0), 8.0), "model"),
            "reference": drawn(right, ((45.0, 45.5, 17.0), 8.5), "reader"),
        },
        {"tolerance": 2.0},
    )
