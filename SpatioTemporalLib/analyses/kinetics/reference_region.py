"""The linear reference region model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.reference_region import fit_constrained_reference_region, fit_reference_region
from ...numerics.tofts_models import SECONDS_PER_MINUTE
from ...steps.concentration import ConcentrationParameters, baseline_findings, conversion_for
from ...steps.fit_status import FitStatus, status_map
from ...steps.kinetic_declaration import DYNAMIC_SERIES, MASK, QUANTITIES, RELAXATION_MAPS
from ...steps.regions import distribution_table, region_curves
from ...steps.voxelwise import map_voxels

UNITS = {"relative_ktrans": "1", "relative_ve": "1", "kep": "1/min"}


@dataclass(frozen=True)
class ReferenceRegionParameters(ConcentrationParameters):
    efflux: Annotated[
        str,
        Choices("constrained", "free"),
        Help(
            "constrained: one efflux rate of the reference for all voxels, the median of their own estimates; "
            "free: each voxel has its own, which is noisier."
        ),
    ] = "constrained"
    t1_reference: Annotated[
        float, Unit("s"), Range(0.01, 10), Help("T1 of the reference tissue before contrast; muscle has about 1.4 s.")
    ] = 1.4


@analysis(
    id="kinetics.reference_region",
    title="Linear reference region model",
    citation="Cardenas-Rodriguez et al., A linear algorithm of the reference region model for DCE-MRI is robust and "
    "relaxes requirements for temporal resolution, Magn Reson Imaging 31:497-507 (2013)",
    inputs=[
        DYNAMIC_SERIES,
        Input("reference_mask", LabelMap, help="Voxels of healthy tissue, as muscle, that serves as the reference."),
        MASK,
        *RELAXATION_MAPS,
    ],
    outputs=[
        Output(
            "relative_ktrans",
            Map,
            unit="1",
            help="Ktrans over that of the reference.",
            display=Display((0, 10), "inferno", symbol="Ktrans/Ktrans,ref"),
        ),
        Output(
            "relative_ve",
            Map,
            unit="1",
            help="ve over that of the reference.",
            display=Display((0, 6), "viridis", symbol="ve/ve,ref"),
        ),
        Output("kep", Map, unit="1/min", help=QUANTITIES["kep"][1], display=QUANTITIES["kep"][2]),
        Output("rmse", Map, unit="mmol/L", help="Root mean square of the residuals.", display=Display(None, "gray")),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean concentration of the reference and of each region."),
        Output("reference", Table, help="Efflux rate of the reference, the median of the voxels' estimates."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
    ],
    parameters=ReferenceRegionParameters,
)
def reference_region(series, reference_mask, mask=None, t1_map=None, b1_map=None, *, parameters, context):
    """Ktrans and ve relative to healthy tissue, where no artery can be measured."""
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    reference = _reference_curve(series, reference_mask, parameters, t1_map, b1_map)

    def fitted(fit, message):
        def fit_block(curves, index):
            return _fit_usable(fit, *conversion(curves, index))

        return map_voxels(fit_block, series.values, mask=mask, context=context, message=message)

    maps, nonfinite = fitted(lambda c: fit_reference_region(series.times, reference.values, c), "fitting voxels")
    efflux = _common_efflux(maps, reference)
    if parameters.efflux == "constrained":
        maps, _ = fitted(
            lambda c: fit_constrained_reference_region(series.times, reference.values, c, efflux), "fitting again"
        )
    status = maps["fit_status"]
    status[nonfinite] = FitStatus.NONFINITE
    usable = status == FitStatus.FITTED
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    curves = region_curves(series, regions, usable, lambda values, index: conversion(values, index)[0])
    return {
        **{name: maps[name] for name in (*UNITS, "rmse")},
        "fit_status": status_map(status, series.geometry),
        "curves": (reference, *curves),
        "statistics": distribution_table(maps, regions, usable, UNITS) if curves else Table({"region": []}),
        "reference": Table({"kep": [efflux * SECONDS_PER_MINUTE]}, {"kep": "1/min"}, reference.name),
        "findings": baseline_findings(series, mask, conversion),
    }


def _reference_curve(series, reference_mask: LabelMap, parameters, t1_map, b1_map) -> Curve:
    chosen = np.flatnonzero(reference_mask.foreground)
    t1 = parameters.t1_reference if t1_map is None else t1_map
    curves = np.stack([np.asarray(frame).reshape(-1)[chosen] for frame in series.values]).astype(float)
    concentration, reason = conversion_for(series, reference_mask, parameters, t1=t1, b1=b1_map)(curves, chosen)
    usable = (reason == 0) & np.isfinite(curves).all(axis=0)
    if not usable.any() or not concentration[:, usable].mean(axis=1).max() > 0:
        raise InputError(
            "E-REFERENCE",
            f"none of the {chosen.size} voxels of the reference shows uptake",
            where=reference_mask.name,
            fix="Choose a reference in tissue that enhances, and check the flip angle, TR and baseline frames.",
        )
    mean = concentration[:, usable].mean(axis=1)
    return Curve(series.times, mean, "mmol/L", f"mean of {reference_mask.name}")


def _common_efflux(maps, reference: Curve) -> float:
    """Median of the voxels' estimates of the reference's efflux rate, 1/s, where all three coefficients are positive.

    Ahmed & Levesque, Magn Reson Med (2016), doi:10.1002/mrm.26530.
    """
    good = (maps["fit_status"] == FitStatus.FITTED) & (maps["reference_efflux"] > 0)
    if not good.any():
        raise InputError(
            "E-REFERENCE",
            "no voxel gives a positive efflux rate of the reference",
            where=reference.name,
            fix="Choose another reference, or efflux = free.",
        )
    return float(np.median(maps["reference_efflux"][good]))


def _fit_usable(fit, concentration, reason) -> dict[str, np.ndarray]:
    estimates = fit(np.where(reason == 0, concentration, 0.0))
    uptake = (reason == 0) & (estimates.ratio > 0)
    leaving = uptake & (estimates.efflux > 0)
    status = np.select(
        [reason > 0, ~uptake, ~leaving], [reason, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED], FitStatus.FITTED
    )
    relative_ve = estimates.ratio * estimates.reference_efflux / np.where(leaving, estimates.efflux, 1.0)
    return {
        "relative_ktrans": np.where(uptake, estimates.ratio, np.nan),
        "relative_ve": np.where(leaving, relative_ve, np.nan),
        "kep": np.where(leaving, estimates.efflux * SECONDS_PER_MINUTE, np.nan),
        "reference_efflux": np.where(leaving, estimates.reference_efflux, np.nan),
        "rmse": np.where(reason == 0, np.sqrt(estimates.sse / len(concentration)), np.nan),
        "fit_status": status.astype(np.uint8),
    }
