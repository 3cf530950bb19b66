"""Segmentations of several readers and models, some of many cases in files that a table names."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st

from .offer import Offer, offered

SHAPE, SPACING = (10, 48, 48), (1.0, 1.0, 3.0)
GEOMETRY = st.Geometry.from_spacing(SHAPE, SPACING)
SECOND = ((34.0, 32.0, 15.0), 5.0)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory:
    """Kept until the process ends, which removes it."""
    return tempfile.TemporaryDirectory()


def _ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    k, j, i = np.indices(SHAPE)
    return sum(((n * step - at) ** 2) for n, step, at in zip((i, j, k), SPACING, centre)) <= radius**2


def _drawn(name: str, *balls: tuple) -> st.LabelMap:
    mask = np.any([_ball(*ball) for ball in balls], axis=0)
    return st.LabelMap(mask.astype(np.uint8), GEOMETRY, {1: st.Label("lesion")}, name)


def _file(labels: st.LabelMap, number: int) -> str:
    return str(st.write_labels(Path(_folder().name) / f"{labels.name}_{number}.nii.gz", labels))


@offered("segmentation.readers")
def three_readers() -> Offer:
    """The first lesion was drawn by all, the second by two, a third by one only."""
    first = ((17.0, 18.0, 14.0), 10.0)
    values = {
        "first": _drawn("reader A", first, SECOND),
        "second": _drawn("reader B", ((18.0, 18.0, 14.0), 9.0), ((34.0, 33.0, 15.0), 5.5)),
        "third": _drawn("reader C", ((16.5, 18.5, 14.0), 11.0), ((38.0, 10.0, 15.0), 4.0)),
        "model": _drawn("network", ((17.5, 18.0, 14.0), 10.5), SECOND),
    }
    return Offer("Simulated: three readers and a network draw lesions of one image.", values)


@offered("prediction.readers")
def study() -> Offer:
    """Twelve cases, each drawn by three readers of whom one draws more."""
    rng = np.random.default_rng(2)
    columns: dict[str, list] = {"participant_id": [f"p{n // 2 + 1}" for n in range(12)]}
    for name, more, scatter in (("reader A", 0.0, 0.3), ("reader B", 0.8, 0.3), ("reader C", 0.0, 0.8)):
        columns[name] = [
            _file(_drawn(name, ((22.0, 22.0, 14.0), 5.0 + 0.7 * n + more + rng.normal(0, scatter))), n)
            for n in range(12)
        ]
    columns["model"] = [_file(_drawn("model", ((22.0, 22.5, 14.0), 5.0 + 0.7 * n)), n) for n in range(12)]
    table = st.Table(columns, name="readings")
    return Offer("Simulated: three readers and a network in twelve cases of six patients.", {"table": table})


@offered("prediction.segmentation")
def two_models() -> Offer:
    """Two models in eleven cases of ten patients; the second misses small lesions."""
    rng = np.random.default_rng(1)
    owners = [f"p{n if n < 8 else 8 + (n - 8) // 2}" for n in range(11)]
    columns: dict[str, list] = {"participant_id": owners, "reference": []}
    columns |= {"segmentation with times": [], "segmentation without times": []}
    for n in range(11):
        centre, radius = (22.0, 22.0, 14.0), 3.0 + 0.7 * n
        columns["reference"].append(_file(_drawn("reference", (centre, radius), SECOND), n))
        near = tuple(np.add(centre, rng.normal(0, 0.5, 3)))
        far = tuple(np.add(centre, rng.normal(0, 1.5, 3)))
        columns["segmentation with times"].append(_file(_drawn("with", (near, radius * 0.95), SECOND), n))
        balls = [(far, radius * 0.85), *([SECOND] if n % 3 else [])] if n > 2 else [((0.0, 0.0, 0.0), -1.0)]
        columns["segmentation without times"].append(_file(_drawn("without", *balls), n))
    table = st.Table(columns, name="cases")
    return Offer("Simulated: lesions drawn by two networks in eleven cases of ten patients.", {"table": table})
