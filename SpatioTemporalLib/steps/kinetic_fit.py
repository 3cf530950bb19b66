"""Fits a kinetic model to every voxel and to the mean curve of every region."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..context import Context
from ..data.curve import Curve, Table
from ..data.series import Series
from ..data.volumes import Label, LabelMap
from ..declare import Advanced, Choices, Help, Range, Unit
from ..errors import Finding, InputError, Severity
from ..numerics.arrays import namespace
from ..numerics.bolus_arrival import bolus_arrival
from ..numerics.delayed_fit import best_delays
from ..numerics.frame_sampling import FrameSampling
from .artery import find_artery
from .concentration import CONCENTRATION_UNIT, baseline_findings, baseline_frames, conversion_for
from .fit_status import FitStatus, status_counts, status_map
from .input_function import AUTOMATIC, frame_sampling, plasma_input
from .regions import distribution_table, region_curves
from .voxelwise import map_voxels


@dataclass(frozen=True)
class DelayParameters:
    """Whether the time between artery and tissue is fitted."""

    delay: Annotated[
        str,
        Choices("none", "fit"),
        Help("fit: estimate per voxel how much later than the input function the tissue is reached; slower."),
    ] = "none"
    largest_delay: Annotated[
        float, Unit("s"), Range(0.5, 60), Help("The delay is searched from minus this to plus this."), Advanced()
    ] = 10.0


@dataclass(frozen=True)
class Estimates:
    """Parameters of a model at the optimum of each of n curves.

    values, errors : dict of parameter name to (n,) array, in reported units.
    sse : (n,) sums of squares. status : (n,) `FitStatus` codes.
    """

    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    sse: np.ndarray
    status: np.ndarray


@dataclass(frozen=True)
class KineticModel:
    """One model as the shared fit needs it.

    units : dict of fitted parameter name to its reported unit.
    degrees : number of parameters counted in the degrees of freedom.
    prepare : from (input times, plasma, `FrameSampling`) the function that fits (T, n) curves.
    curve : from (input times, plasma, times, values) the (n, T) model curves.
    any_device : whether what `prepare` gives takes torch tensors too.
    """

    units: dict[str, str]
    degrees: int
    prepare: Callable[[np.ndarray, np.ndarray, FrameSampling], Callable[[np.ndarray], Estimates]]
    curve: Callable[[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]], np.ndarray]
    any_device: bool = False


def fit_kinetic_model(model: KineticModel, series: Series, *, parameters, context: Context, **inputs) -> dict:
    """Everything the kinetic analyses give back, by output name.

    Parameters
    ----------
    model : KineticModel
    series : Series
        Signal in a.u. or concentration in mmol/L.
    parameters
        Has the fields of the concentration, input function and delay parameters.
    inputs
        ``mask``, ``t1_map``, ``b1_map``, ``aif``, ``aif_mask``; each may be None.
    """
    mask, t1_map, b1_map = inputs["mask"], inputs["t1_map"], inputs["b1_map"]
    _require_frames(series, model)
    artery = _detected_artery(series, parameters, context, b1_map)
    aif_mask = inputs["aif_mask"] if artery is None else artery
    plasma, findings = plasma_input(series, inputs["aif"], aif_mask, mask, parameters, b1_map=b1_map)
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    findings += baseline_findings(series, mask, conversion)
    is_patients_own = inputs["aif"] is not None or aif_mask is not None
    sampling = frame_sampling(series, parameters)
    fit = _delayed(model, plasma, sampling, float(np.median(series.intervals)), parameters)

    def fit_block(curves, index):
        return _fit_usable(fit, *conversion(curves, index), model)

    maps, nonfinite = map_voxels(
        fit_block,
        series.values,
        mask=mask,
        context=context,
        message="fitting voxels",
        # The search over delays keeps its books in numpy.
        any_device=model.any_device and parameters.delay == "none",
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    fitted = (status >= FitStatus.FITTED) & (status < FitStatus.SATURATED)
    _require_some(fitted, status, series)
    regions = mask or LabelMap(fitted.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    measured = region_curves(series, regions, fitted, lambda curves, index: conversion(curves, index)[0])
    means = fit(np.stack([curve.values for curve in measured], axis=1))
    return {
        **{name: maps[name] for name in _map_names(model, parameters)},
        "fit_status": status_map(status, series.geometry),
        "curves": _with_fits(model, plasma, sampling, measured, means),
        "input_function": (plasma,),
        "artery": artery,
        "statistics": _statistics(distribution_table(maps, regions, fitted, model.units), measured, means),
        "findings": (
            *findings,
            *(_late_input(plasma, measured, series) if is_patients_own else ()),
            *_status_findings(status, series),
        ),
    }


def _detected_artery(series: Series, parameters, context: Context, b1_map) -> LabelMap | None:
    if parameters.input_function != AUTOMATIC:
        return None
    blood = conversion_for(series, None, parameters, t1=parameters.t1_blood, b1=b1_map)
    return find_artery(series, blood, baseline_frames(series, None, parameters), parameters, context)


def _map_names(model: KineticModel, parameters) -> list[str]:
    names = [name for parameter in model.units for name in (parameter, f"{parameter}_se")]
    return [*names, "r2", "rmse", *(["delay"] if parameters.delay == "fit" else [])]


def _require_frames(series: Series, model: KineticModel) -> None:
    if series.frame_count <= model.degrees:
        raise InputError(
            "E-FRAMES",
            f"{series.frame_count} frames cannot determine {model.degrees} parameters "
            f"({', '.join(model.units)}); {model.degrees + 1} or more are needed",
            where=series.name,
            fix="Choose the whole dynamic series, or a model with fewer parameters.",
        )


def _require_some(fitted: np.ndarray, status: np.ndarray, series: Series) -> None:
    if not fitted.any():
        reasons = ", ".join(f"{count} × {reason}" for reason, count in status_counts(status).items())
        raise InputError(
            "E-NOTHING-FITTED",
            f"no voxel could be fitted ({reasons})",
            where=series.name,
            fix="Check the flip angle, TR, T1 and baseline frames, and that the region lies in tissue.",
        )


def _delayed(model: KineticModel, plasma: Curve, sampling: FrameSampling, interval: float, parameters) -> Callable:
    """The model's fit, with the best delay of the input for each curve where that is asked for."""

    @functools.lru_cache(maxsize=512)
    def fit_at(delay: float):
        return model.prepare(plasma.times + delay, plasma.values, sampling)

    if parameters.delay == "none":
        return fit_at(0.0)
    reach = parameters.largest_delay
    step = min(max(interval / 2, reach / 20), reach)

    def fit(curves: np.ndarray) -> Estimates:
        delays = best_delays(curves, lambda c, d: fit_at(d)(c).sse, low=-reach, high=reach, step=step)
        parts = [(chosen := np.flatnonzero(delays == d), fit_at(d)(curves[:, chosen])) for d in np.unique(delays)]
        joined = _joined(parts, curves.shape[1])
        joined.values["delay"] = delays
        return joined

    return fit


