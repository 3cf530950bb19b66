"""The simplified reference tissue model of a PET tracer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.volumes import LabelMap
from ...declare import Advanced, Help, Input, Range, Unit, analysis
from ...numerics.kinetics.tracer_models import reference_tissue_curves
from ...numerics.least_squares.scanned_descent import ScannedModel, ScannedSolution, scan_shapes, solve_scanned
from ...numerics.signal.frame_sampling import continuous_curve
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ...steps.kinetics.kinetic_model import Estimates
from ...steps.pet.graphical_fit import reference_activity, whole_curve_findings
from ...steps.pet.pet_series import MASK, PET_SERIES, PetParameters, pet_frames
from ...steps.pet.tracer_fit import Tracer, fit_tracer, tracer_outputs
from ...steps.voxels.fit_status import FitStatus

MINUTE = 60.0
COST = 200.0  # microseconds a voxel
UNKNOWNS = 3
# R1, k2 in 1/s and the distribution volume ratio: what is added before the logarithm, and the smallest ratio.
SOFT, SMALLEST_RATIO = np.array([1e-3, 1e-6, 1e-3]), 0.05
# What is scanned: k2 over R1 in 1/min, and the ratio; a family for fast and for slow exchange, and for binding.
RATES, RATIOS = np.geomspace(0.005, 3.0, 24), np.array([0.3, 0.7, 1.0, 1.3, 1.8, 2.5, 4.0, 7.0, 12.0])
RATE_CUT, RATIO_CUT = 0.15, 1.1


@dataclass(frozen=True)
class SimplifiedReferenceTissueParameters(PetParameters):
    r1_max: Annotated[float, Range(0.5, 20), Help("Upper bound of R1."), Advanced()] = 5.0
    k2_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of k2."), Advanced()] = 5.0
    bp_max: Annotated[float, Range(1, 100), Help("Upper bound of BPnd."), Advanced()] = 20.0


@analysis(
    id="kinetics.simplified_reference_tissue",
    title="Simplified reference tissue model (PET)",
    citation="Lammertsma & Hume, Simplified reference tissue model for PET receptor studies, NeuroImage 4:153-158 "
    "(1996)",
    inputs=[
        PET_SERIES,
        Input("reference_mask", LabelMap, help="Tissue without specific binding, as the cerebellum."),
        MASK,
    ],
    outputs=tracer_outputs("bp", "r1", "k2"),
    parameters=SimplifiedReferenceTissueParameters,
)
def simplified_reference_tissue(series, reference_mask, mask=None, *, parameters, context):
    r"""Binding potential and relative delivery without blood samples.

    Notes
    -----
    .. math:: C(t) = R_1 C_r(t) + \left( k_2 - \frac{R_1 k_2}{1 + BP_{ND}} \right) \int_0^t C_r(\tau) \, e^{-(t -
        \tau) k_2 / (1 + BP_{ND})} \, d\tau

    Cr is the curve of the reference tissue.
    """
    frames = pet_frames(series, mask, parameters, unknowns=UNKNOWNS)
    late = whole_curve_findings(series, frames, "the reference tissue model")
    measured = reference_activity(series, reference_mask, frames)
    plain = frames.sampling.scaled(None)
    continuous = continuous_curve(measured, plain)
    table = tabulate_exponentials(plain.times, continuous, frames.sampling)
    model = _scanned(lambda values: reference_tissue_curves(table, measured * frames.roots, values), parameters)
    shapes = scan_shapes(model)

    def fit(curves):
        return _estimates(solve_scanned(curves * frames.roots[:, None], model, shapes), len(curves), model)

    def curve(activity, values):
        given = np.array([[values["r1"]], [values["k2"] / MINUTE], [values["bp"] + 1]])
        return model.curves(given)[0] / frames.roots

    return fit_tracer(
        Tracer(("bp", "r1", "k2"), fit, curve, COST), series, frames, mask=mask, context=context, told=late
    )


def _scanned(curves, parameters: SimplifiedReferenceTissueParameters) -> ScannedModel:
    rate, ratio = np.meshgrid(RATES / MINUTE, RATIOS, indexing="ij")
    return ScannedModel(
        curves=curves,
        low=np.array([0.0, 0.0, SMALLEST_RATIO]),
        high=np.array([parameters.r1_max, parameters.k2_max / MINUTE, 1 + parameters.bp_max]),
        soft=SOFT,
        grid=np.stack([np.ones_like(rate), rate, ratio]),
        kin=2 * (rate * MINUTE > RATE_CUT) + (ratio > RATIO_CUT),
        scaled=np.array([True, True, False]),
    )


def _estimates(solution: ScannedSolution, frame_count: int, model: ScannedModel) -> Estimates:
    r1, k2, ratio = solution.parameters
    uptake = (r1 > 0) | (k2 > 0)
    with np.errstate(invalid="ignore"):
        variance = np.einsum("iin->in", solution.covariance) * solution.sse / (frame_count - UNKNOWNS)
    r1_se, k2_se, bp_se = np.where(np.isfinite(variance) & (variance > 0), np.sqrt(variance), np.nan)
    held = (solution.parameters[1:] <= model.low[1:, None]) | (solution.parameters[1:] >= model.high[1:, None])
    status = np.select(
        [~solution.converged, ~uptake, held.any(axis=0)],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    # Without exchange nothing is known of what is bound.
    exchanging = uptake & (k2 > 0)
    values = {"bp": np.where(exchanging, ratio - 1, np.nan), "r1": r1, "k2": np.where(uptake, k2 * MINUTE, np.nan)}
    errors = {"bp": bp_se, "r1": r1_se, "k2": k2_se * MINUTE}
    return Estimates(values, errors, solution.sse, status.astype(np.uint8))
