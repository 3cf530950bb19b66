"""T1 from spoiled gradient echo images at several flip angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.volumes import ImageStack
from ...declare import Choices, Help, Input, Range, Unit, analysis
from ...errors import InputError
from ...numerics.least_squares.separable.solver import solve
from ...numerics.relaxation.variable_flip_angle import fit_flip_angles, fit_line, flip_angle_family
from ...steps.conversion.concentration import B1_MAP
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.relaxation.t1_mapping import (
    FIT_STATUS,
    RMSE,
    S0,
    T1,
    T1_ERROR,
    T1BoundsParameters,
    T1Estimates,
    fact_of,
    map_t1,
)
from ...steps.voxels.fit_status import FitStatus


@dataclass(frozen=True)
class VariableFlipAngleParameters(T1BoundsParameters):
    method: Annotated[
        str,
        Choices("nonlinear", "linear", "weighted_linear"),
        Help(
            "nonlinear: least squares on the signal; linear: the straight line of DESPOT1, biased at low signal; "
            "weighted_linear: that line with weights which make it about as precise as the non-linear fit."
        ),
    ] = "nonlinear"
    repetition_time: Annotated[
        float | None, Unit("s"), Range(0.0005, 5), Help("Repetition time TR; taken from the images when left empty.")
    ] = None


@analysis(
    id="kinetics.variable_flip_angle_t1",
    title="T1 map from variable flip angles",
    citation="Fram et al., Magn Reson Imaging 5:201 (1987), doi:10.1016/0730-725X(87)90021-X; linear: Deoni et al., "
    "Magn Reson Med 49:515 (2003); weighted: Chang et al., Magn Reson Med 60:496 (2008)",
    inputs=[
        Input(
            "stack",
            ImageStack,
            setting="flip_angle",
            help="Images of a spoiled gradient echo at two or more flip angles, equal scaling.",
        ),
        MASK,
        B1_MAP,
    ],
    outputs=[T1, T1_ERROR, S0, RMSE, FIT_STATUS],
    parameters=VariableFlipAngleParameters,
)
def variable_flip_angle_t1(stack, mask=None, b1_map=None, *, parameters, context):
    r"""T1 by least squares on the signal itself, which low signal does not bias as it does the straight line.

    Notes
    -----
    .. math:: S = S_0 \sin\alpha \, \frac{1 - E}{1 - E \cos\alpha}, \quad E = e^{-TR / T_1}

    alpha is the flip angle that was reached, nominal times B1. The linear methods fit S / sin alpha against S / tan
    alpha, whose slope is E.
    """
    _require_angles(stack)
    time = fact_of(stack, parameters.repetition_time, "repetition_time", "repetition time TR in s")
    bounds = parameters.t1_min, parameters.t1_max
    b1 = None if b1_map is None else np.asarray(b1_map.values, dtype=float).reshape(-1)
    family = flip_angle_family(stack.settings, time, t1_bounds=bounds) if b1 is None else None

    def fit(signals, index):
        reached = None if b1 is None else np.where(b1[index] > 0, b1[index], np.nan)
        angles = stack.settings if b1 is None else stack.settings[:, None] * np.nan_to_num(reached, nan=1.0)
        if parameters.method != "nonlinear":
            estimates = _of_line(signals, angles, time, parameters)
        elif b1 is None:
            estimates = _of_table(solve(signals, family))
        else:
            estimates = _of_search(fit_flip_angles(signals, angles, time, t1_bounds=bounds))
        if b1 is not None:
            estimates.failed.insert(0, (np.isnan(reached), FitStatus.NONFINITE))
        return estimates

    return map_t1(fit, stack.values, stack, mask, context)


def _require_angles(stack: ImageStack) -> None:
    if len(set(np.round(stack.settings, 3))) < 2:
        raise InputError(
            "E-ANGLES",
            f"two different flip angles or more are needed, found {stack.settings.tolist()} degrees",
            where=stack.name,
            fix="Give the image of each flip angle.",
        )


def _of_table(solution) -> T1Estimates:
    return T1Estimates(
        {"t1": 1 / solution.theta, "s0": solution.linear},
        solution.sse,
        solution.covariance[2, 2],
        2,
        [(~solution.converged, FitStatus.NOT_CONVERGED), (solution.theta_at_edge, FitStatus.NOT_IDENTIFIED)],
    )


def _of_search(found) -> T1Estimates:
    return T1Estimates(
        {"t1": np.exp(-found.parameters[0]), "s0": found.amplitude},
        found.sse,
        found.covariance[0, 0],
        2,
        [(~found.converged, FitStatus.NOT_CONVERGED), (found.at_bound[0], FitStatus.NOT_IDENTIFIED)],
    )


def _of_line(signals, angles, time: float, parameters) -> T1Estimates:
    found = fit_line(signals, angles, time, weighted=parameters.method == "weighted_linear")
    t1 = 1 / found.r1
    outside = ~((t1 >= parameters.t1_min) & (t1 <= parameters.t1_max))
    return T1Estimates({"t1": t1, "s0": found.s0}, found.sse, None, 2, [(outside, FitStatus.NOT_IDENTIFIED)])
