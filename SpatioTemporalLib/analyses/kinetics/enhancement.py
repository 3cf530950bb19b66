"""Semi-quantitative maps of enhancement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import Code, Label, LabelMap, Map
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...numerics.enhancement import (
    PERSISTENT,
    PLATEAU,
    WASH_OUT,
    curve_type,
    initial_area,
    peak_measures,
    signal_enhancement_ratio,
    value_at,
)
from ...steps.enhancement_curves import Enhancement, EnhancementParameters, enhancement_of
from ...steps.fit_status import FitStatus, status_map
from ...steps.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.regions import distribution_table, region_curves
from ...steps.voxelwise import map_voxels

CURVE_TYPES = {
    PERSISTENT: Label("persistent", (0.25, 0.45, 0.85)),
    PLATEAU: Label("plateau", (0.35, 0.75, 0.40)),
    WASH_OUT: Label("wash-out", (0.90, 0.25, 0.20)),
}
# What follows each map's unit where enhancement is in {e}.
UNITS = {
    "maximum_enhancement": "{e}",
    "time_to_peak": "s",
    "wash_in_slope": "{e}/s",
    "wash_out_slope": "{e}/s",
    "iauc60": "{e}*s",
    "iauc90": "{e}*s",
    "signal_enhancement_ratio": "1",
}


@dataclass(frozen=True)
class SemiQuantitativeParameters(EnhancementParameters):
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
        float, Unit("%"), Range(1, 50), Help("Change from the early peak to the late signal that counts."), Advanced()
    ] = 10.0
    curve_type_minimum: Annotated[
        float,
        Unit("%"),
        Range(0, 500),
        Help("Curve types are given only where signal enhances by more than this at its early peak."),
        Advanced(),
    ] = 50.0


@analysis(
    id="kinetics.enhancement",
    title="Semi-quantitative enhancement",
    citation="Kuhl et al., Radiology 211:101-110 (1999) for curve types; Hylton et al., Radiology 263:663-672 (2012) "
    "for the signal enhancement ratio; Evelhoch, J Magn Reson Imaging 10:254-259 (1999) for the initial area",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output(
            "maximum_enhancement",
            Map,
            unit="% or mmol/L",
            help="Largest enhancement after arrival.",
            display=Display(None, "inferno", symbol="ME"),
        ),
        Output(
            "time_to_peak",
            Map,
            unit="s",
            help="Time from arrival to the largest enhancement.",
            display=Display(None, "viridis", symbol="TTP"),
        ),
        Output("wash_in_slope", Map, unit="%/s or mmol/L/s", help="Largest enhancement over time to peak."),
        Output(
            "wash_out_slope",
            Map,
            unit="%/s or mmol/L/s",
            help="Change from the peak to the last frame over the time between; negative for wash-out.",
        ),
        Output(
            "iauc60",
            Map,
            unit="%*s or mmol/L*s",
            help="Area under the curve in the first 60 s after arrival.",
            display=Display(None, "plasma", Code("126321", "DCM", "IAUC60"), "IAUC60"),
        ),
        Output(
            "iauc90",
            Map,
            unit="%*s or mmol/L*s",
            help="Area under the curve in the first 90 s after arrival.",
            display=Display(None, "plasma", Code("126322", "DCM", "IAUC90"), "IAUC90"),
        ),
        Output(
            "signal_enhancement_ratio",
            Map,
            unit="1",
            help="Early over late enhancement; above 1 the signal falls between them.",
            display=Display((0.5, 1.75), "viridis", symbol="SER"),
        ),
        Output("curve_type", LabelMap, help="Persistent, plateau or wash-out."),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean enhancement of each region."),
        Output("statistics", Table, help="Distribution of each measure over each region."),
    ],
    parameters=SemiQuantitativeParameters,
)
def enhancement(series, mask=None, *, parameters, context):
    """Size, speed and shape of enhancement, without a model.

    From signal these are relative to the baseline and comparable only between
    examinations made alike; from concentration they are in mmol/L.
    """
    measured = enhancement_of(series, mask, parameters)
    maps, nonfinite = map_voxels(
        lambda curves, index: _measures(curves, series.times, measured, parameters),
        series.values,
        mask=mask,
        context=context,
        message="measuring enhancement",
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    kinds = maps.pop("curve_type")
    usable = status == FitStatus.FITTED
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("whole image")})
    units = {name: unit.format(e=measured.unit) for name, unit in UNITS.items()}
    return {
        **{name: Map(maps[name], series.geometry, unit, name) for name, unit in units.items()},
        "curve_type": LabelMap(kinds, series.geometry, CURVE_TYPES, "curve_type"),
        "fit_status": status_map(status, series.geometry),
        "curves": tuple(region_curves(series, regions, usable, lambda c, i: measured(c)[0], measured.unit)),
        "statistics": distribution_table(maps, regions, usable, units),
    }


def _measures(curves, times, enhancement: Enhancement, parameters) -> dict[str, np.ndarray]:
    enhanced, status = enhancement(curves)
    arrival = enhancement.arrival
    late = times[-1] if parameters.late_time is None else arrival + parameters.late_time
    early_value = value_at(times, enhanced, arrival + parameters.early_time)
    late_value = value_at(times, enhanced, late)
    usable = status == FitStatus.FITTED
    maps = peak_measures(times, np.where(usable, enhanced, 0.0), arrival)
    maps |= {
        "iauc60": initial_area(times, enhanced, arrival, 60.0),
        "iauc90": initial_area(times, enhanced, arrival, 90.0),
        "signal_enhancement_ratio": signal_enhancement_ratio(early_value, late_value),
    }
    maps = {name: np.where(usable, values, np.nan) for name, values in maps.items()}
    maps["curve_type"] = _curve_types(times, enhanced, enhancement, late_value, parameters)
    maps["fit_status"] = status
    return maps


def _curve_types(times, enhanced, enhancement: Enhancement, late_value, parameters) -> np.ndarray:
    """Curve types on the signal relative to its baseline; on concentration by the change of concentration."""
    early = (times > enhancement.arrival) & (times <= enhancement.arrival + parameters.early_time)
    if not early.any():
        return np.zeros(enhanced.shape[1], dtype=np.uint8)
    peak = enhanced[early].max(axis=0)
    baseline = 100.0 if enhancement.is_relative else 0.0
    minimum = parameters.curve_type_minimum if enhancement.is_relative else 0.0
    with np.errstate(invalid="ignore"):
        kinds = curve_type(baseline + peak, baseline + late_value, threshold=parameters.curve_type_threshold / 100)
        return np.where((peak > minimum) & np.isfinite(late_value), kinds, 0).astype(np.uint8)
