"""T1 from spoiled gradient echo images at several flip angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.result import Display
from ...data.volumes import Code, ImageStack, LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.separable_least_squares import solve
from ...numerics.variable_flip_angle import flip_angle_family
from ...steps.fit_status import FitStatus, status_map
from ...steps.kinetic_declaration import MASK
from ...steps.voxelwise import map_voxels


@dataclass(frozen=True)
class VariableFlipAngleParameters:
    repetition_time: Annotated[
        float | None, Unit("s"), Range(0.0005, 5), Help("Repetition time TR; taken from the images when left empty.")
    ] = None
    t1_min: Annotated[float, Unit("s"), Range(0.001, 1), Help("Lower bound of T1."), Advanced()] = 0.01
    t1_max: Annotated[float, Unit("s"), Range(1, 20), Help("Upper bound of T1."), Advanced()] = 10.0


@analysis(
    id="kinetics.variable_flip_angle_t1",
    title="T1 map from variable flip angles",
    citation="Fram et al., Magn Reson Imaging 5:201 (1987), doi:10.1016/0730-725X(87)90021-X",
    inputs=[
        Input("stack", ImageStack, help="Images of a spoiled gradient echo at two or more flip angles, equal scaling."),
        MASK,
    ],
    outputs=[
        Output(
            "t1",
            Map,
            unit="s",
            help="Longitudinal relaxation time.",
            display=Display((0, 3), "viridis", Code("113063", "DCM", "T1"), "T1"),
        ),
        Output("t1_se", Map, unit="s", help="Standard error of T1; needs three angles or more.", optional=True),
        Output(
            "s0",
            Map,
            unit="{stack.unit}",
            help="Signal at full relaxation and 90 degrees.",
            display=Display(None, "gray"),
        ),
        Output(
            "rmse", Map, unit="{stack.unit}", help="Root mean square of the residuals.", display=Display(None, "gray")
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
    ],
    parameters=VariableFlipAngleParameters,
)
def variable_flip_angle_t1(stack, mask=None, *, parameters, context):
    """T1 by least squares on the signal itself, which low signal does not bias as the linear form does."""
    family = flip_angle_family(
        stack.settings, _repetition_time(stack, parameters), t1_bounds=(parameters.t1_min, parameters.t1_max)
    )
    maps, nonfinite = map_voxels(
        lambda curves, index: _fit(curves, family), stack.values, mask=mask, context=context, message="fitting T1"
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    return {**maps, "fit_status": status_map(status, stack.geometry)}


def _repetition_time(stack: ImageStack, parameters) -> float:
    if len(set(np.round(stack.settings, 3))) < 2:
        raise InputError(
            "E-ANGLES",
            f"two different flip angles or more are needed, found {stack.settings.tolist()} degrees",
            where=stack.name,
            fix="Give the image of each flip angle.",
        )
    given = parameters.repetition_time
    time = stack.acquisition.repetition_time if given is None else given
    if time is None:
        raise InputError(
            "E-ACQUISITION",
            "the repetition time TR is not known",
            where=stack.name,
            fix="Set the parameter repetition_time in s (--set repetition_time=...).",
        )
    return time


def _fit(signals: np.ndarray, family) -> dict[str, np.ndarray]:
    solution = solve(signals, family)
    t1 = 1 / solution.theta
    has_signal = (signals > 0).any(axis=0)
    freedom = len(signals) - 2
    maps = {"t1": t1, "s0": solution.linear, "rmse": np.sqrt(solution.sse / len(signals))}
    if freedom > 0:
        maps["t1_se"] = t1 * np.sqrt(np.maximum(solution.covariance[2, 2], 0) * solution.sse / freedom)
    status = np.select(
        [~has_signal, ~solution.converged, solution.theta_at_edge],
        [FitStatus.NO_BASELINE, FitStatus.NOT_CONVERGED, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    # At the edge of its range T1 is where the search ended, not where the data point.
    measured = (status == FitStatus.FITTED)[None]
    maps = {name: np.where(measured[0], values, np.nan) for name, values in maps.items()}
    return maps | {"fit_status": status.astype(np.uint8)}
