"""The shutter speed model: the Tofts model with a finite rate of water exchange between cells and interstitium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...declare import Advanced, Help, Range, Unit, analysis
from ...numerics.kinetics.shutter_speed import shutter_speed_curves
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE
from ...numerics.least_squares.scanned_descent import ScannedModel, ScannedSolution, scan_shapes, solve_scanned
from ...numerics.signal.frame_sampling import at_instants
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ...numerics.statistics.error_propagation import propagated_error
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, QUANTITIES, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.kinetic_model import Estimates, KineticModel
from ...steps.relaxation.literature_relaxation import relaxivity_of
from ...steps.voxels.fit_status import FitStatus

NAMES = ("ktrans", "ve", "tau_i", "kep")
# Added before the logarithm of Ktrans in 1/s, ve and the lifetime in s: small beside what can be measured.
SOFT = np.array([1e-6, 1e-3, 1e-2])
# What is scanned: kep in 1/min, ve, lifetimes in s; curves of different sizes differ in shape here.
KEP, VE = np.geomspace(0.01, 60.0, 28), np.concatenate([np.geomspace(5e-4, 0.1, 15), np.arange(0.14, 0.9, 0.06)])
LIFETIMES = np.array([0.0, 0.1, 0.3, 0.7, 1.5, 3.0])
KEP_CUT, LIFETIME_CUT = 0.6, 0.3
LARGEST_OUTSIDE = 0.98  # part of the water outside of cells; with all of it there is nothing to exchange with


@dataclass(frozen=True)
class ShutterSpeedParameters(KineticParameters):
    water_fraction: Annotated[
        float, Range(0.5, 1), Help("Volume fraction of tissue that water can reach."), Advanced()
    ] = 0.8
    ktrans_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of Ktrans."), Advanced()] = 5.0
    ve_max: Annotated[float, Range(0.1, 1), Help("Upper bound of ve."), Advanced()] = 0.75
    tau_i_max: Annotated[
        float, Unit("s"), Range(0.1, 10), Help("Upper bound of the lifetime of water in cells."), Advanced()
    ] = 3.0


@analysis(
    id="kinetics.shutter_speed",
    title="Shutter speed model",
    citation="Yankeelov et al., Variation of the relaxographic 'shutter-speed' for transcytolemmal water exchange "
    "affects the CR bolus-tracking curve shape, Magn Reson Med 50:1151-1169 (2003); Li et al., Magn Reson Med "
    "54:1351-1359 (2005)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs(*NAMES),
    parameters=ShutterSpeedParameters,
)
def shutter_speed(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Ktrans, ve and the time water stays in cells, where its exchange is too slow to be neglected.

    Notes
    -----
    .. math:: y^2 - (k_{ie} + k_{ei} + x) \, y + k_{ie} x = 0

    y is the rise of the relaxation rate that is seen, the smaller root; x is the rise in the interstitium, relaxivity
    times the concentration there by the Tofts model; kie is one over the time that water stays in a cell, kei = kie
    p_i / p_e with the water's parts p in cells and outside.
    """
    relaxivity, _ = relaxivity_of(series, parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    model = _model(parameters, {"relaxivity": relaxivity, "water": parameters.water_fraction})
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)


def _model(parameters: ShutterSpeedParameters, water: dict[str, float]) -> KineticModel:
    largest_ve = min(parameters.ve_max, LARGEST_OUTSIDE * parameters.water_fraction)
    high = np.array([parameters.ktrans_max / SECONDS_PER_MINUTE, largest_ve, parameters.tau_i_max])

    def prepare(input_times, plasma, sampling):
        table = tabulate_exponentials(input_times, plasma, at_instants(sampling.times))
        model = _scanned(lambda values: shutter_speed_curves(table, sampling, values, **water), high)
        shapes = scan_shapes(model)
        return lambda curves: _estimates(solve_scanned(curves, model, shapes), model)

    def curve(input_times, plasma, times, values):
        sampling = at_instants(times)
        table = tabulate_exponentials(input_times, plasma, sampling)
        given = np.stack([values["ktrans"] / SECONDS_PER_MINUTE, values["ve"], values["tau_i"]])
        return shutter_speed_curves(table, sampling, given, **water)

    return KineticModel({name: QUANTITIES[name][0] for name in NAMES}, 3, prepare, curve, cost=450.0)


def _scanned(curves, high: np.ndarray) -> ScannedModel:
    axes = np.meshgrid(
        KEP / SECONDS_PER_MINUTE, np.append(VE[VE < high[1]], high[1]), LIFETIMES[LIFETIMES <= high[2]], indexing="ij"
    )
    kep, ve, lifetime = axes
    return ScannedModel(
        curves=curves,
        low=np.zeros(3),
        high=high,
        soft=SOFT,
        grid=np.stack([np.minimum(kep * ve, high[0]), ve, lifetime]),
        # Optima on a bound have others beside them.
        kin=2 * (ve >= high[1]) + (lifetime > 0),
        scaled=np.zeros(3, dtype=bool),
    )


def _estimates(solution: ScannedSolution, model: ScannedModel) -> Estimates:
    ktrans, ve, lifetime = solution.parameters
    # So little that no lifetime can follow from it counts as none.
    uptake = (ktrans > 0) & (ve > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        kep = np.where(uptake, ktrans / ve, np.nan)
        relative = np.stack([1 / ktrans, -1 / ve, np.zeros_like(ve)])
        errors = dict(zip(NAMES, np.sqrt(np.einsum("iin->in", solution.covariance))))
        errors["kep"] = kep * propagated_error(relative, solution.covariance) * SECONDS_PER_MINUTE
    errors["ktrans"] = errors["ktrans"] * SECONDS_PER_MINUTE
    errors = {name: np.where(np.isfinite(error), error, np.nan) for name, error in errors.items()}
    values = {"ktrans": ktrans * SECONDS_PER_MINUTE, "kep": kep * SECONDS_PER_MINUTE}
    values |= {"ve": np.where(uptake, ve, np.nan), "tau_i": np.where(uptake, lifetime, np.nan)}
    unidentified = (ktrans >= model.high[0]) | (lifetime >= model.high[2])
    status = np.select(
        [~solution.converged, ~uptake, unidentified, ve >= model.high[1]],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED, FitStatus.VE_AT_LIMIT],
        FitStatus.FITTED,
    )
    return Estimates(values, errors, solution.sse, status.astype(np.uint8))
