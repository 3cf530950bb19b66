"""Segmentation of tissue that takes up contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import ndimage

from ...data.curve import Curve, Table
from ...data.volumes import Label, LabelMap
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.bolus.enhancement import value_at
from ...steps.bolus.enhancement_declaration import EARLY_ENHANCEMENT, LESION, Background
from ...steps.conversion.enhancement_curves import EnhancementParameters, above_background, relative_enhancement_of
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.fit_status import FitStatus
from ...steps.voxels.regions import region_curves
from ...steps.voxels.voxelwise import map_voxels

IN_SLICE = ndimage.generate_binary_structure(2, 2)[None]
COLOURS = ((0.95, 0.35, 0.20), (0.25, 0.65, 0.95), (0.95, 0.80, 0.20), (0.55, 0.85, 0.40), (0.75, 0.45, 0.90))


@dataclass(frozen=True)
class EnhancingTissueParameters(EnhancementParameters):
    threshold: Annotated[float, Unit("%"), Range(5, 1000), Help("Smallest relative enhancement at the early time.")] = (
        70.0
    )
    early_time: Annotated[float, Unit("s"), Range(10, 600), Help("When enhancement is measured, after arrival.")] = (
        120.0
    )
    background: Background = 30.0
    smallest_volume: Annotated[
        float, Unit("mL"), Range(0, 100), Help("Connected regions smaller than this are left out.")
    ] = 0.05
    opening: Annotated[
        int,
        Range(0, 10),
        Help("Strands up to twice this many voxels wide are removed in each slice; 0 removes none."),
        Advanced(),
    ] = 1
    most_regions: Annotated[
        int, Range(1, 50), Help("At most this many regions are kept, the largest ones."), Advanced()
    ] = 5


@analysis(
    id="segmentation.enhancing_tissue",
    title="Enhancing tissue",
    citation="Hylton et al., Radiology 263:663-672 (2012), the enhancement and background thresholds of functional "
    "tumour volume; connected regions by volume are our own addition",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output("regions", LabelMap, help="Connected regions of enhancing tissue, the largest first."),
        EARLY_ENHANCEMENT,
        Output("curves", Curve, help="Mean relative enhancement of each region."),
        Output("statistics", Table, help="Volume and enhancement of each region."),
    ],
    parameters=EnhancingTissueParameters,
)
def enhancing_tissue(series, mask=None, *, parameters, context):
    r"""Connected regions whose signal rises by more than a threshold early after contrast.

    Notes
    -----
    .. math:: E_{early} = 100 \left( \frac{S_{early}}{S_0} - 1 \right) \%
    """
    enhancement = relative_enhancement_of(series, mask, parameters)
    time = min(enhancement.arrival + parameters.early_time, series.times[-1])

    def measure(curves, index):
        enhanced, status = enhancement(curves)
        return {
            "early": value_at(series.times, enhanced, time),
            "baseline": np.asarray(curves[enhancement.baseline], float).mean(axis=0),
            "fit_status": status,
        }

    maps, _ = map_voxels(measure, series.values, mask=mask, context=context, message="measuring enhancement")
    regions = _regions(maps, series.geometry, parameters)
    if not regions.labels:
        raise InputError(
            "E-NO-REGION",
            f"no region of {parameters.smallest_volume:g} mL or more enhances by {parameters.threshold:g} % "
            f"at {time:g} s",
            where=series.name,
            fix="Lower threshold, background or smallest_volume.",
        )
    usable = maps["fit_status"] == FitStatus.FITTED
    return {
        "regions": regions,
        "early_enhancement": maps["early"],
        "curves": tuple(region_curves(series, regions, usable, lambda c, i: enhancement(c)[0], "%")),
        "statistics": _statistics(regions, maps["early"]),
        "findings": enhancement.findings,
    }


def _regions(maps, geometry, parameters) -> LabelMap:
    bright = above_background(maps["baseline"], parameters.background)
    with np.errstate(invalid="ignore"):
        enhancing = bright & (maps["early"] >= parameters.threshold)
    if parameters.opening:
        enhancing = ndimage.binary_opening(enhancing, IN_SLICE, parameters.opening)
    parts, count = ndimage.label(enhancing)
    volumes = ndimage.sum_labels(enhancing, parts, np.arange(1, count + 1)) * geometry.voxel_volume_ml
    order = [n for n in np.argsort(-volumes, kind="stable") if volumes[n] >= parameters.smallest_volume]
    kept = order[: parameters.most_regions]
    values = np.zeros(geometry.shape, dtype=np.uint8)
    for rank, part in enumerate(kept, start=1):
        values[parts == part + 1] = rank
    labels = {
        rank: Label(f"enhancing region {rank}", COLOURS[(rank - 1) % len(COLOURS)], *LESION)
        for rank in range(1, len(kept) + 1)
    }
    return LabelMap(values, geometry, labels, "enhancing tissue")


def _statistics(regions: LabelMap, early: np.ndarray) -> Table:
    columns = {"region": [], "voxels": [], "volume": [], "median enhancement": [], "largest enhancement": []}
    for value, label in regions.labels.items():
        inside = regions.region(value)
        columns["region"].append(label.name)
        columns["voxels"].append(int(np.count_nonzero(inside)))
        columns["volume"].append(regions.volume_ml(value))
        columns["median enhancement"].append(float(np.median(early[inside])))
        columns["largest enhancement"].append(float(early[inside].max()))
    units = {"volume": "mL", "median enhancement": "%", "largest enhancement": "%"}
    return Table(columns, units, "enhancing regions")
