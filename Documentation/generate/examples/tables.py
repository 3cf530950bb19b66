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
