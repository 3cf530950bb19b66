"""From a series to enhancement above the baseline, for measures that need no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Help, Range, Unit
from ...errors import Finding, InputError
from ..arrival.baseline import BaselineParameters, find_baseline
from ..arrival.series_arrival import series_arrival
from ..voxels.fit_status import FitStatus
from .concentration import CONCENTRATION_UNIT
from .signal_model import ATTENUATION_UNIT


@dataclass(frozen=True)
class ArrivalParameters:
    """When enhancement begins."""

    arrival: Annotated[
        float | None,
        Unit("s"),
        Range(-600, 3600),
        Help("When contrast arrives, on the series' clock; found from the series when left empty."),
    ] = None


@dataclass(frozen=True)
class EnhancementParameters(BaselineParameters, ArrivalParameters):
    """When enhancement begins, and where the baseline before it lies."""


@dataclass(frozen=True)
class Enhancement:
    """How curves become enhancement.

    unit : "%" of the baseline for signal; "HU" above the baseline for CT, whose
    zero is water; "mmol/L" for concentration, which is zero before contrast.
    arrival : s
    findings : which frames the baseline is, and what is odd about them.
    """

    unit: str
    arrival: float
    baseline: slice
    findings: tuple[Finding, ...] = ()

    @property
    def is_relative(self) -> bool:
        return self.unit == "%"

    def __call__(self, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, n) enhancement, NaN without a positive baseline, and (n,) reason codes."""
        curves = np.asarray(curves, dtype=float)
        if not self.is_relative:
            curves = curves - curves[self.baseline].mean(axis=0) if self.unit == ATTENUATION_UNIT else curves
            return curves, np.full(curves.shape[1], FitStatus.FITTED, dtype=np.uint8)
        baseline = curves[self.baseline].mean(axis=0)
        usable = baseline > 0
        enhancement = np.where(usable, 100 * (curves / np.where(usable, baseline, 1.0) - 1), np.nan)
        return enhancement, np.where(usable, FitStatus.FITTED, FitStatus.NO_BASELINE).astype(np.uint8)


def enhancement_of(series: Series, mask: LabelMap | None, parameters: EnhancementParameters) -> Enhancement:
    """The enhancement of a series: relative for signal, a difference for attenuation, as it is for concentration.

    Raises
    ------
    InputError
        When arrival is not found or no frame is left before it.
    """
    arrival = series_arrival(series, mask) if parameters.arrival is None else parameters.arrival
    if not series.times[0] <= arrival < series.times[-1]:
        raise InputError(
            "E-ARRIVAL",
            f"arrival at {arrival:g} s is outside the series ({series.times[0]:g} to {series.times[-1]:g} s)",
            where=series.name,
            fix="Give the arrival on the clock of the frame times.",
        )
    if series.unit == CONCENTRATION_UNIT:
        return Enhancement(series.unit, arrival, slice(0, 1))
    unit = ATTENUATION_UNIT if series.unit == ATTENUATION_UNIT else "%"
    baseline = find_baseline(series, mask, parameters)
    return Enhancement(unit, arrival, baseline.frames, baseline.findings)


def relative_enhancement_of(series: Series, mask: LabelMap | None, parameters: EnhancementParameters) -> Enhancement:
    """The enhancement of a series of signals, relative to its baseline.

    Raises
    ------
    InputError
        ``E-INPUT-UNIT`` for a series of concentrations or attenuation; else as `enhancement_of`.
    """
    if series.unit in (CONCENTRATION_UNIT, ATTENUATION_UNIT):
        raise InputError(
            "E-INPUT-UNIT",
            f"the series is in {series.unit}, and relative enhancement needs the signal",
            where=series.name,
            fix="Give the series of signals.",
        )
    return enhancement_of(series, mask, parameters)


def require_time(series: Series, time: float, parameter: str) -> None:
    """Refuse a point in time at which there is no frame any more.

    Raises
    ------
    InputError
        ``E-SHORT``.
    """
    if time > series.times[-1]:
        raise InputError(
            "E-SHORT",
            f"{parameter} is at {time:g} s, and the series ends at {series.times[-1]:g} s",
            where=series.name,
            fix=f"Choose an earlier {parameter}, or check when contrast arrives.",
        )


def above_background(baseline: np.ndarray, part: float) -> np.ndarray:
    """Where the baseline signal is more than a part, in %, of its 95th percentile, as it is not in air."""
    return baseline > part / 100 * np.nanpercentile(baseline, 95)
