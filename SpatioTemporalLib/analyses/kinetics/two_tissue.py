"""The two-tissue compartment model of a PET tracer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...declare import Advanced, Help, Input, Range, Unit, analysis
from ...numerics.kinetics.tracer_models import two_tissue_curves, two_tissue_slopes
from ...numerics.kinetics.two_tissue_delays import DelayedTwoTissues, solve_two_tissue_with_delays
from ...numerics.kinetics.two_tissue_optimum import known_two_tissue, two_tissue_search
from ...numerics.least_squares.scanned_descent import ScannedModel, ScannedSolution, scan_shapes, solve_scanned
from ...numerics.signal.delayed_exponentials import DelayedExponentials
from ...numerics.signal.exponential_convolution import sampled_input
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ...numerics.statistics.error_propagation import propagated_error
from ...steps.kinetics.delay import DelayParameters
from ...steps.kinetics.kinetic_model import Estimates
from ...steps.pet.pet_series import MASK, PET_SERIES, PLASMA, PetParameters, blood_curve, pet_frames
from ...steps.pet.tracer_delay import delayed_tracer, voxels_at_edge
from ...steps.pet.tracer_fit import DELAY, fit_tracer, tracer_outputs
from ...steps.voxels.fit_status import FitStatus

MINUTE = 60.0
COST = 200.0  # microseconds a voxel, roughly
RATES = ("k1", "k2", "k3", "k4", "vb")
IN_ONE_UNIT = np.array([1 / MINUTE] * 4 + [1.0])
# Added before the logarithm of rates in 1/s and of vb: small beside what can be measured.
SOFT = np.array([1e-7, 1e-7, 1e-7, 1e-7, 1e-3])
# What is scanned, in 1/min; blood as the time in s in which K1 brings as much.
GRID = (
    np.geomspace(0.005, 5.0, 14),
    np.geomspace(0.001, 2.0, 10),
    np.geomspace(0.001, 1.0, 9),
    np.array([0.0, 4.0, 16.0, 60.0]),
)
K2_CUT, K3_CUT, K4_CUT = 0.2, 0.05, 0.03


@dataclass(frozen=True)
class TwoTissueParameters(DelayParameters, PetParameters):
    reversible: Annotated[bool, Help("Whether what is bound is released; without, k4 is zero, as for FDG.")] = True
    k1_max: Annotated[float, Unit("mL/cm3/min"), Range(0.1, 20), Help("Upper bound of K1."), Advanced()] = 5.0
    k2_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of k2."), Advanced()] = 5.0
    k3_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of k3."), Advanced()] = 2.0
    k4_max: Annotated[float, Unit("1/min"), Range(0.01, 20), Help("Upper bound of k4."), Advanced()] = 1.0
    vb_max: Annotated[float, Range(0.001, 1), Help("Upper bound of the blood volume fraction."), Advanced()] = 0.5


@analysis(
    id="kinetics.two_tissue",
    title="Two-tissue compartment model (PET)",
    citation="Gunn et al., Positron emission tomography compartmental models, J Cereb Blood Flow Metab 21:635-652 "
    "(2001); Phelps et al., Ann Neurol 6:371-388 (1979)",
    inputs=[
        PET_SERIES,
        PLASMA,
        MASK,
        Input("blood", Curve, optional=True, help="Activity of whole blood; the plasma's when left out."),
    ],
    outputs=(*tracer_outputs(*RATES, "vt", "ki", optional=("k4", "vt", "ki")), DELAY),
    parameters=TwoTissueParameters,
)
def two_tissue(series, plasma, mask=None, blood=None, *, parameters, context):
    r"""Rates of exchange and of binding of a tracer, with its distribution volume or its net influx.

    Notes
    -----
    .. math:: \frac{dC_1}{dt} = K_1 C_p - (k_2 + k_3) C_1 + k_4 C_2, \quad \frac{dC_2}{dt} = k_3 C_1 - k_4 C_2

    .. math:: V_T = \frac{K_1}{k_2} \left( 1 + \frac{k_3}{k_4} \right), \quad K_i = \frac{K_1 k_3}{k_2 + k_3}

    What is measured is (1 - vb) (C1 + C2) + vb Cb. Irreversible trapping is k4 = 0; then there is an
    influx Ki and no VT.
    """
    unknowns = 4 + parameters.reversible + (parameters.delay == "fit")
    frames = pet_frames(series, mask, parameters, unknowns=unknowns)
    plasma, told = blood_curve(plasma, frames, parameters)
    blood, more = (plasma, ()) if blood is None else blood_curve(blood, frames, parameters)
    sampling = frames.sampling

    def at_delay(delay):
        table = tabulate_exponentials(plasma.times + delay, plasma.values, sampling)
        vascular = sampling.frames(sampled_input(blood.times, blood.values, sampling.times, delay=delay))
        model = replace(
            _scanned(lambda values: two_tissue_curves(table, vascular, values), parameters),
            slopes=lambda values: two_tissue_slopes(table, vascular, values),
        )
        if parameters.reversible:
            search = two_tissue_search(table, vascular, model.high)
            model = replace(model, known=lambda curves: known_two_tissue(curves, search))
        shapes = scan_shapes(model)

        def curve(values):
            given = np.array([[values[name]] for name in RATES]) * IN_ONE_UNIT[:, None]
            return two_tissue_curves(table, vascular, given)[0]

        return lambda curves: _estimates(solve_scanned(curves, model, shapes), len(curves) - unknowns, model), curve

    names = (*RATES, "vt") if parameters.reversible else ("k1", "k2", "k3", "vb", "ki")
    model, found = delayed_tracer(
        names, at_delay, (series, mask, frames, plasma), parameters, cost=COST,
        with_delays=_delayed(plasma, blood, parameters, unknowns) if parameters.reversible else None,
    )  # fmt: skip
    result = fit_tracer(model, series, frames, mask=mask, context=context, told=(*told, *more, *found))
    result["findings"] += voxels_at_edge(result, parameters, series.name)
    return result


def _delayed(plasma: Curve, blood: Curve, parameters: TwoTissueParameters, unknowns: int) -> Callable:
    """What makes the fit of rates and of each voxel's own delay, s, of an input at times (N,) in s."""

    def with_delays(times, values, sampling, delays):
        # Both move together, by as much as a delay of all voxels that was found before.
        moved = float(times[0] - plasma.times[0])

        def vascular(delay):
            return sampling.frames(sampled_input(blood.times, blood.values, sampling.times, delay=delay + moved))

        model = _scanned(None, parameters)
        tissues = DelayedTwoTissues(DelayedExponentials(times, values, sampling, -delays.low), vascular, model)

        def fit(curves):
            solution, found = solve_two_tissue_with_delays(curves, tissues, delays)
            estimates = _estimates(solution, len(curves) - unknowns, model)
            estimates.values["delay"] = found
            return estimates

        return fit

    return with_delays


