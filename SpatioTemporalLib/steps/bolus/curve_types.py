"""Types of enhancement curves by what follows the early peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.volumes import Label
from ...declare import Advanced, Choices, Help, Range, Unit
from ...numerics.bolus.enhancement import PERSISTENT, PLATEAU, WASH_OUT, curve_type, value_at
from ..conversion.enhancement_curves import Enhancement

CURVE_TYPES = {
    PERSISTENT: Label("persistent", (0.25, 0.45, 0.85)),
    PLATEAU: Label("plateau", (0.35, 0.75, 0.40)),
    WASH_OUT: Label("wash-out", (0.90, 0.25, 0.20)),
}
OF_SIGNAL, OF_ENHANCEMENT = "change of signal", "change of enhancement"


@dataclass(frozen=True)
class CurveTypeParameters:
    early_time: Annotated[
        float, Unit("s"), Range(10, 600), Help("Early point for ratio and curve type, after arrival.")
    ] = 120.0
    late_time: Annotated[
        float | None,
        Unit("s"),
        Range(60, 3600),
        Help("Late point for ratio and curve type, after arrival; the last frame when left empty."),
    ] = None
    curve_type_threshold: Annotated[
        float, Unit("%"), Range(1, 50), Help("Change from the early peak to the late point that counts."), Advanced()
    ] = 10.0
    curve_type_of: Annotated[
        str,
        Choices(OF_SIGNAL, OF_ENHANCEMENT),
        Help(
            "What the change is a part of: the signal at the early peak, as in Kuhl 1999 and BI-RADS, or its "
            "enhancement above the baseline, which finds more plateaus and wash-outs."
        ),
        Advanced(),
    ] = OF_SIGNAL


def early_and_late(times, enhanced, enhancement: Enhancement, parameters: CurveTypeParameters):
    """(n,) enhancement at the early and at the late point; NaN where the acquisition ended before."""
    late = times[-1] if parameters.late_time is None else enhancement.arrival + parameters.late_time
    early = enhancement.arrival + parameters.early_time
    return value_at(times, enhanced, early), value_at(times, enhanced, late)


def curve_types(times, enhanced, enhancement: Enhancement, parameters, *, minimum: float) -> np.ndarray:
    """(n,) types of (T, n) curves whose early peak enhances by more than `minimum` in %, 0 elsewhere.

    Of concentration the change is that of concentration, and the minimum is zero.
    """
    until = enhancement.arrival + parameters.early_time
    early = (times > enhancement.arrival) & (times <= until)
    if not early.any():
        return np.zeros(enhanced.shape[1], dtype=np.uint8)
    peak = enhanced[early].max(axis=0)
    _, late = early_and_late(times, enhanced, enhancement, parameters)
    of_signal = enhancement.is_relative and parameters.curve_type_of == OF_SIGNAL
    baseline = 100.0 if of_signal else 0.0
    with np.errstate(invalid="ignore"):
        kinds = curve_type(baseline + peak, baseline + late, threshold=parameters.curve_type_threshold / 100)
        high = peak > (minimum if enhancement.is_relative else 0.0)
        return np.where(high & np.isfinite(late), kinds, 0).astype(np.uint8)
