"""The one-tissue compartment model of a PET tracer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...declare import Advanced, Help, Input, Range, Unit, analysis
from ...numerics.least_squares.separable.curve_family import CurveFamily, tabulate
from ...numerics.least_squares.separable.solver import Solution, solve
from ...numerics.signal.exponential_convolution import exponential_convolution, sampled_input
from ...numerics.statistics.error_propagation import propagated_error
from ...steps.kinetics.delay import DelayParameters
from ...steps.kinetics.kinetic_model import Estimates
from ...steps.pet.pet_series import MASK, PET_SERIES, PLASMA, PetParameters, blood_curve, pet_frames
from ...steps.pet.tracer_delay import delayed_tracer, voxels_at_edge
from ...steps.pet.tracer_fit import DELAY, fit_tracer, tracer_outputs
from ...steps.voxels.fit_status import FitStatus

MINUTE = 60.0
NAMES = ("k1", "k2", "vt", "vb")
BLOOD = Input("blood", Curve, optional=True, help="Activity of whole blood; the plasma's when left out.")


@dataclass(frozen=True)
class OneTissueParameters(DelayParameters, PetParameters):
    vb_max: Annotated[
        float, Range(0, 1), Help("Upper bound of the blood volume fraction; 0 leaves blood out."), Advanced()
    ] = 0.5
    vt_max: Annotated[
        float, Unit("mL/cm3"), Range(1, 1000), Help("Upper bound of the distribution volume."), Advanced()
    ] = 100.0
    k2_min: Annotated[float, Unit("1/min"), Range(1e-6, 0.1), Help("Lower bound of k2."), Advanced()] = 1e-4
    k2_max: Annotated[float, Unit("1/min"), Range(0.1, 100), Help("Upper bound of k2."), Advanced()] = 10.0


@analysis(
    id="kinetics.one_tissue",
    title="One-tissue compartment model (PET)",
    citation="Gunn et al., Positron emission tomography compartmental models, J Cereb Blood Flow Metab 21:635-652 "
    "(2001); Koeppe et al., J Cereb Blood Flow Metab 5:224-234 (1985)",
    inputs=[PET_SERIES, PLASMA, MASK, BLOOD],
    outputs=(*tracer_outputs(*NAMES), DELAY),
    parameters=OneTissueParameters,
)
def one_tissue(series, plasma, mask=None, blood=None, *, parameters, context):
    r"""K1, k2 and distribution volume of a tracer that is not bound, or exchanges faster than is seen.

    Notes
    -----
    .. math:: C(t) = (1 - v_b) K_1 \int_0^t C_p(\tau) \, e^{-k_2 (t - \tau)} \, d\tau + v_b C_b(t), \quad V_T = K_1 /
        k_2

    Cp is the activity in plasma, Cb that in whole blood.
    """
    unknowns = 2 + (parameters.vb_max > 0) + (parameters.delay == "fit")
    frames = pet_frames(series, mask, parameters, unknowns=unknowns)
    plasma, told = blood_curve(plasma, frames, parameters)
    blood, more = (plasma, ()) if blood is None else blood_curve(blood, frames, parameters)
    sampling = frames.sampling

    def at_delay(delay):
        def of_rates(rates):
            convolved = exponential_convolution(plasma.times + delay, plasma.values, rates, sampling.times)
            return sampling.frames(convolved)

        def curve(values):
            entering = (1 - values["vb"]) * values["k1"] / MINUTE
            return entering * of_rates(np.array([values["k2"] / MINUTE]))[0] + values["vb"] * vascular

        vascular = sampling.frames(sampled_input(blood.times, blood.values, sampling.times, delay=delay))
        family = _family(of_rates, vascular, parameters)
        return lambda curves: _estimates(solve(curves, family), len(curves) - unknowns), curve

    model, found = delayed_tracer(NAMES, at_delay, (series, mask, frames, plasma), parameters)
    result = fit_tracer(model, series, frames, mask=mask, context=context, told=(*told, *more, *found))
    result["findings"] += voxels_at_edge(result, parameters, series.name)
    return result


def _family(of_rates, vascular: np.ndarray, parameters: OneTissueParameters) -> CurveFamily:
    return tabulate(
        of_rates,
        (parameters.k2_min / MINUTE, parameters.k2_max / MINUTE),
        fixed=vascular if parameters.vb_max > 0 else None,
        slope_limit=parameters.vt_max,
        fixed_limit=parameters.vb_max,
    )


def _estimates(solution: Solution, freedom: int) -> Estimates:
    covariance = solution.covariance * solution.sse / freedom
    uptake = solution.linear > 0
    rate = np.where(uptake, solution.theta, np.nan)
    vb, entering = solution.fixed, np.where(uptake, solution.linear, np.nan)
    # K1 = a / (1 - vb) and VT = K1 / k2, by the relative errors of a, vb and k2.
    relative = np.stack([1 / entering, 1 / (1 - vb), np.zeros_like(rate)])
    of_volume = relative - np.array([0.0, 0.0, 1.0])[:, None]
    k1 = entering / (1 - vb)
    errors = {
        "k1": k1 * MINUTE * propagated_error(relative, covariance),
        "k2": rate * MINUTE * np.sqrt(np.maximum(covariance[2, 2], 0)),
        # At its limit the volume is fixed, and what rounding leaves of its error is none.
        "vt": np.where(solution.linear_at_limit, np.nan, k1 / rate * propagated_error(of_volume, covariance)),
        "vb": np.sqrt(np.maximum(covariance[1, 1], 0)),
    }
    errors = {name: np.where(error > 0, error, np.nan) for name, error in errors.items()}
    status = np.select(
        [
            ~solution.converged,
            ~uptake & (vb <= 0),
            ~uptake | solution.theta_at_edge | solution.linear_at_limit,
            solution.fixed_at_limit,
        ],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED, FitStatus.VP_AT_LIMIT],
        FitStatus.FITTED,
    ).astype(np.uint8)
    k1 = np.where(uptake, k1, 0.0)
    return Estimates({"k1": k1 * MINUTE, "k2": rate * MINUTE, "vt": k1 / rate, "vb": vb}, errors, solution.sse, status)
