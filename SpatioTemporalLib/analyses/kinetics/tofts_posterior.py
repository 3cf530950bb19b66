"""The extended Tofts model with the distribution of its parameters instead of one estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.volumes import Label, LabelMap, Map
from ...declare import Help, Output, Range, analysis
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE, tofts_family
from ...numerics.least_squares.separable.solver import solve
from ...numerics.signal.exponential_convolution import sampled_input
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ...numerics.statistics.grid_posterior import GridPosterior, grid_posterior, mixture_quantile, rate_quantile
from ...steps.arterial_input.input_function import InputFunctionParameters, frame_sampling, plasma_input
from ...steps.conversion.concentration import ConcentrationParameters, baseline_findings, conversion_for
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, QUANTITIES
from ...steps.voxels.fit_status import FitStatus, is_fitted, status_map
from ...steps.voxels.regions import distribution_table
from ...steps.voxels.voxelwise import map_voxels

NAMES = ("ktrans", "ve", "vp", "kep")
KEP_BOUNDS = (1e-3, 20.0)  # 1/min
CUT_OFF = 0.02  # probability at the bounds of kep above which they, not the data, end the distribution
COST = 200.0  # microseconds a voxel


@dataclass(frozen=True)
class PosteriorParameters(ConcentrationParameters, InputFunctionParameters):
    probability: Annotated[float, Range(0.5, 0.99), Help("Probability that the credible interval holds.")] = 0.95
    plasma_volume: Annotated[bool, Help("Fit vp: the extended model; without it the standard one.")] = True


def _outputs() -> tuple[Output, ...]:
    outputs = []
    for name in NAMES:
        unit, text, display = QUANTITIES[name]
        words = text.rstrip(".")
        ends = {"": "median", "_low": "lower end of the credible interval", "_high": "upper end of it"}
        for suffix, end in ends.items():
            symbol = f"{display.symbol}{suffix.replace('_', ' ')}"
            display_of = replace(display, symbol=symbol, quantity=None if suffix else display.quantity)
            optional = name == "vp"
            outputs.append(Output(name + suffix, Map, unit, f"{words}: {end}.", display_of, optional=optional))
    return tuple(outputs)


@analysis(
    id="kinetics.tofts_posterior",
    title="Extended Tofts model, posterior distribution",
    citation="Orton et al., Bayesian estimation of pharmacokinetic parameters for DCE-MRI with a robust treatment of "
    "enhancement onset time, Phys Med Biol 52:2393-2408 (2007), doi:10.1088/0031-9155/52/9/005",
    inputs=KINETIC_INPUTS,
    outputs=(
        *_outputs(),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("input_function", Curve, help="Plasma concentration used as input."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter's median."),
    ),
    parameters=PosteriorParameters,
)
def tofts_posterior(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Median and credible interval of Ktrans, ve, vp, kep: what the data say of a voxel, and how little that may be.

    Notes
    -----
    .. math:: p(k_{ep} | C) \propto \int p(C | K^{trans}, v_p, k_{ep}) \, dK^{trans} \, dv_p

    The model is the extended Tofts model. The posterior is exact on a grid of kep, with flat priors in log kep and in
    the other parameters.
    """
    plasma, findings = plasma_input(series, aif, aif_mask, mask, parameters, b1_map=b1_map)
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    posterior_of = _posterior_fit(plasma, frame_sampling(series, parameters), parameters)

    def fit(curves, index):
        concentration, reason = conversion(curves, index)
        return _of_usable(posterior_of, concentration, reason, parameters)

    maps, nonfinite = map_voxels(
        fit, series.values, mask=mask, context=context, message="integrating over kep", cost=COST
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    usable = is_fitted(status)
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    units = {name: QUANTITIES[name][0] for name in NAMES if name in maps}
    return {
        **maps,
        "fit_status": status_map(status, series.geometry),
        "input_function": (plasma,),
        "statistics": distribution_table(maps, regions, usable, units),
        "findings": (*findings, *baseline_findings(series, mask, conversion)),
    }


def _posterior_fit(plasma: Curve, sampling, parameters):
    """From (T, n) curves to their posterior and the status of their optimum."""
    bounds = tuple(k / SECONDS_PER_MINUTE for k in KEP_BOUNDS)
    vp_max = 1.0 if parameters.plasma_volume else None
    family = tofts_family(plasma.times, plasma.values, sampling, kep_bounds=KEP_BOUNDS, ve_max=np.inf, vp_max=vp_max)
    table = tabulate_exponentials(plasma.times, plasma.values, sampling)
    vascular = sampling.frames(sampled_input(plasma.times, plasma.values, sampling.times))

    def fit(curves: np.ndarray) -> tuple[GridPosterior, np.ndarray]:
        optimum = solve(curves, family)
        noise = np.sqrt(optimum.sse / (len(curves) - 3))
        spread = np.sqrt(np.maximum(optimum.covariance[2, 2], 0.0)) * noise
        identified = (optimum.linear > 0) & ~optimum.theta_at_edge & (spread > 0)
        posterior = grid_posterior(
            curves,
            table,
            vascular if parameters.plasma_volume else None,
            centre=np.where(identified, np.log(optimum.theta), np.nan),
            spread=spread,
            bounds=bounds,
        )
        cut = posterior.edge > CUT_OFF
        uptake = optimum.linear > 0
        status = np.select([~uptake, cut], [FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED], FitStatus.FITTED)
        return posterior, status.astype(np.uint8)

    return fit


def _of_usable(fit, concentration, reason, parameters) -> dict[str, np.ndarray]:
    outputs = {"fit_status": reason.copy()}
    usable = reason == 0
    if not usable.any():
        return outputs
    posterior, outputs["fit_status"][usable] = fit(concentration[:, usable])
    rate = np.exp(posterior.log_rate)
    coefficients = {
        "ktrans": (posterior.mean[0] * SECONDS_PER_MINUTE, posterior.variance[0] * SECONDS_PER_MINUTE**2),
        "ve": (posterior.mean[0] / rate, posterior.variance[0] / rate**2),
    }
    if parameters.plasma_volume:
        coefficients["vp"] = (posterior.mean[1], posterior.variance[1])
    tail = (1 - parameters.probability) / 2
    for suffix, level in (("", 0.5), ("_low", tail), ("_high", 1 - tail)):
        found = {name: mixture_quantile(*moments, posterior, level) for name, moments in coefficients.items()}
        found["kep"] = rate_quantile(posterior, level) * SECONDS_PER_MINUTE
        for name, values in found.items():
            outputs[name + suffix] = np.full(len(reason), np.nan)
            outputs[name + suffix][usable] = values
    return outputs
