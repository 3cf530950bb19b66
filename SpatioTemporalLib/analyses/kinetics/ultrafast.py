"""Measures of the first minute of enhancement, and what they would be had the scan been shorter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.bolus.bolus_arrival import bolus_arrival
from ...numerics.bolus.enhancement import initial_area, maximum_slope
from ...steps.conversion.enhancement_curves import Enhancement, EnhancementParameters, relative_enhancement_of
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.fit_status import FitStatus, status_map
from ...steps.voxels.regions import distribution, region_curves, region_names
from ...steps.voxels.voxelwise import map_voxels

QUANTITIES = {"maximum_slope": "%/s", "time_to_enhancement": "s", "initial_area": "%*s"}


@dataclass(frozen=True)
class UltrafastParameters(EnhancementParameters):
    durations: Annotated[
        tuple[float, ...],
        Unit("s"),
        Range(5, 1800),
        Help("Lengths of the scan after contrast arrives, comma-separated; the maps are those of the longest."),
    ] = (30.0, 45.0, 60.0, 90.0)
    slope_frames: Annotated[
        int, Range(2, 15), Help("Frames through which the straight line of the slope goes."), Advanced()
    ] = 3


@analysis(
    id="kinetics.ultrafast",
    title="Ultrafast enhancement",
    citation="Mann et al., A novel approach to contrast-enhanced breast magnetic resonance imaging for screening: "
    "high-resolution ultrafast dynamic imaging, Invest Radiol 49:579-585 (2014)",
    inputs=[
        DYNAMIC_SERIES,
        MASK,
        Input(
            "aif_mask",
            LabelMap,
            optional=True,
            help="Voxels of the aorta; time to enhancement then counts from the aorta's arrival.",
        ),
    ],
    outputs=[
        Output(
            "maximum_slope",
            Map,
            unit="%/s",
            help="Steepest rise of relative enhancement.",
            display=Display(None, "inferno", symbol="MS"),
        ),
        Output(
            "time_to_enhancement",
            Map,
            unit="s",
            help="From the arrival in the aorta, or in the region as a whole, to that in the voxel.",
            display=Display((0, 20), "viridis", symbol="TTE"),
        ),
        Output(
            "initial_area",
            Map,
            unit="%*s",
            help="Area under relative enhancement from arrival to the end of the scan.",
            display=Display(None, "plasma", symbol="IAUC"),
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean relative enhancement of each region."),
        Output("durations", Table, help="Each measure of each region for each length of the scan."),
    ],
    parameters=UltrafastParameters,
)
def ultrafast(series, mask=None, aif_mask=None, *, parameters, context):
    r"""Slope, time to enhancement and initial area of the first pass, for scans of several lengths.

    Notes
    -----
    .. math:: E(t) = 100 \left( \frac{S(t)}{S_0} - 1 \right) \%

    .. math:: MS = \max_t \frac{dE}{dt}, \quad TTE = t_{a} - t_{a,ref}, \quad IAUC = \int_{t_{a,ref}}^{t_{a,ref} + d}
        E(t) \, dt

    S0 is the mean signal before contrast, d the length of the scan after arrival. The slope is that of the straight
    line through slope_frames frames; arrival t_a in a voxel is found as by kinetics.bolus_arrival, and t_a,ref is that
    in the aorta where its mask is given, else in the region as a whole (Mann 2014).
    """
    enhancement = relative_enhancement_of(series, aif_mask or mask, parameters)
    durations = _durations(series, enhancement, parameters)
    counts = [int(np.searchsorted(series.times, enhancement.arrival + d, side="right")) for d in durations]

    def measure(curves, index):
        enhanced, status = enhancement(curves)
        usable = status == FitStatus.FITTED
        maps = {}
        for number, (duration, count) in enumerate(zip(durations, counts)):
            seen = series.times[:count], enhanced[:count]
            measures = {
                "maximum_slope": maximum_slope(*seen, enhancement.arrival, parameters.slope_frames),
                "time_to_enhancement": bolus_arrival(*seen) - enhancement.arrival,
                # Interpolated to the end of the scan, which may lie between frames.
                "initial_area": initial_area(series.times, enhanced, enhancement.arrival, duration),
            }
            maps |= {f"{name} {number}": np.where(usable, part, np.nan) for name, part in measures.items()}
        return maps | {"fit_status": status}

    maps, nonfinite = map_voxels(measure, series.values, mask=mask, context=context, message="measuring enhancement")
    status = maps["fit_status"]
    status[nonfinite] = FitStatus.NONFINITE
    usable = status == FitStatus.FITTED
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("whole image")})
    return {
        **{name: maps[f"{name} {len(durations) - 1}"] for name in QUANTITIES},
        "fit_status": status_map(status, series.geometry),
        "curves": tuple(region_curves(series, regions, usable, lambda c, i: enhancement(c)[0], "%")),
        "durations": _table(maps, durations, regions, usable),
        "findings": enhancement.findings,
    }


def _durations(series: Series, enhancement: Enhancement, parameters) -> list[float]:
    durations = sorted(set(parameters.durations))
    longest = series.times[-1] - enhancement.arrival
    if not durations or durations[-1] > longest:
        raise InputError(
            "E-SHORT",
            f"durations = {', '.join(f'{d:g}' for d in durations) or 'none'} s, and the series goes on for "
            f"{longest:.4g} s after contrast arrives",
            where=series.name,
            fix="Give one or more durations that the series covers.",
        )
    return durations


def _table(maps, durations: list[float], regions: LabelMap, usable) -> Table:
    rows = []
    for value, region in region_names(regions).items():
        chosen = regions.region(value) & usable
        for name, unit in QUANTITIES.items():
            for number, duration in enumerate(durations):
                row = {"region": region, "quantity": name, "unit": unit, "duration": duration}
                rows.append(row | distribution(maps[f"{name} {number}"][chosen]))
    return Table({key: [row[key] for row in rows] for key in rows[0]}, {"duration": "s"}, "scan durations")
