"""Functional tumour volume of the breast: enhancing tissue, by how its enhancement goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bolus.enhancement import signal_enhancement_ratio, value_at
from ...numerics.spatial.voxel_neighbours import with_neighbours
from ...steps.bolus.enhancement_declaration import EARLY_ENHANCEMENT, LESION, Background, regions_or_image
from ...steps.conversion.enhancement_curves import (
    EnhancementParameters,
    above_background,
    relative_enhancement_of,
    require_time,
)
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.fit_status import FitStatus
from ...steps.voxels.regions import region_names
from ...steps.voxels.voxelwise import map_voxels

USUAL_LATE, LATE_TOLERANCE = 450.0, 90.0
EDGES = (0.9, 1.0, 1.3, 1.75)
CLASSES = {
    1: Label("SER below 0.9, persistent", (0.20, 0.35, 0.85), *LESION),
    2: Label("SER 0.9 to 1.0, gradual", (0.60, 0.30, 0.75), *LESION),
    3: Label("SER 1.0 to 1.3, plateau", (0.25, 0.75, 0.35), *LESION),
    4: Label("SER 1.3 to 1.75, wash-out", (0.95, 0.75, 0.20), *LESION),
    5: Label("SER 1.75 or more, strong wash-out", (0.90, 0.20, 0.15), *LESION),
}


@dataclass(frozen=True)
class FunctionalTumourVolumeParameters(EnhancementParameters):
    early_time: Annotated[
        float, Unit("s"), Range(30, 600), Help("Early point, after arrival; I-SPY takes about 2.5 minutes.")
    ] = 150.0
    late_time: Annotated[
        float | None,
        Unit("s"),
        Range(120, 1800),
        Help("Late point, after arrival; the last frame when left empty. I-SPY takes about 7.5 minutes."),
    ] = None
    threshold: Annotated[float, Unit("%"), Range(5, 1000), Help("Smallest enhancement at the early point.")] = 70.0
    ratio_minimum: Annotated[
        float, Range(0, 2), Help("Smallest signal enhancement ratio that counts; some studies take 0.9.")
    ] = 0.0
    background: Background = 60.0
    neighbours: Annotated[
        int,
        Range(0, 26),
        Help("A voxel counts only if so many of the 26 around it enhance as well; removes single bright voxels."),
        Advanced(),
    ] = 4


@analysis(
    id="segmentation.functional_tumour_volume",
    title="Functional tumour volume (breast)",
    citation="Hylton et al., Locally advanced breast cancer: MR imaging for prediction of response to neoadjuvant "
    "chemotherapy - results from ACRIN 6657/I-SPY trial, Radiology 263:663-672 (2012)",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output("tumour", LabelMap, help="Voxels that count, by their signal enhancement ratio."),
        EARLY_ENHANCEMENT,
        Output(
            "signal_enhancement_ratio",
            Map,
            unit="1",
            help="Early over late enhancement; above 1 the signal falls between them.",
            display=Display((0.5, 1.75), "viridis", symbol="SER"),
        ),
        Output("volumes", Table, help="Volume of each class and of all, in each region."),
    ],
    parameters=FunctionalTumourVolumeParameters,
)
def functional_tumour_volume(series, mask=None, *, parameters, context):
    r"""Volume of tissue that enhances early, and of how much of it washes out.

    Notes
    -----
    .. math:: PE = 100 \left( \frac{S_{early}}{S_0} - 1 \right) \%, \quad SER = \frac{S_{early} - S_0}{S_{late} - S_0}

    A voxel counts where PE is over its threshold and SER over ratio_minimum.
    """
    enhancement = relative_enhancement_of(series, mask, parameters)
    early_time, late_time = _points(series, enhancement.arrival, parameters)

    def measure(curves, index):
        enhanced, status = enhancement(curves)
        early, late = value_at(series.times, enhanced, early_time), value_at(series.times, enhanced, late_time)
        return {
            "early": early,
            "ratio": signal_enhancement_ratio(early, late),
            "baseline": np.asarray(curves[enhancement.baseline], float).mean(axis=0),
            "fit_status": status,
        }

    maps, _ = map_voxels(measure, series.values, mask=mask, context=context, message="measuring enhancement")
    enhancing = _enhancing(maps, parameters)
    tumour = _classes(maps["ratio"], enhancing & (maps["ratio"] >= parameters.ratio_minimum))
    return {
        "tumour": LabelMap(tumour, series.geometry, CLASSES, "tumour"),
        "early_enhancement": maps["early"],
        "signal_enhancement_ratio": maps["ratio"],
        "volumes": _volumes(tumour, regions_or_image(mask, series.geometry)),
        "findings": (
            *enhancement.findings,
            *_findings(series, enhancing & np.isnan(maps["ratio"]), late_time - enhancement.arrival),
        ),
    }


def _points(series: Series, arrival: float, parameters) -> tuple[float, float]:
    """When the early and the late frame are, on the series' clock."""
    early = arrival + parameters.early_time
    late = series.times[-1] if parameters.late_time is None else arrival + parameters.late_time
    require_time(series, late, "late_time")
    if early >= late:
        raise InputError(
            "E-SHORT",
            f"the early point at {early:g} s is not before the late point at {late:g} s",
            where=series.name,
            fix="Choose an earlier early_time, or check when contrast arrives.",
        )
    return early, late


def _findings(series: Series, lost: np.ndarray, late: float) -> tuple[Finding, ...]:
    findings = []
    count = int(np.count_nonzero(lost))
    if count:
        text = (
            f"{count} enhancing voxels are back at their baseline at the late point; without a ratio they do not count"
        )
        findings.append(Finding("W-NO-RATIO", Severity.MASK, text, series.name))
    if abs(late - USUAL_LATE) > LATE_TOLERANCE:
        text = f"the late point is {late:.3g} s after arrival; published ratios are for about {USUAL_LATE:g} s"
        findings.append(Finding("W-LATE-POINT", Severity.WARN, text, series.name))
    return tuple(findings)


def _enhancing(maps, parameters) -> np.ndarray:
    """Bright voxels that enhance enough, together with enough of their neighbours."""
    bright = above_background(maps["baseline"], parameters.background)
    with np.errstate(invalid="ignore"):
        enough = bright & (maps["fit_status"] == FitStatus.FITTED) & (maps["early"] >= parameters.threshold)
    return with_neighbours(enough, parameters.neighbours)


def _classes(ratio: np.ndarray, counted: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(counted, 1 + np.digitize(np.nan_to_num(ratio), EDGES), 0).astype(np.uint8)


def _volumes(tumour: np.ndarray, regions: LabelMap) -> Table:
    columns = {"region": [], "class": [], "voxels": [], "volume": [], "share": []}
    for value, region in region_names(regions).items():
        counts = np.bincount(tumour[regions.region(value)], minlength=len(CLASSES) + 1)
        total = int(counts[1:].sum())
        rows = [(label.name, int(counts[n])) for n, label in CLASSES.items()] + [("functional tumour volume", total)]
        for name, count in rows:
            columns["region"].append(region)
            columns["class"].append(name)
            columns["voxels"].append(count)
            columns["volume"].append(count * regions.geometry.voxel_volume_ml)
            columns["share"].append(100 * count / total if total else float("nan"))
    return Table(columns, {"volume": "mL", "share": "%"}, "functional tumour volume")
