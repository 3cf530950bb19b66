"""Time-intensity analysis of a bolus of microbubbles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Choices, Help, Output, analysis
from ...numerics.bolus.bolus_fit import arrival_and_shape, bolus_measures, fit_bolus, time_errors
from ...numerics.bolus.indicator_dilution import GAMMA, LOGNORMAL, RANDOM_WALK
from ...steps.arrival.baseline import BaselineParameters, find_baseline
from ...steps.bolus.intensity_curves import INTENSITY_SERIES, fit_intensity
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.voxels.fit_status import FitStatus

MODELS = {"lognormal": LOGNORMAL, "gamma_variate": GAMMA, "ldrw": RANDOM_WALK}
UNKNOWNS = 4
COST = 700.0  # microseconds a voxel
MEASURES = {
    "auc": ("{s}*s", "AUC", "Area under the fitted curve."),
    "peak": ("{s}", "PE", "Largest intensity of the fitted curve above the baseline: peak enhancement."),
    "arrival": ("s", "t0", "When the bolus arrives, on the series' clock."),
    "time_to_peak": ("s", "TTP", "From the arrival to the peak."),
    "mean_transit_time": ("s", "mTT", "Mean of the fitted curve's times since arrival."),
    "rise_time": ("s", "RT", "From where the tangent of the steepest rise meets zero to the peak."),
    "fall_time": ("s", "FT", "From the peak to where the tangent of the steepest fall meets zero."),
    "wash_in_rate": ("{s}/s", "WiR", "Steepest rise."),
    "wash_out_rate": ("{s}/s", "WoR", "Steepest fall."),
    "wash_in_area": ("{s}*s", "WiAUC", "Area during the rise time."),
    "wash_in_perfusion_index": ("{s}", "WiPI", "Area during the rise time over the rise time."),
    "wash_out_area": ("{s}*s", "WoAUC", "Area during the fall time."),
    "rmse": ("{s}", "RMSE", "Root mean square of the residuals."),
    "r2": ("1", "R2", "Part of the curve's variance the model explains."),
}


@dataclass(frozen=True)
class BolusKineticsParameters(BaselineParameters):
    model: Annotated[
        str,
        Choices(*MODELS),
        Help(
            "Shape of the bolus: lognormal; gamma_variate; or ldrw, the local density random walk, which follows from "
            "flow with diffusion. All are zero before arrival and never recirculate."
        ),
    ] = "lognormal"


def _output(name: str, unit: str, symbol: str, text: str) -> Output:
    colours = "gray" if name == "rmse" else "inferno" if "{s}" in unit else "viridis"
    display = Display((0, 1) if name == "r2" else None, colours, symbol=symbol)
    return Output(name, Map, unit=unit.format(s="{series.unit}"), help=text, display=display)


@analysis(
    id="kinetics.bolus_kinetics_ultrasound",
    title="Bolus kinetics of contrast ultrasound",
    citation="Strouthos et al., Indicator dilution models for the quantification of microvascular blood flow with "
    "bolus administration of ultrasound contrast agents, IEEE Trans Ultrason Ferroelectr Freq Control 57:1296-1310 "
    "(2010)",
    inputs=[INTENSITY_SERIES, MASK],
    outputs=[
        *(_output(name, *facts) for name, facts in MEASURES.items()),
        Output("time_to_peak_se", Map, unit="s", help="Standard error of the time to peak, from the residuals."),
        Output("mean_transit_time_se", Map, unit="s", help="Standard error of the mean transit time, likewise."),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean intensity of each region above its baseline, and the bolus fitted to it."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each measure."),
    ],
    parameters=BolusKineticsParameters,
)
def bolus_kinetics_ultrasound(series, mask=None, *, parameters, context):
    r"""Area, peak, times and rates of the bolus, from a model fitted to linear intensity above the baseline.

    Notes
    -----
    .. math:: I(t) = I_0 + A \, f(t - t_0)

    f is a density of transit times with unit area: lognormal, gamma variate, or the local density random walk (LDRW).
    Its measures follow from the fitted curve, not from the samples.
    """
    model = MODELS[parameters.model]
    baseline = find_baseline(series, mask, parameters)

    def above_baseline(curves):
        curves = np.asarray(curves, dtype=float)
        return curves - curves[baseline.frames].mean(axis=0)

    def fit(curves):
        return _measured(series.times, curves, fit_bolus(series.times, curves, model), model)

    def fitted_curve(curves):
        found = fit_bolus(series.times, curves, model)
        arrival, first, second = arrival_and_shape(series.times, found.parameters, model)
        return found.amplitude * model.density(series.times[:, None] - arrival, first, second)

    units = {name: unit for name, (unit, _, _) in MEASURES.items()}
    found = fit_intensity(
        series, mask, context, convert=above_baseline, fit=fit, model=fitted_curve, units=units, cost=COST
    )
    return found | {"findings": (*baseline.findings, *found["findings"])}


def _measured(times, curves, found, model) -> dict[str, np.ndarray]:
    values = bolus_measures(times, found, model)
    noise = np.sqrt(found.sse / max(len(times) - UNKNOWNS, 1))
    values |= {f"{name}_se": error * noise for name, error in time_errors(found, model).items()}
    scatter = ((curves - curves.mean(axis=0)) ** 2).sum(axis=0)
    values["rmse"] = np.sqrt(found.sse / len(times))
    values["r2"] = 1 - found.sse / np.where(scatter > 0, scatter, np.inf)
    status = np.select(
        [~found.converged, ~(found.amplitude > 0), found.at_bound.any(axis=0)],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    # On a bound the curve is not that of the model, and its times are those of the bound.
    fitted = status == FitStatus.FITTED
    return {name: np.where(fitted, part, np.nan) for name, part in values.items()} | {
        "fit_status": status.astype(np.uint8)
    }