def _scanned(curves: Callable[[np.ndarray], np.ndarray], parameters: TwoTissueParameters) -> ScannedModel:
    slowest = GRID[2] if parameters.reversible else np.zeros(1)
    k2, k3, k4, blood = np.meshgrid(GRID[0], GRID[1], slowest, GRID[3], indexing="ij")
    high = np.array([getattr(parameters, f"{name}_max") for name in RATES]) * IN_ONE_UNIT
    # Without release its rate stays where it starts: at zero.
    high[3] *= parameters.reversible
    # So little of everything that the part that is not blood is one.
    little = np.full_like(k2, 1e-6)
    return ScannedModel(
        curves=curves,
        low=np.zeros(5),
        high=high,
        soft=SOFT,
        grid=np.stack([little, k2 / MINUTE, k3 / MINUTE, k4 / MINUTE, blood * little]),
        kin=4 * (k2 > K2_CUT) + 2 * (k3 > K3_CUT) + (k4 > K4_CUT),
        scaled=np.array([True, False, False, False, True]),
    )


def _estimates(solution: ScannedSolution, freedom: int, model: ScannedModel) -> Estimates:
    reversible = model.high[3] > 0
    k1, k2, k3, k4, vb = solution.parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = solution.covariance * solution.sse / freedom
        # Where nothing is bound, how fast it would be released cannot be seen, and nothing depends on it.
        binding = k3 > 0
        bound, none = np.where(binding, k3 / (k3 + k4), 0.0), np.zeros_like(k1)
        of_binding = np.where(binding, bound / k3, 0.0), np.where(binding, bound / k4, 0.0)
        of_volume = np.stack([1 / k1, -1 / k2, of_binding[0], -of_binding[1], none])
        of_influx = np.stack([1 / k1, -1 / (k2 + k3), 1 / k3 - 1 / (k2 + k3), none, none])
        values = dict(zip(RATES, solution.parameters / IN_ONE_UNIT[:, None]))
        values |= {"vt": k1 / k2 * (1 + np.where(binding, k3 / k4, 0.0)), "ki": k1 * k3 / (k2 + k3) * MINUTE}
        errors = dict(zip(RATES, np.sqrt(np.einsum("iin->in", covariance)) / IN_ONE_UNIT[:, None]))
        errors["vt"] = values["vt"] * propagated_error(of_volume, covariance)
        errors["ki"] = values["ki"] * propagated_error(of_influx, covariance)
    uptake = k1 > 0
    for name in ("k2", "k3", "k4", "vt", "ki"):
        seen = uptake & binding if name == "k4" else uptake
        values[name] = np.where(seen & np.isfinite(values[name]), values[name], np.nan)
    errors = {
        name: np.where(np.isfinite(error) & (error > 0) & np.isfinite(values[name]), error, np.nan)
        for name, error in errors.items()
    }
    fitted = [0, 1, 2, 3] if reversible else [0, 1, 2]
    at_bound = (solution.parameters[fitted] >= model.high[fitted, None]) | (solution.parameters[fitted] <= 0)
    status = np.select(
        [~solution.converged, ~uptake, at_bound.any(axis=0), vb >= model.high[4]],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED, FitStatus.VP_AT_LIMIT],
        FitStatus.FITTED,
    )
    return Estimates(values, errors, solution.sse, status.astype(np.uint8))
