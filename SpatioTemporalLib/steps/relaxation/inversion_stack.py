"""Fit of the recovery after inversion to the volumes of a stack, for the T1 mapping analyses that begin with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.volumes import ImageStack
from ...declare import Choices, Help
from ...errors import InputError
from ...numerics.relaxation.inversion_recovery import Recovery, fit_recovery, in_phase, recovery_family
from .t1_mapping import T1BoundsParameters, require_settings


@dataclass(frozen=True)
class InversionParameters(T1BoundsParameters):
    signal: Annotated[
        str,
        Choices("magnitude", "real"),
        Help("magnitude: the sign is lost and is restored by the fit; real: phase-corrected images with their sign."),
    ] = "magnitude"


def recovery_fit(
    stack: ImageStack, parameters: InversionParameters, imaginary: ImageStack | None = None
) -> Callable[[np.ndarray], Recovery]:
    """The fit of (N, n) signals in the order of the stack, followed by those of the imaginary part where there is one.

    Raises
    ------
    InputError
        When the stack has too few inversion times, or another setting; when
        the imaginary part has other times.
    """
    magnitude = parameters.signal == "magnitude" and imaginary is None
    require_settings(stack, "inversion_time", 4 if magnitude else 3, "times after inversion")
    order = np.argsort(stack.settings)
    times = stack.settings[order]
    family = recovery_family(times, (parameters.t1_min, parameters.t1_max))
    if imaginary is None:
        return lambda signals: fit_recovery(signals[order], times, family, magnitude=magnitude)
    _require_same_times(stack, imaginary)

    def fit_both(signals):
        real, other = signals[: len(times)][order], signals[len(times) :][order]
        return fit_recovery(in_phase(real, other), times, family, magnitude=False)

    return fit_both


def _require_same_times(stack: ImageStack, imaginary: ImageStack) -> None:
    if imaginary.setting != stack.setting or imaginary.settings.tolist() != stack.settings.tolist():
        raise InputError(
            "E-SETTINGS",
            f"the imaginary part has the {imaginary.setting} {imaginary.settings.tolist()}, "
            f"the real part the {stack.setting} {stack.settings.tolist()}",
            where=imaginary.name,
            fix="Give both parts of the same images in the same order.",
        )
