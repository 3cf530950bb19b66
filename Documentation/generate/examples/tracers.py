"""Dynamic PET: a tracer that binds reversibly, and one that is trapped."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

from .curves import convolved, everywhere, first_row, noisy_series, patches, tracer_input
from .offer import Offer, offered

MINUTE = 60.0
FINE = np.arange(0, 3610, 1.0)
STORY = "Simulated PET of an hour: delivery rises from left to right, {what} from top to bottom."


@offered(
    "kinetics.one_tissue",
    "kinetics.logan_plot",
    "kinetics.logan_reference_plot",
    "kinetics.simplified_reference_tissue",
)
def reversible() -> Offer:
    """One tissue compartment; the first row has no binding."""
    plasma = tracer_input(FINE)
    volume, delivery = patches(np.array([2.0, 4.0, 7.0]), np.array([0.2, 0.3, 0.4, 0.5]) / MINUTE)
    delivery[:, :6] = 0.3 / MINUTE
    curves = delivery[..., None] * convolved(FINE, plasma, delivery / volume)
    values = _measured(curves, plasma)
    reference = first_row(values["series"], "reference tissue")
    return Offer(STORY.format(what="binding"), values | {"reference_mask": reference})


@offered("kinetics.patlak_plot", "kinetics.two_tissue")
def trapped() -> Offer:
    """Two tissue compartments, of which the second gives nothing back."""
    plasma = tracer_input(FINE)
    trapping, delivery = patches(np.array([0.02, 0.06, 0.12]) / MINUTE, np.array([0.1, 0.2, 0.3, 0.4]) / MINUTE)
    leaving = 0.2 / MINUTE
    rate = leaving + trapping
    free = leaving / rate * delivery
    curves = free[..., None] * convolved(FINE, plasma, rate)
    curves = curves + (delivery * trapping / rate)[..., None] * np.cumsum(plasma)
    return Offer(STORY.format(what="trapping"), _measured(curves, plasma), {"reversible": False})


def _measured(curves, plasma) -> dict[str, object]:
    starts, lasting = frame_times()
    means = np.stack([curves[..., int(s) : int(s + d)].mean(axis=-1) for s, d in zip(starts, lasting)], axis=-1)
    series = noisy_series(means, starts, "kBq/mL", 0.5, durations=lasting)
    return {"series": series, "mask": everywhere(series), "plasma": st.Curve(FINE, plasma, "kBq/mL", "plasma")}


def frame_times() -> tuple[np.ndarray, np.ndarray]:
    """Starts and durations of the frames in s."""
    lasting = np.repeat([10.0, 30.0, 120.0, 300.0], [6, 8, 10, 7])
    return np.cumsum(lasting) - lasting, lasting
