"""From signal to contrast agent concentration, with what the conversion needs to know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Input, Presets
from ...errors import Finding, InputError, Severity
from ...numerics.arrays import chosen, like, namespace
from ...numerics.relaxation.spoiled_gradient_echo import LogSignal
from ..arrival.baseline import BaselineParameters, find_baseline
from ..relaxation.literature_relaxation import tissue_t1
from ..voxels.fit_status import FitStatus
from .presets import CONTRAST_MR
from .signal_model import CONCENTRATION_UNIT, SignalModel, SignalParameters, signal_model_for

B1_MAP = Input(
    "b1_map",
    Map,
    unit="1",
    optional=True,
    range=(0.2, 3.0),
    results=("b1",),
    help="Flip angle reached over the nominal one, voxel by voxel; 1 is nominal.",
)


# Of a signal stored with seven digits, the last one.
LEAST_CONCENTRATION = 1e-7  # mmol/L


@dataclass(frozen=True)
class ConcentrationParameters(BaselineParameters, SignalParameters):
    """Those of the signal, then those of its baseline."""

    presets: ClassVar[Presets] = CONTRAST_MR


@dataclass(frozen=True)
class Conversion:
    """How the curves of one series become concentration.

    model is None for a series that holds concentrations already. t1 in s and b1,
    the flip angle reached over the nominal one, are a number or one for each
    voxel of the grid. baseline_signal stands in for the mean of the baseline
    frames where the curves are not those of the series. findings say what the
    conversion rests on.
    """

    baseline: slice
    t1: float | np.ndarray
    model: SignalModel | None = None
    b1: float | np.ndarray = 1.0
    baseline_signal: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_identity(self) -> bool:
        return self.model is None

    @property
    def unit(self) -> str:
        return CONCENTRATION_UNIT if self.is_identity else self.model.unit

    def of_mean(self, index: np.ndarray, baseline_signal: float) -> Conversion:
        """The conversion of the mean curve of the voxels at (n,) flat indices, with a known baseline signal."""
        means = {name: float(np.mean(_at(getattr(self, name), index))) for name in ("t1", "b1")}
        return replace(self, baseline_signal=baseline_signal, **means)

    def response(self, curves: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, LogSignal]:
        """(T, n) signals over their baseline, and what gives their logarithm from concentration."""
        curves = np.asarray(curves, dtype=float)
        r1 = np.broadcast_to(1 / np.asarray(_at(self.t1, index), dtype=float), curves.shape[1:])
        b1 = np.broadcast_to(np.asarray(_at(self.b1, index), dtype=float), curves.shape[1:])
        return curves / curves[self.baseline].mean(axis=0), self.model.log_signal(r1, b1)

    def __call__(self, curves: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Concentrations in mmol/L of (T, n) curves at (n,) flat indices, and (n,) reasons where there are none."""
        xp = namespace(curves)
        no_reason = xp.zeros_like(curves[0], dtype=xp.uint8)
        if self.is_identity:
            return _zero_without_change(curves), no_reason
        if self.baseline_signal is None:
            baseline = xp.asarray(curves[self.baseline], dtype=xp.float64).mean(axis=0)
        else:
            baseline = xp.full_like(curves[0], self.baseline_signal, dtype=xp.float64)
        b1 = np.asarray(_at(self.b1, index))
        with np.errstate(divide="ignore", invalid="ignore"):
            concentration, saturated = self.model.convert(
                curves, baseline, like(1 / np.asarray(_at(self.t1, index)), curves), b1
            )
        without_baseline = ~(baseline > 0) if self.model.needs_positive_baseline else ~xp.isfinite(baseline)
        return _zero_without_change(concentration), chosen(
            [without_baseline, saturated.any(axis=0), ~xp.isfinite(concentration).all(axis=0)],
            [FitStatus.NO_BASELINE, FitStatus.SATURATED, FitStatus.NONFINITE],
            no_reason,
        )


def conversion_for(
    series: Series,
    mask: LabelMap | None,
    parameters: ConcentrationParameters,
    *,
    t1: float | Map | None = None,
    b1: Map | None = None,
) -> Conversion:
    """The conversion of a series, by its unit, its acquisition facts and the parameters.

    t1 : float in s or Map, optional
        Of the voxels that will be converted, before contrast; that of the
        parameters' tissue by default.
    b1 : Map, optional
        Flip angle reached over the nominal one.

    Raises
    ------
    InputError
        ``E-ACQUISITION`` when something the signal model needs is unknown,
        ``E-BASELINE`` when no frame is left before arrival.
    """
    holds_concentration = series.unit == CONCENTRATION_UNIT
    findings = ()
    if t1 is None:
        t1, findings = (parameters.t1_baseline, ()) if holds_concentration else tissue_t1(series, parameters)
    t1 = np.asarray(t1.values, dtype=float).reshape(-1) if isinstance(t1, Map) else t1
    if holds_concentration:
        return Conversion(slice(0, 1), t1)
    reached = 1.0 if b1 is None else np.asarray(b1.values, dtype=float).reshape(-1)
    model = signal_model_for(series, parameters)
    baseline = find_baseline(series, mask, parameters)
    said = (*findings, *model.findings, *baseline.findings)
    return Conversion(baseline.frames, t1, model, reached, findings=said)


def baseline_findings(series: Series, mask: LabelMap | None, conversion: Conversion) -> tuple[Finding, ...]:
    """What the conversion rests on, and how many voxels have no positive baseline.

    Raises
    ------
    InputError
        ``E-BASELINE`` for a region in which most voxels have none.
    """
    if conversion.is_identity or not conversion.model.needs_positive_baseline:
        return conversion.findings
    baseline = np.mean([np.asarray(f, dtype=np.float32) for f in series.values[conversion.baseline]], axis=0)
    inside = np.ones(baseline.shape, bool) if mask is None else mask.foreground
    bad = np.count_nonzero(inside & ~(baseline > 0))
    share = bad / np.count_nonzero(inside)
    text = f"the baseline signal is not positive in {100 * share:.0f} % of the voxels ({bad})"
    if mask is not None and share > 0.5:
        raise InputError("E-BASELINE", text, where=mask.name, fix="Draw the region inside tissue that has signal.")
    missing = (Finding("W-BASELINE", Severity.MASK, f"{text}; they were left out", series.name),) if bad else ()
    return (*conversion.findings, *missing)


def _zero_without_change(concentration):
    """Curves that nowhere reach what any image could show, which are rounding, are made exactly zero."""
    xp = namespace(concentration)
    # All frames are looked at only where the last one is that small: that is rare.
    with np.errstate(invalid="ignore"):
        nothing = abs(concentration[-1]) <= LEAST_CONCENTRATION
        if not nothing.any():
            return concentration
        nothing &= (abs(concentration) <= LEAST_CONCENTRATION).all(axis=0)
    return xp.where(nothing, 0.0, concentration)


def _at(values: float | np.ndarray, index: np.ndarray) -> float | np.ndarray:
    return values if np.isscalar(values) else values[index]
