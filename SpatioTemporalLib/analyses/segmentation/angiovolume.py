"""Angiovolume: how much of a lesion enhances, how strongly, and with which curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.volumes import LabelMap
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...numerics.spatial.voxel_neighbours import has_cluster
from ...steps.bolus.curve_types import CURVE_TYPES, CurveTypeParameters, curve_types, early_and_late
from ...steps.bolus.enhancement_declaration import EARLY_ENHANCEMENT, Background, regions_or_image
from ...steps.conversion.enhancement_curves import EnhancementParameters, above_background, relative_enhancement_of
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.regions import region_names
from ...steps.voxels.voxelwise import map_voxels


@dataclass(frozen=True)
class AngiovolumeParameters(CurveTypeParameters, EnhancementParameters):
    threshold: Annotated[
        float, Unit("%"), Range(5, 1000), Help("Voxels count whose early peak enhances by more than this.")
    ] = 50.0
    background: Background = 30.0
    worst_curve_voxels: Annotated[
        int, Range(1, 100), Help("Fewest connected voxels for a type to be the worst curve."), Advanced()
    ] = 3


@analysis(
    id="segmentation.angiovolume",
    title="Angiovolume and worst curve",
    citation="Kuhl et al., Dynamic breast MR imaging: are signal intensity time course data useful for differential "
    "diagnosis of enhancing lesions?, Radiology 211:101-110 (1999) for the curve types; volume, peak and worst curve "
    "as reading stations for breast MRI report them",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output("curve_type", LabelMap, help="Curve type of each voxel over the threshold."),
        EARLY_ENHANCEMENT,
        Output("lesions", Table, help="Of each region: angiovolume, largest enhancement, share of types, worst curve."),
    ],
    parameters=AngiovolumeParameters,
)
def angiovolume(series, mask=None, *, parameters, context):
    r"""Volume over a threshold of enhancement, peak enhancement and worst curve of each lesion.

    Notes
    -----
    .. math:: E_{early} = 100 \left( \frac{S_{early}}{S_0} - 1 \right) \%
    """
    enhancement = relative_enhancement_of(series, mask, parameters)

    def measure(curves, index):
        enhanced, _ = enhancement(curves)
        early, _ = early_and_late(series.times, enhanced, enhancement, parameters)
        kinds = curve_types(series.times, enhanced, enhancement, parameters, minimum=parameters.threshold)
        return {"early": early, "kind": kinds, "baseline": curves[enhancement.baseline].mean(axis=0)}

    maps, _ = map_voxels(measure, series.values, mask=mask, context=context, message="measuring enhancement")
    kinds = np.where(above_background(maps["baseline"], parameters.background), maps["kind"], 0).astype(np.uint8)
    regions = regions_or_image(mask, series.geometry)
    return {
        "curve_type": LabelMap(kinds, series.geometry, CURVE_TYPES, "curve_type"),
        "early_enhancement": maps["early"],
        "lesions": _lesions(kinds, maps["early"], regions, parameters.worst_curve_voxels),
        "findings": enhancement.findings,
    }


def _lesions(kinds: np.ndarray, early: np.ndarray, regions: LabelMap, fewest: int) -> Table:
    rows = []
    for value, name in region_names(regions).items():
        inside = regions.region(value)
        over = inside & (kinds > 0)
        count = int(np.count_nonzero(over))
        shares = {
            label.name: 100 * np.count_nonzero(inside & (kinds == kind)) / count if count else float("nan")
            for kind, label in CURVE_TYPES.items()
        }
        rows.append(
            {
                "region": name,
                "voxels": count,
                "angiovolume": count * regions.geometry.voxel_volume_ml,
                "peak enhancement": float(early[over].max()) if count else float("nan"),
                **shares,
                "worst curve": _worst(inside, kinds, fewest),
            }
        )
    units = {"angiovolume": "mL", "peak enhancement": "%"} | {label.name: "%" for label in CURVE_TYPES.values()}
    return Table({key: [row[key] for row in rows] for key in rows[0]}, units, "angiovolume")


def _worst(inside: np.ndarray, kinds: np.ndarray, fewest: int) -> str:
    """The most suspicious type of which enough voxels hang together."""
    for kind in sorted(CURVE_TYPES, reverse=True):
        if has_cluster(inside & (kinds == kind), fewest):
            return CURVE_TYPES[kind].name
    return "none"
