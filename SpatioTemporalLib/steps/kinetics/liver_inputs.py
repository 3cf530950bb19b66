"""The second inlet of the liver: plasma concentration in the portal vein."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Input
from ...errors import InputError
from ..arterial_input.input_function import plasma_input

PORTAL_CURVE = Input(
    "portal_vein", Curve, optional=True, help="Concentration in the portal vein in mmol/L, as the arterial input's."
)
PORTAL_MASK = Input(
    "portal_mask", LabelMap, optional=True, help="Voxels of the portal vein in which its concentration is measured."
)


def portal_plasma(series: Series, curve: Curve | None, portal_mask: LabelMap | None, mask, parameters) -> Curve | None:
    """Plasma concentration in the portal vein; None when neither curve nor mask was given."""
    if curve is None and portal_mask is None:
        return None
    return plasma_input(series, curve, portal_mask, mask, replace(parameters, input_function="auto"))[0]


def required_portal(plasma: Curve | None, name: str) -> Curve:
    """The portal vein's curve, or an `InputError` that says that it is missing."""
    if plasma is None:
        raise InputError(
            "E-AIF-MISSING",
            f"{name} needs the concentration in the portal vein",
            where=PORTAL_MASK.name,
            fix="Draw a region in the portal vein (portal_mask), or give its curve (portal_vein).",
        )
    return plasma


def mixed_input(arterial: tuple, portal: Curve, arterial_fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of what enters the liver, linear wherever both inlets are.

    arterial : times and values.
    """
    times = np.union1d(arterial[0], portal.times)
    parts = [np.interp(times, *inlet, left=0.0) for inlet in (arterial, (portal.times, portal.values))]
    return times, arterial_fraction * parts[0] + (1 - arterial_fraction) * parts[1]
