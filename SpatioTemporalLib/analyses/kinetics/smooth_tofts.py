"""The extended Tofts model where neighbouring voxels are expected to be alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.volumes import Label, LabelMap, Map
from ...declare import Help, Output, Range, analysis
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE
from ...numerics.signal.exponential_convolution import sampled_input
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ...numerics.spatial.smooth_rates import RateModel, coefficients_at, rate_costs, smooth_log_rates
from ...steps.arterial_input.input_function import InputFunctionParameters, frame_sampling, plasma_input
from ...steps.conversion.concentration import ConcentrationParameters, baseline_findings, conversion_for
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, QUANTITIES
from ...steps.voxels.fit_status import FitStatus, is_fitted, status_map
from ...steps.voxels.regions import distribution_table

UNITS = {name: QUANTITIES[name][0] for name in ("ktrans", "ve", "vp", "kep")}
LOG_RATES = np.log(np.geomspace(1e-3, 20, 96) / SECONDS_PER_MINUTE)


@dataclass(frozen=True)
class SmoothToftsParameters(ConcentrationParameters, InputFunctionParameters):
    neighbour_deviation: Annotated[
        float,
        Range(0.01, 10),
        Help(
            "Standard deviation of the difference in log kep between neighbours that is expected before looking at "
            "the curves: 0.2 means that they differ by about 20 %. Smaller is smoother."
        ),
    ] = 0.2
    plasma_volume: Annotated[bool, Help("Fit vp: the extended model; without it the standard one.")] = True


@analysis(
    id="kinetics.smooth_tofts",
    title="Extended Tofts model with a spatial prior",
    citation="Kelm et al., Estimating kinetic parameter maps from dynamic contrast-enhanced MRI using spatial prior "
    "knowledge, IEEE Trans Med Imaging 28:1534-1547 (2009), doi:10.1109/TMI.2009.2019957",
    inputs=KINETIC_INPUTS,
    outputs=(
        *(Output(name, Map, *QUANTITIES[name], optional=name == "vp") for name in UNITS),
        Output("rmse", Map, unit="mmol/L", help="Root mean square of the residuals."),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("input_function", Curve, help="Plasma concentration used as input."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
    ),
    parameters=SmoothToftsParameters,
)
def smooth_tofts(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Ktrans, ve and vp with less noise: each voxel's kep is held near those of its neighbours in the slice.

    Notes
    -----
    .. math:: C(t) = v_p C_p(t) + K^{trans} \int_0^t C_p(\tau) \, e^{-k_{ep} (t - \tau)} \, d\tau

    How near kep is held to that of the neighbours depends on how much the voxel's own curve says. Edges are kept
    where the curves ask for them.
    """
    plasma, findings = plasma_input(series, aif, aif_mask, mask, parameters, b1_map=b1_map)
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    model = _model(plasma, frame_sampling(series, parameters), parameters)
    shape = series.geometry.shape
    maps = {name: np.full(shape, np.nan, np.float32) for name in (*UNITS, "rmse")}
    status = np.zeros(shape, np.uint8)
    wanted = np.ones(shape, bool) if mask is None else mask.foreground
    for k in range(shape[0]):
        context.progress(k / shape[0], f"slice {k + 1} of {shape[0]}")
        if wanted[k].any():
            _fit_slice(series, k, wanted[k], conversion, model, parameters, maps, status)
    usable = is_fitted(status)
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    units = UNITS if parameters.plasma_volume else {name: unit for name, unit in UNITS.items() if name != "vp"}
    return {
        **{name: maps[name] for name in (*units, "rmse")},
        "fit_status": status_map(status, series.geometry),
        "input_function": (plasma,),
        "statistics": distribution_table(maps, regions, usable, units),
        "findings": (*findings, *baseline_findings(series, mask, conversion)),
    }


def _model(plasma: Curve, sampling, parameters) -> RateModel:
    vascular = sampling.frames(sampled_input(plasma.times, plasma.values, sampling.times))
    table = tabulate_exponentials(plasma.times, plasma.values, sampling)
    return RateModel(table, vascular if parameters.plasma_volume else None, 1.0, 1.0)


def _fit_slice(series, k: int, wanted, conversion, model: RateModel, parameters, maps, status) -> None:
    """Fill the maps and the status of one slice."""
    index = k * wanted.size + np.flatnonzero(wanted)
    curves = np.asarray(series.values[:, k].reshape(series.frame_count, -1)[:, wanted.reshape(-1)], dtype=float)
    finite = np.isfinite(curves).all(axis=0)
    concentration, reason = conversion(np.where(finite, curves, 1.0), index)
    status[k][wanted] = np.where(finite, reason, FitStatus.NONFINITE)
    usable = finite & (reason == 0)
    if not usable.any():
        return
    inside = np.zeros_like(wanted)
    inside[wanted] = usable
    curves = concentration[:, usable]
    log_rate = smooth_log_rates(rate_costs(curves, model, LOG_RATES), LOG_RATES, inside, parameters.neighbour_deviation)
    best = coefficients_at(curves, model, log_rate)
    uptake = best.first > 0
    kep = np.where(uptake, np.exp(log_rate), np.nan)
    values = {"ktrans": best.first, "kep": kep}
    for name, of_seconds in values.items():
        maps[name][k][inside] = of_seconds * SECONDS_PER_MINUTE
    maps["ve"][k][inside] = best.first / kep
    maps["vp"][k][inside] = best.second
    maps["rmse"][k][inside] = np.sqrt(best.sse / len(curves))
    at_edge = (log_rate <= LOG_RATES[0]) | (log_rate >= LOG_RATES[-1])
    reasons = [~uptake & ~(best.second > 0), ~uptake | at_edge, best.first >= np.exp(log_rate) * (1 - 1e-9)]
    names = [FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED, FitStatus.VE_AT_LIMIT]
    status[k][inside] = np.select(reasons, names, FitStatus.FITTED)
