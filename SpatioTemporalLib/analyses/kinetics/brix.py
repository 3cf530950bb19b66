"""Brix's two-compartment model of relative enhancement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...numerics.kinetics.brix_model import brix_enhancement
from ...numerics.least_squares.scanned_descent import ScannedModel, ScannedSolution, scan_shapes, solve_scanned
from ...numerics.statistics.error_propagation import propagated_error
from ...steps.conversion.enhancement_curves import EnhancementParameters, relative_enhancement_of
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK, QUANTITIES
from ...steps.voxels.fit_status import FitStatus, is_fitted, status_map
from ...steps.voxels.regions import distribution_table, region_curves
from ...steps.voxels.voxelwise import map_voxels

MINUTE = 60.0
COST = 350.0  # microseconds a voxel
UNITS = {"amplitude": "1", "kep": "1/min", "kel": "1/min"}
# Added before the logarithm of the amplitude, kep in 1/s and kel / kep; small beside what can be measured.
SOFT = np.array([1e-4, 1e-6, 1e-3])
# What is scanned: kep in 1/min and kel / kep. The curve is the same but for its size when the rates change places;
# exchange is taken to be the faster one.
KEP, RATIO = np.geomspace(0.05, 20.0, 24), np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 16)])
KEP_CUT, RATIO_CUT = 1.5, 0.1


@dataclass(frozen=True)
class BrixParameters(EnhancementParameters):
    infusion_duration: Annotated[
        float, Unit("s"), Range(0.1, 600), Help("How long the contrast agent was infused; a few seconds for a bolus.")
    ] = 5.0
    amplitude_max: Annotated[float, Range(1, 1000), Help("Upper bound of the amplitude."), Advanced()] = 50.0
    kep_max: Annotated[float, Unit("1/min"), Range(1, 100), Help("Upper bound of kep."), Advanced()] = 20.0


@analysis(
    id="kinetics.brix",
    title="Brix model",
    citation="Hoffmann et al., Pharmacokinetic mapping of the breast: a new method for dynamic MR mammography, Magn "
    "Reson Med 33:506-514 (1995); Brix et al., J Comput Assist Tomogr 15:621-628 (1991)",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output(
            "amplitude",
            Map,
            unit="1",
            help="A: size of the relative enhancement; it has the tissue's and the agent's relaxation in it.",
            display=Display((0, 5), "inferno", symbol="A"),
        ),
        Output(
            "kep",
            Map,
            unit="1/min",
            help="Exchange rate constant of the tissue, the faster of the two rates.",
            display=QUANTITIES["kep"][2],
        ),
        Output(
            "kel",
            Map,
            unit="1/min",
            help="Rate at which the agent leaves plasma.",
            display=Display((0, 0.5), "plasma", symbol="kel"),
        ),
        *(
            Output(
                f"{name}_se",
                Map,
                unit=unit,
                help=f"Standard error of {name}, without that of the baseline.",
                display=Display(None, "gray"),
            )
            for name, unit in UNITS.items()
        ),
        Output("rmse", Map, unit="%", help="Root mean square of the residuals.", display=Display(None, "gray")),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean relative enhancement of each region, and the model fitted to it."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
    ],
    parameters=BrixParameters,
)
def brix(series, mask=None, *, parameters, context):
    r"""Amplitude and exchange rate from signal alone: without T1, input function or concentration.

    Notes
    -----
    .. math:: \frac{S(t)}{S_0} - 1 = A \, k_{ep} \frac{E(k_{el}) - E(k_{ep})}{k_{ep} - k_{el}}

    E(k) is the infusion, a box of unit area, convolved with exp(-k t). For a bolus it is exp(-k t).
    """
    enhancement = relative_enhancement_of(series, mask, parameters)
    model = _scanned(series.times - enhancement.arrival, parameters)
    shapes = scan_shapes(model)

    def fit_block(curves, index):
        enhanced, status = enhancement(curves)
        usable = status == FitStatus.FITTED
        found = _estimates(solve_scanned(np.where(usable, enhanced, 0.0) / 100, model, shapes), model, len(curves))
        found = {name: np.where(usable, values, np.nan) for name, values in found.items()}
        return found | {"fit_status": np.where(usable, found["fit_status"], status).astype(np.uint8)}

    maps, nonfinite = map_voxels(
        fit_block, series.values, mask=mask, context=context, message="fitting voxels", cost=COST
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    usable = is_fitted(status)
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("whole image")})
    measured = region_curves(series, regions, usable, lambda curves, index: enhancement(curves)[0], "%")
    return {
        **maps,
        "fit_status": status_map(status, series.geometry),
        "curves": tuple(curve for one in measured for curve in (one, _fitted(one, model, shapes))),
        "statistics": distribution_table(maps, regions, usable, UNITS),
        "findings": enhancement.findings,
    }


def _scanned(times: np.ndarray, parameters: BrixParameters) -> ScannedModel:
    kep, ratio = np.meshgrid(KEP / MINUTE, RATIO, indexing="ij")

    def curves(values):
        amplitude, exchange, share = values
        duration = parameters.infusion_duration
        return brix_enhancement(times, amplitude=amplitude, kep=exchange, kel=share * exchange, duration=duration)

    return ScannedModel(
        curves=curves,
        low=np.zeros(3),
        high=np.array([parameters.amplitude_max, parameters.kep_max / MINUTE, 1.0]),
        soft=SOFT,
        grid=np.stack([np.ones_like(kep), kep, ratio]),
        kin=2 * (kep * MINUTE > KEP_CUT) + (ratio > RATIO_CUT),
        scaled=np.array([True, False, False]),
    )


def _estimates(solution: ScannedSolution, model: ScannedModel, frame_count: int) -> dict[str, np.ndarray]:
    amplitude, kep, ratio = solution.parameters
    with np.errstate(invalid="ignore"):
        covariance = solution.covariance * solution.sse / (frame_count - 3)
    zero = np.zeros_like(kep)
    gradients = {"amplitude": (1 + zero, zero, zero), "kep": (zero, 1 + zero, zero), "kel": (zero, ratio, kep)}
    found = {"amplitude": amplitude, "kep": kep * MINUTE, "kel": ratio * kep * MINUTE}
    for name, gradient in gradients.items():
        error = propagated_error(np.stack(gradient), covariance) * (1.0 if name == "amplitude" else MINUTE)
        found[f"{name}_se"] = np.where(np.isfinite(error) & (error > 0), error, np.nan)
    uptake = (amplitude > 0) & (kep > 0)
    for name in ("kep", "kel"):
        found[name] = np.where(uptake, found[name], np.nan)
    at_limit = (solution.parameters >= model.high[:, None]).any(axis=0)
    status = np.select(
        [~solution.converged, ~uptake, at_limit],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    return found | {"rmse": 100 * np.sqrt(solution.sse / frame_count), "fit_status": status}


def _fitted(measured: Curve, model: ScannedModel, shapes) -> Curve:
    solution = solve_scanned(measured.values[:, None] / 100, model, shapes)
    curve = 100 * model.curves(solution.parameters)[0]
    return Curve(measured.times, curve, "%", f"{measured.name} fit", fit_of=measured.name)
