"""The arterial input function: given, measured in a region, or of a population."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Choices, Help, Range, Unit
from ...errors import Finding, InputError, Severity
from ...numerics.bolus.population_input_functions import POPULATIONS, population_concentration
from ...numerics.signal.frame_sampling import FrameSampling, at_instants, continuous_curve, over_intervals
from ..arrival.series_arrival import series_arrival
from ..conversion.concentration import CONCENTRATION_UNIT, ConcentrationParameters, conversion_for
from .artery import ArteryParameters
from .input_findings import input_findings

POPULATION_STEP = 0.1  # s
PLASMA = "plasma concentration"
AUTOMATIC = "detected"


@dataclass(frozen=True)
class FrameParameters:
    """What the values of a frame stand for."""

    frame_values: Annotated[
        str,
        Choices("instant", "average"),
        Help(
            "instant: values at the frame's time; average: means from the frame's time to the next, "
            "which matters where a bolus is shorter than a few frames."
        ),
        Advanced(),
    ] = "instant"


@dataclass(frozen=True)
class BloodParameters(FrameParameters):
    """What turns signal into concentration in blood."""

    t1_blood: Annotated[float, Unit("s"), Range(0.1, 5), Help("T1 of blood before contrast, for a measured input.")] = (
        1.65
    )


@dataclass(frozen=True)
class InputChoiceParameters:
    """Which input function is used."""

    input_function: Annotated[
        str,
        Choices("auto", "curve", "measured", AUTOMATIC, *POPULATIONS),
        Help(
            "auto: the curve if one is given, else the mean over the artery mask if one is given, "
            "else Parker's population average. detected: the mean over voxels whose curves look like an artery's, "
            "which the output artery shows. The named ones are population averages: "
            + "; ".join(f"{name}: {population.title}" for name, population in POPULATIONS.items())
            + "."
        ),
    ] = "auto"


@dataclass(frozen=True)
class InputFunctionParameters(ArteryParameters, BloodParameters, InputChoiceParameters):
    """Which input function is used and how blood becomes plasma."""

    hematocrit: Annotated[
        float, Range(0, 0.7), Help("Part of blood that is cells; plasma concentration is blood's over 1 - hematocrit.")
    ] = 0.42
    curve_is: Annotated[
        str, Choices("blood", "plasma"), Help("What the given curve holds; plasma is not divided by 1 - hematocrit.")
    ] = "blood"
    dose: Annotated[
        float, Unit("mmol/kg"), Range(0.01, 0.5), Help("Dose given; scales the population input function.")
    ] = 0.1
    arrival: Annotated[
        float | None,
        Unit("s"),
        Range(-600, 3600),
        Help("When the population input arrives; found from the series when left empty."),
        Advanced(),
    ] = None


def plasma_input(
    series: Series,
    aif: Curve | None,
    aif_mask: LabelMap | None,
    mask: LabelMap | None,
    parameters: InputFunctionParameters | ConcentrationParameters,
    *,
    b1_map: Map | None = None,
) -> tuple[Curve, tuple[Finding, ...]]:
    """Plasma concentration over time in mmol/L, and what was odd about it.

    Raises
    ------
    InputError
        ``E-AIF-MISSING`` when the chosen kind was not given, ``E-AIF-UNIT``,
        ``E-AIF-FLAT`` and ``E-AIF-SATURATED`` when it cannot be used.
    """
    kind = _kind(aif, aif_mask, parameters)
    if kind in POPULATIONS:
        return _population(kind, series, mask, parameters), ()
    if kind == "curve":
        blood, findings = _given(aif), ()
    else:
        blood, findings = measured_blood(series, aif_mask, parameters, b1_map)
    findings += input_findings(blood, series, signal=kind == "curve" and series.unit != CONCENTRATION_UNIT)
    if kind == "curve" and parameters.curve_is == "plasma":
        return blood, findings
    values = blood.values / (1 - parameters.hematocrit)
    return replace(blood, values=values, name=f"{blood.name}, {PLASMA}"), findings


def arrival_is_found(aif: Curve | None, aif_mask: LabelMap | None, parameters: InputFunctionParameters) -> bool:
    """Whether the input is a population's whose arrival comes from the series."""
    return parameters.arrival is None and _kind(aif, aif_mask, parameters) in POPULATIONS


def frame_sampling(series: Series, parameters: FrameParameters) -> FrameSampling:
    """How the model's continuous curves become the frames of a series."""
    return (
        over_intervals(series.times, series.durations)
        if parameters.frame_values == "average"
        else at_instants(series.times)
    )