def _joined(parts: list[tuple[np.ndarray, Estimates]], count: int) -> Estimates:
    first = parts[0][1]
    whole = Estimates(
        {n: np.empty(count) for n in first.values},
        {n: np.empty(count) for n in first.errors},
        np.empty(count),
        np.empty(count, dtype=np.uint8),
    )
    for chosen, part in parts:
        for name in first.values:
            whole.values[name][chosen] = part.values[name]
        for name in first.errors:
            whole.errors[name][chosen] = part.errors[name]
        whole.sse[chosen], whole.status[chosen] = part.sse, part.status
    return whole


def _fit_usable(fit: Callable, concentration, reason, model: KineticModel) -> dict[str, np.ndarray]:
    """Outputs of one block; NaN and the reason for the curves without concentration."""
    xp = namespace(concentration)
    usable, frames = reason == 0, len(concentration)
    outputs = {"fit_status": 1 * reason}
    if not usable.any():
        return outputs
    good = concentration if usable.all() else concentration[:, usable]
    estimates = fit(good)
    noise = xp.sqrt(estimates.sse / (frames - model.degrees))
    scatter = ((good - good.mean(axis=0)) ** 2).sum(axis=0)
    computed = dict(estimates.values)
    computed |= {f"{n}_se": xp.where(error > 0, error * noise, np.nan) for n, error in estimates.errors.items()}
    computed["rmse"] = xp.sqrt(estimates.sse / frames)
    computed["r2"] = xp.where(scatter > 0, 1 - estimates.sse / xp.where(scatter > 0, scatter, 1.0), np.nan)
    for name, values in computed.items():
        outputs[name] = xp.full_like(reason, np.nan, dtype=values.dtype)
        outputs[name][usable] = values
    outputs["fit_status"][usable] = estimates.status
    return outputs


def _with_fits(
    model: KineticModel, plasma: Curve, sampling: FrameSampling, measured: list[Curve], means: Estimates
) -> tuple[Curve, ...]:
    """Each region's mean curve followed by the model fitted to it."""
    curves = []
    for n, curve in enumerate(measured):
        values = {name: np.nan_to_num(v[n : n + 1]) for name, v in means.values.items()}
        delay = float(values.pop("delay", np.zeros(1))[0])
        fitted = sampling.frames(model.curve(plasma.times + delay, plasma.values, sampling.times, values)[0])
        curves += [curve, Curve(curve.times, fitted, CONCENTRATION_UNIT, f"{curve.name} fit", fit_of=curve.name)]
    return tuple(curves)


def _statistics(distributions: Table, measured: list[Curve], means: Estimates) -> Table:
    """The voxels' distributions beside what the model makes of each region's mean curve."""
    row_of = {curve.name: n for n, curve in enumerate(measured)}
    names = zip(distributions.columns["region"], distributions.columns["quantity"])
    of_mean = [float(means.values[quantity][row_of[region]]) for region, quantity in names]
    columns = dict(distributions.columns)
    first = {name: columns.pop(name) for name in ("region", "quantity", "unit")}
    return Table({**first, "of mean curve": of_mean, **columns}, distributions.units, distributions.name)


def _late_input(plasma: Curve, measured: list[Curve], series: Series) -> tuple[Finding, ...]:
    """Say when tissue enhances before the input does, which no delay of the bolus explains."""
    arrival = float(bolus_arrival(plasma.times, plasma.values[:, None])[0])
    interval = float(np.median(series.intervals))
    early = []
    for curve in measured:
        ahead = arrival - float(bolus_arrival(curve.times, curve.values[:, None])[0])
        if ahead > 2 * interval:
            early.append(f"{curve.name} by {ahead:.3g} s")
    text = f"the input function arrives after the tissue ({', '.join(early)}); check its times, or use delay = fit"
    return (Finding("W-AIF-LATE", Severity.WARN, text, plasma.name),) if early else ()


def _status_findings(status: np.ndarray, series: Series) -> tuple[Finding, ...]:
    counts = status_counts(status)
    fine = counts.pop("fitted", 0)
    if not counts:
        return ()
    listed = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return (Finding("W-FIT", Severity.MASK, f"{fine} voxels fitted without remark; {listed}", series.name),)
