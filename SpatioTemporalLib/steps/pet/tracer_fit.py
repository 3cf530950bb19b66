"""Fits a tracer's model to every voxel of a dynamic PET series and to the mean curve of every region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...context import Context
from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Output
from ...errors import InputError
from ..kinetics.kinetic_model import Estimates
from ..voxels.fit_status import FitStatus, is_fitted, status_findings, status_map
from ..voxels.regions import distribution_table, region_curves
from ..voxels.voxelwise import map_voxels
from .pet_series import PetFrames

FLOW_UNIT, VOLUME_UNIT, RATE_UNIT = "mL/cm3/min", "mL/cm3", "1/min"
QUANTITIES = {
    "k1": (FLOW_UNIT, "Rate at which tracer enters tissue from plasma.", Display((0, 1), "inferno", symbol="K1")),
    "k2": (RATE_UNIT, "Rate at which tracer leaves tissue.", Display((0, 0.5), "plasma", symbol="k2")),
    "k3": (RATE_UNIT, "Rate of binding or of trapping.", Display((0, 0.2), "plasma", symbol="k3")),
    "k4": (RATE_UNIT, "Rate of release.", Display((0, 0.1), "plasma", symbol="k4")),
    "vb": ("1", "Blood volume fraction.", Display((0, 0.2), "magma", symbol="vB")),
    "vt": (VOLUME_UNIT, "Total distribution volume.", Display((0, 20), "viridis", symbol="VT")),
    "ki": (FLOW_UNIT, "Net influx rate.", Display((0, 0.1), "inferno", symbol="Ki")),
    "intercept": (
        VOLUME_UNIT,
        "Intercept of the line: volume that fills at once.",
        Display(None, "magma", symbol="V0"),
    ),
    "r1": ("1", "Delivery over that of the reference.", Display((0, 2), "viridis", symbol="R1")),
    "bp": ("1", "Binding potential BPnd.", Display((0, 4), "inferno", symbol="BPnd")),
    "delay": ("s", "How much later than where blood was sampled the tissue is reached.", Display(None, symbol="delay")),
    "dvr": ("1", "Distribution volume over that of the reference.", Display((0, 4), "inferno", symbol="DVR")),
}
DELAY = Output("delay", Map, unit=QUANTITIES["delay"][0], help=QUANTITIES["delay"][1], optional=True)


def tracer_outputs(*names: str, optional: tuple[str, ...] = ()) -> tuple[Output, ...]:
    """The outputs of a tracer's model with these parameters, of which some are not always given."""
    maps = []
    for name in names:
        unit, text, display = QUANTITIES[name]
        maps.append(Output(name, Map, unit=unit, help=text, display=display, optional=name in optional))
        error = Display(None, "gray", symbol=f"SE({display.symbol})")
        maps.append(
            Output(f"{name}_se", Map, unit=unit, help=f"Standard error of {name}.", display=error, optional=True)
        )
    return (
        *maps,
        Output(
            "rmse",
            Map,
            unit="kBq/mL",
            help="Weighted root mean square of the residuals.",
            display=Display(None, "gray"),
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean activity of each region, decay corrected, and the model fitted to it."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
    )


@dataclass(frozen=True)
class Tracer:
    """One model as the shared fit needs it.

    names : parameters to report. fit : from (T, n) activities to the estimates,
    whose errors are standard errors. curve : from the (T,) activity of one
    region and its estimates to the (T,) model, NaN in frames that are not fitted.
    cost : microseconds that a voxel takes, roughly.
    """

    names: tuple[str, ...]
    fit: Callable[[np.ndarray], Estimates]
    curve: Callable[[np.ndarray, dict[str, float]], np.ndarray]
    cost: float = 10.0


def fit_tracer(
    model: Tracer, series: Series, frames: PetFrames, *, mask: LabelMap | None, context: Context, told: tuple = ()
) -> dict:
    """Everything the analyses of tracers give back, by output name; told : findings about their inputs."""
    names = model.names

    def fit_block(curves, index):
        found = model.fit(frames.activity(curves))
        outputs = {name: found.values[name] for name in names}
        # Where a descent was left on its way, the curvature is that of the place, not of the optimum.
        settled = found.status != FitStatus.NOT_CONVERGED
        known = [name for name in names if name in found.errors]
        outputs |= {f"{name}_se": np.where(settled, found.errors[name], np.nan) for name in known}
        return outputs | {"rmse": np.sqrt(found.sse / len(curves)), "fit_status": found.status}

    maps, nonfinite = map_voxels(
        fit_block, series.values, mask=mask, context=context, message="fitting voxels", cost=model.cost
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    fitted = is_fitted(status)
    if not fitted.any():
        raise InputError(
            "E-NOTHING-FITTED", "no voxel could be fitted", where=series.name, fix="Choose a region with uptake."
        )
    regions = mask or LabelMap(fitted.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    measured = region_curves(series, regions, fitted, lambda curves, index: frames.activity(curves), "kBq/mL")
    without = {n for n in (f"{name}_se" for name in names) if n in maps and not np.isfinite(maps[n]).any()}
    return {
        **{name: values for name, values in maps.items() if name not in without},
        "fit_status": status_map(status, series.geometry),
        "curves": _with_fits(model, measured, frames),
        "statistics": distribution_table(maps, regions, fitted, {name: QUANTITIES[name][0] for name in names}),
        "findings": (*frames.findings, *told, *status_findings(status, series.name)),
    }


def _with_fits(model: Tracer, measured: list[Curve], frames: PetFrames) -> tuple[Curve, ...]:
    """Each region's mean curve at the frames' middles, followed by the model fitted to it."""
    curves = []
    for curve in measured:
        found = model.fit(curve.values[:, None]).values
        fitted = model.curve(curve.values, {name: float(np.nan_to_num(value[0])) for name, value in found.items()})
        shown = np.isfinite(fitted)
        curves.append(Curve(frames.middles, curve.values, curve.unit, curve.name, spread=curve.spread))
        # A line without an intercept has no curve to show.
        if shown.any():
            name = f"{curve.name} fit"
            curves.append(Curve(frames.middles[shown], fitted[shown], curve.unit, name, fit_of=curve.name))
    return tuple(curves)