def _kind(aif, aif_mask, parameters) -> str:
    kind = parameters.input_function
    if kind == "auto":
        return "curve" if aif is not None else "measured" if aif_mask is not None else "parker"
    missing = {"curve": (aif, "aif"), "measured": (aif_mask, "aif_mask"), AUTOMATIC: (aif_mask, "aif_mask")}.get(kind)
    if missing and missing[0] is None:
        raise InputError(
            "E-AIF-MISSING",
            f"input_function is {kind!r}, but no {missing[1]} was given",
            where=missing[1],
            fix=f"Give {missing[1]}, or choose input_function = parker.",
        )
    return kind


def _population(name: str, series: Series, mask: LabelMap | None, parameters) -> Curve:
    arrival = series_arrival(series, mask) if parameters.arrival is None else parameters.arrival
    # From the arrival on, so that a curve that begins with a step has it there and not at the next sample.
    times = arrival + np.arange(0.0, max(series.times[-1] - arrival, 0.0) + 2 * POPULATION_STEP, POPULATION_STEP)
    population = POPULATIONS[name]
    values = population_concentration(name, times, arrival=arrival, dose=parameters.dose)
    plasma = values if population.in_plasma else values / (1 - parameters.hematocrit)
    return Curve(times, plasma, CONCENTRATION_UNIT, f"{population.title} population average, {PLASMA}")


def _given(aif: Curve) -> Curve:
    if aif.unit != CONCENTRATION_UNIT:
        raise InputError(
            "E-AIF-UNIT",
            f"the input function must be in {CONCENTRATION_UNIT}, found {aif.unit}",
            where=aif.name,
            fix=f"Convert it to {CONCENTRATION_UNIT} and say so in its heading, as 'Cb [{CONCENTRATION_UNIT}]'.",
        )
    if not np.isfinite(aif.values).all():
        raise InputError(
            "E-AIF-VALUE", "the input function holds values that are not finite", where=aif.name, fix="Correct them."
        )
    return aif


def measured_blood(
    series: Series, aif_mask: LabelMap, parameters, b1_map: Map | None = None
) -> tuple[Curve, tuple[Finding, ...]]:
    """Mean blood concentration over the voxels of an artery in mmol/L, and how many could not be used.

    Raises
    ------
    InputError
        ``E-AIF-SATURATED`` when none could.
    """
    chosen = np.flatnonzero(aif_mask.foreground)
    curves = np.stack([np.asarray(f).reshape(-1)[chosen] for f in series.values]).astype(float)
    finite = np.isfinite(curves).all(axis=0)
    conversion = conversion_for(series, aif_mask, parameters, t1=parameters.t1_blood, b1=b1_map)
    if parameters.frame_values == "average" and finite.any():
        signal = curves[:, finite].mean(axis=1)
        of_mean = conversion.of_mean(chosen[finite], signal[conversion.baseline].mean())
        return _reconstructed(series, signal, of_mean, aif_mask), ()
    concentration, reason = conversion(curves, chosen)
    usable = (reason == 0) & finite
    if not usable.any():
        raise InputError(
            "E-AIF-SATURATED",
            f"none of the {chosen.size} voxels of the artery gives a concentration: "
            "their signal is saturated or their baseline is not positive",
            where=aif_mask.name,
            fix="Choose other voxels, check the flip angle and TR, or use input_function = parker.",
        )
    left_out = int(np.count_nonzero(~usable))
    text = f"{left_out} of {chosen.size} artery voxels are saturated or without baseline and were left out"
    findings = (Finding("W-AIF-SATURATED", Severity.MASK, text, aif_mask.name),) if left_out else ()
    mean = concentration[:, usable].mean(axis=1)
    return Curve(series.times, mean, conversion.unit, f"mean of {aif_mask.name}"), findings


def _reconstructed(series: Series, signal: np.ndarray, conversion, aif_mask: LabelMap) -> Curve:
    """Concentration between the frames of a mean arterial signal.

    Signal is made continuous before it is converted, because the scanner
    averages signal, and concentration is no straight line of it.
    """
    sampling = over_intervals(series.times, series.durations)
    continuous = continuous_curve(signal, sampling)
    if not conversion.is_identity:
        # The spline rings by a fraction of the bolus; before arrival the signal is the baseline's.
        before = sampling.times < series.times[conversion.baseline.stop - 1]
        continuous = np.where(before, conversion.baseline_signal, continuous)
    concentration, reason = conversion(continuous[:, None], np.zeros(1, int))
    if reason[0]:
        raise InputError(
            "E-AIF-SATURATED",
            "the artery's signal, made continuous between frames, is above what any concentration gives",
            where=aif_mask.name,
            fix="Use frame_values = instant, choose other voxels, or use input_function = parker.",
        )
    return Curve(sampling.times, concentration[:, 0], conversion.unit, f"mean of {aif_mask.name}")
