"""Tables of measurements."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

from .offer import Offer, offered


@offered("prediction.roc", "prediction.classification")
def cases() -> Offer:
    """A hundred cases of two kinds, with a measurement and a probability that tell most of them apart."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 50)
    signal = rng.normal(1.6 * label, 1.0)
    columns = {
        "case": [f"c{n}" for n in range(len(label))],
        "label": label.tolist(),
        "probability": np.round(1 / (1 + np.exp(-1.6 * (signal - 0.8))), 3).tolist(),
    }
    return Offer("A hundred simulated cases of two kinds.", {"table": st.Table(columns, name="cases")})


@offered("follow_up.growth")
def lesions() -> Offer:
    columns = {
        "lesion": ["left lobe"] * 3 + ["right lobe"] * 3,
        "days": [0, 120, 260] * 2,
        "volume": [310.0, 420.0, 640.0, 150.0, 155.0, 148.0],
    }
    table = st.Table(columns, {"volume": "mm3"}, name="measurements")
    return Offer("Volumes of two lesions at three visits.", {"measurements": table})


@offered("prediction.segmentation")
def overlaps() -> Offer:
    """Two models on the same twenty patients."""
    rng = np.random.default_rng(1)
    first, second = (np.clip(rng.normal(mean, 0.06, 20), 0, 1).round(3) for mean in (0.86, 0.63))
    there = rng.integers(1, 3, 20)
    columns = {
        "participant_id": [f"p{n}" for n in range(20)],
        "look-alikes": there.tolist(),
        "Dice with times": first.tolist(),
        "look-alikes found with times": [0] * 19 + [1],
        "Dice without times": second.tolist(),
        "look-alikes found without times": there.tolist(),
    }
    return Offer("Twenty simulated patients, two networks.", {"table": st.Table(columns, name="predictions")})
