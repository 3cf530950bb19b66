"""Fit of the recovery after inversion to the volumes of a stack, for the T1 mapping analyses that begin with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..data.volumes import ImageStack
from ..declare import Choices, Help
from ..numerics.inversion_recovery import Recovery, fit_recovery, recovery_family
from .t1_mapping import T1BoundsParameters, require_settings


@dataclass(frozen=True)
class InversionParameters(T1BoundsParameters):
    signal: Annotated[
        str,
        Choices("magnitude", "real"),
        Help("magnitude: the sign is lost and is restored by the fit; real: phase-corrected images with their sign."),
    ] = "magnitude"


def recovery_fit(stack: ImageStack, parameters: InversionParameters) -> Callable[[np.ndarray], Recovery]:
    """The fit of (N, n) signals in the order of the stack.

    Raises
    ------
    InputError
        When the stack has too few inversion times, or another setting.
    """
    magnitude = parameters.signal == "magnitude"
    require_settings(stack, "inversion_time", 4 if magnitude else 3, "times after inversion")
    order = np.argsort(stack.settings)
    times = stack.settings[order]
    family = recovery_family(times, (parameters.t1_min, parameters.t1_max))
    return lambda signals: fit_recovery(signals[order], times, family, magnitude=magnitude)
