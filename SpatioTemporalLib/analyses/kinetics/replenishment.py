"""Refilling of tissue with microbubbles after their destruction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Help, Output, Range, Unit, analysis
from ...errors import InputError, counted
from ...numerics.least_squares.separable.curve_family import tabulate
from ...numerics.least_squares.separable.solver import solve
from ...steps.bolus.intensity_curves import INTENSITY_SERIES, fit_intensity
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.voxels.fit_status import FitStatus

UNITS = {"plateau": "{s}", "rate": "1/s", "flow_index": "{s}/s", "rmse": "{s}"}
FEWEST_FRAMES = 4


@dataclass(frozen=True)
class ReplenishmentParameters:
    destruction_time: Annotated[
        float | None,
        Unit("s"),
        Range(-600, 3600),
        Help("When the bubbles were destroyed, on the series' clock; the first frame when left empty."),
    ] = None
    slowest: Annotated[float, Unit("1/s"), Range(1e-4, 1), Help("Lower bound of the rate."), Advanced()] = 0.005
    fastest: Annotated[float, Unit("1/s"), Range(1, 100), Help("Upper bound of the rate."), Advanced()] = 20.0


@analysis(
    id="kinetics.replenishment",
    title="Replenishment after destruction (ultrasound)",
    citation="Wei et al., Quantification of myocardial blood flow with ultrasound-induced destruction of microbubbles "
    "administered as a constant venous infusion, Circulation 97:473-483 (1998)",
    inputs=[INTENSITY_SERIES, MASK],
    outputs=[
        Output(
            "plateau",
            Map,
            unit="{series.unit}",
            help="Intensity after complete refilling, proportional to blood volume.",
            display=Display(None, "magma", symbol="A"),
        ),
        Output(
            "rate",
            Map,
            unit="1/s",
            help="Rate of refilling, proportional to the speed of blood.",
            display=Display(None, "viridis", symbol="β"),
        ),
        Output(
            "flow_index",
            Map,
            unit="{series.unit}/s",
            help="Plateau times rate, proportional to blood flow.",
            display=Display(None, "inferno", symbol="A·β"),
        ),
        Output("plateau_se", Map, unit="{series.unit}", help="Standard error of the plateau, from the residuals."),
        Output("rate_se", Map, unit="1/s", help="Standard error of the rate, likewise."),
        Output("flow_index_se", Map, unit="{series.unit}/s", help="Standard error of the flow index, likewise."),
        Output(
            "rmse", Map, unit="{series.unit}", help="Root mean square of the residuals.", display=Display(None, "gray")
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean intensity of each region, and the refilling fitted to it."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each measure."),
    ],
    parameters=ReplenishmentParameters,
)
def replenishment(series, mask=None, *, parameters, context):
    r"""Plateau and rate of refilling under constant infusion: A (1 - exp(-β t)) from the destruction on.

    Notes
    -----
    .. math:: I(t) = A \left( 1 - e^{-\beta (t - t_d)} \right)

    td is the time of the destruction. A beta is proportional to the flow of blood.
    """
    start = series.times[0] if parameters.destruction_time is None else parameters.destruction_time
    after = np.flatnonzero(series.times >= start)
    if after.size < FEWEST_FRAMES:
        raise InputError(
            "E-FRAMES",
            f"{counted(after.size, 'frame follows', 'frames follow')} the destruction at {start:g} s; "
            f"{FEWEST_FRAMES} or more are needed",
            where=series.name,
            fix="Correct destruction_time.",
        )
    durations = None if series.durations is None else series.durations[after[0] :]
    refilling = replace(series, values=series.values[after[0] :], times=series.times[after[0] :], durations=durations)
    times = refilling.times - start
    family = tabulate(lambda rate: -np.expm1(-rate[:, None] * times), (parameters.slowest, parameters.fastest))

    def fitted_curve(curves):
        solution = solve(curves, family)
        return -solution.linear * np.expm1(-solution.theta * times[:, None])

    return fit_intensity(
        refilling,
        mask,
        context,
        convert=lambda curves: np.asarray(curves, dtype=float),
        fit=lambda curves: _estimates(solve(curves, family), len(times)),
        model=fitted_curve,
        units=UNITS,
    )


def _estimates(solution, frames: int) -> dict[str, np.ndarray]:
    plateau, rate, covariance = solution.linear, solution.theta, solution.covariance
    noise = np.sqrt(solution.sse / (frames - 2))
    variances = {
        "plateau": covariance[0, 0],
        "rate": rate**2 * covariance[2, 2],
        "flow_index": rate**2 * (covariance[0, 0] + 2 * plateau * covariance[0, 2] + plateau**2 * covariance[2, 2]),
    }
    values = {"plateau": plateau, "rate": rate, "flow_index": plateau * rate, "rmse": np.sqrt(solution.sse / frames)}
    values |= {f"{name}_se": noise * np.sqrt(np.maximum(variance, 0)) for name, variance in variances.items()}
    status = np.select(
        [~solution.converged, ~(plateau > 0), solution.theta_at_edge],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    fitted = status == FitStatus.FITTED
    return {name: np.where(fitted, part, np.nan) for name, part in values.items()} | {
        "fit_status": status.astype(np.uint8)
    }
