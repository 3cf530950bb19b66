"""Semi-quantitative maps of enhancement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Code, Label, LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.bolus.enhancement import initial_area, maximum_slope, peak_measures, signal_enhancement_ratio
from ...steps.bolus.curve_types import CURVE_TYPES, CurveTypeParameters, curve_types, early_and_late
from ...steps.conversion.enhancement_curves import Enhancement, EnhancementParameters, enhancement_of
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.fit_status import FitStatus, status_map
from ...steps.voxels.regions import distribution_table, region_curves
from ...steps.voxels.voxelwise import map_voxels

# What follows each map's unit where enhancement is in {e}.
UNITS = {
    "maximum_enhancement": "{e}",
    "time_to_peak": "s",
    "wash_in_slope": "{e}/s",
    "wash_out_slope": "{e}/s",
    "maximum_slope": "{e}/s",
    "early_enhancement": "{e}",
    "iauc60": "{e}*s",
    "iauc90": "{e}*s",
    "signal_enhancement_ratio": "1",
}


@dataclass(frozen=True)
class SemiQuantitativeParameters(CurveTypeParameters, EnhancementParameters):
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
    inputs=[
        DYNAMIC_SERIES,
        MASK,
        Input(
            "aif_mask", LabelMap, optional=True, help="Voxels of an artery, by whose initial area others are divided."
        ),
    ],
    outputs=[
        Output(
            "maximum_enhancement",
            Map,
            unit="%, HU or mmol/L",
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
        Output("wash_in_slope", Map, unit="%/s, HU/s or mmol/L/s", help="Largest enhancement over time to peak."),
        Output(
            "wash_out_slope",
            Map,
            unit="%/s, HU/s or mmol/L/s",
            help="Change from the peak to the last frame over the time between; negative for wash-out.",
        ),
        Output(
            "maximum_slope",
            Map,
            unit="%/s, HU/s or mmol/L/s",
            help="Steepest rise over three frames.",
            display=Display(None, "inferno", symbol="MS"),
        ),
        Output(
            "early_enhancement",
            Map,
            unit="%, HU or mmol/L",
            help="Enhancement at the early point: initial, or percent, enhancement.",
            display=Display(None, "inferno", symbol="PE"),
        ),
        Output(
            "iauc60",
            Map,
            unit="%*s, HU*s or mmol/L*s",
            help="Area under the curve in the first 60 s after arrival.",
            display=Display(None, "plasma", Code("126321", "DCM", "IAUC60"), "IAUC60"),
        ),
        Output(
            "iauc90",
            Map,
            unit="%*s, HU*s or mmol/L*s",
            help="Area under the curve in the first 90 s after arrival.",
            display=Display(None, "plasma", Code("126322", "DCM", "IAUC90"), "IAUC90"),
        ),
        Output(
            "normalised_iauc90",
            Map,
            unit="1",
            help="Initial area of 90 s over that of the artery, each from its own arrival.",
            display=Display((0, 1), "plasma", symbol="nIAUC90"),
            optional=True,
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
def enhancement(series, mask=None, aif_mask=None, *, parameters, context):
    r"""Size, speed and shape of enhancement, without a model.

    Notes
    -----
    .. math:: E(t) = 100 \left( \frac{S(t)}{S_0} - 1 \right) \%, \quad SER = \frac{S_{early} - S_0}{S_{late} - S_0}

    From signal these are relative to the baseline and comparable only between examinations made alike; from
    concentration they are in mmol/L.
    """
    measured = enhancement_of(series, mask, parameters)
    artery = None if aif_mask is None else _area_of_artery(series, aif_mask, parameters)
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
    if artery is not None:
        maps["normalised_iauc90"], units["normalised_iauc90"] = maps["iauc90"] / np.float32(artery), "1"
    return {
        **{name: Map(maps[name], series.geometry, unit, name) for name, unit in units.items()},
        "curve_type": LabelMap(kinds, series.geometry, CURVE_TYPES, "curve_type"),
        "fit_status": status_map(status, series.geometry),
        "curves": tuple(region_curves(series, regions, usable, lambda c, i: measured(c)[0], measured.unit)),
        "statistics": distribution_table(maps, regions, usable, units),
        "findings": measured.findings,
    }


def _area_of_artery(series: Series, aif_mask: LabelMap, parameters) -> float:
    """Initial area of 90 s of the artery's mean enhancement, from its own arrival and over its own baseline."""
    # The artery is reached before the tissue: frames of the tissue's baseline may show its bolus.
    measured = enhancement_of(series, aif_mask, replace(parameters, arrival=None, baseline_frames=None))
    chosen = np.flatnonzero(aif_mask.foreground)
    curves = np.stack([np.asarray(frame, dtype=float).reshape(-1)[chosen] for frame in series.values])
    enhanced, status = measured(curves[:, np.isfinite(curves).all(axis=0)])
    usable = status == FitStatus.FITTED
    area = float("nan")
    if usable.any():
        mean = enhanced[:, usable].mean(axis=1, keepdims=True)
        area = float(initial_area(series.times, mean, measured.arrival, 90.0)[0])
    if not area > 0:
        raise InputError(
            "E-AIF-FLAT",
            "the artery has no area under its first 90 s",
            where=aif_mask.name,
            fix="Choose voxels inside an artery of a series that lasts 90 s after contrast arrives.",
        )
    return area


def _measures(curves, times, enhancement: Enhancement, parameters) -> dict[str, np.ndarray]:
    enhanced, status = enhancement(curves)
    arrival = enhancement.arrival
    early, late = early_and_late(times, enhanced, enhancement, parameters)
    usable = status == FitStatus.FITTED
    maps = peak_measures(times, np.where(usable, enhanced, 0.0), arrival)
    maps |= {
        "maximum_slope": maximum_slope(times, enhanced, arrival),
        "early_enhancement": early,
        "iauc60": initial_area(times, enhanced, arrival, 60.0),
        "iauc90": initial_area(times, enhanced, arrival, 90.0),
        "signal_enhancement_ratio": signal_enhancement_ratio(early, late),
    }
    maps = {name: np.where(usable, values, np.nan) for name, values in maps.items()}
    minimum = parameters.curve_type_minimum
    maps["curve_type"] = curve_types(times, enhanced, enhancement, parameters, minimum=minimum)
    maps["fit_status"] = status
    return maps
