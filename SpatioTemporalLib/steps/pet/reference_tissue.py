"""Fits to the curve of a reference tissue, for every voxel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...context import Context
from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Choices, Help, Input, Output, Range, Unit
from ...errors import InputError
from ...numerics.bolus.bolus_arrival import noise_level
from ...numerics.bolus.smooth_integrals import arrival_bend
from ...numerics.kinetics.reference_region import ReferenceFit
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE
from ..conversion.concentration import ConcentrationParameters, baseline_findings, conversion_for
from ..kinetics.kinetic_declaration import QUANTITIES
from ..voxels.fit_status import FitStatus, status_map
from ..voxels.regions import distribution_table, region_curves
from ..voxels.voxelwise import map_voxels

# Of the voxels at most so many, whose peaks stand so many times above their noise, show where tissue begins to rise.
MOST_VOXELS, CLEAR = 4000, 10.0
REFERENCE_MASK = Input(
    "reference_mask", LabelMap, help="Voxels of healthy tissue, as muscle, that serves as the reference."
)
RATIOS = (
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
)
REPORTS = (
    Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
    Output("curves", Curve, help="Mean concentration of the reference and of each region."),
    Output("reference", Table, help="Efflux rate of the reference, the median of the voxels' estimates."),
    Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
)


@dataclass(frozen=True)
class ReferenceParameters(ConcentrationParameters):
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


@dataclass(frozen=True)
class ReferenceFits:
    """What fits to a reference give.

    maps : (K, J, I) arrays by name. status : (K, J, I) reason codes.
    reference : its curve. efflux : its rate, 1/s. conversion : of the curves to concentration.
    """

    maps: dict[str, np.ndarray]
    status: np.ndarray
    reference: Curve
    efflux: float
    conversion: Callable


def fit_to_reference(
    free: Callable, constrained: Callable, series: Series, *, parameters, context: Context, **inputs
) -> ReferenceFits:
    """Fit every voxel, and once more with the common efflux rate of the reference where that is asked for.

    free, constrained : functions of `numerics.reference_region`.
    inputs : ``reference_mask``; ``mask``, ``t1_map``, ``b1_map``, each of which may be None.
    """
    reference_mask, mask, t1_map, b1_map = (inputs[n] for n in ("reference_mask", "mask", "t1_map", "b1_map"))
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    reference = _reference_curve(series, reference_mask, parameters, t1_map, b1_map)

    def fitted(fit, message):
        def fit_block(curves, index):
            return _fit_usable(fit, *conversion(curves, index))

        return map_voxels(fit_block, series.values, mask=mask, context=context, message=message)

    bend = _bend(series, mask, conversion)
    maps, nonfinite = fitted(lambda c: free(series.times, reference.values, c, bend), "fitting voxels")
    efflux = _common_efflux(maps, reference)
    if parameters.efflux == "constrained":
        maps, _ = fitted(lambda c: constrained(series.times, reference.values, c, efflux, bend), "fitting again")
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    return ReferenceFits(maps, status, reference, efflux, conversion)


def reference_outputs(found: ReferenceFits, maps: dict, units: dict[str, str], series: Series, mask) -> dict:
    """What the analyses give back for these maps, but for the table of the reference."""
    usable = found.status == FitStatus.FITTED
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    curves = region_curves(series, regions, usable, lambda values, index: found.conversion(values, index)[0])
    return {
        **maps,
        "fit_status": status_map(found.status, series.geometry),
        "curves": (found.reference, *curves),
        "statistics": distribution_table(maps, regions, usable, units) if curves else Table({"region": []}),
        "findings": baseline_findings(series, mask, found.conversion),
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


def _bend(series: Series, mask: LabelMap | None, conversion: Callable) -> float | None:
    """Where between two frames the tissues' mean curve bends, of those voxels whose own stands out."""
    chosen = np.arange(np.prod(series.geometry.shape)) if mask is None else np.flatnonzero(mask.foreground)
    chosen = chosen[:: max(1, -(-chosen.size // MOST_VOXELS))]
    curves = np.stack([np.asarray(frame).reshape(-1)[chosen] for frame in series.values]).astype(float)
    concentration, reason = conversion(curves, chosen)
    usable = (reason == 0) & np.isfinite(curves).all(axis=0) & np.isfinite(concentration).all(axis=0)
    concentration = concentration[:, usable]
    clear = concentration.max(axis=0, initial=0.0) > CLEAR * noise_level(series.times, concentration)
    return arrival_bend(series.times, concentration[:, clear].mean(axis=1)) if clear.any() else None


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
    estimates: ReferenceFit = fit(np.where(reason == 0, concentration, 0.0))
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
        "plasma": np.where(uptake, estimates.plasma, np.nan),
        "reference_efflux": np.where(leaving, estimates.reference_efflux, np.nan),
        "rmse": np.where(reason == 0, np.sqrt(estimates.sse / len(concentration)), np.nan),
        "fit_status": status.astype(np.uint8),
    }
