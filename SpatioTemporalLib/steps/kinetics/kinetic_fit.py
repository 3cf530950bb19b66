"""Fits a kinetic model to every voxel and to the mean curve of every region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...context import Context
from ...data.curve import Curve, Table
from ...data.series import Series
from ...data.volumes import Label, LabelMap
from ...errors import Finding, InputError, ParameterError, Severity, counted
from ...numerics.arrays import clipped, like, namespace
from ...numerics.bolus.bolus_arrival import arrival_of_curve
from ...numerics.signal.frame_sampling import FrameSampling
from ..arrival.baseline import baseline_frames
from ..arterial_input.artery import find_artery
from ..arterial_input.input_function import AUTOMATIC, arrival_is_found, frame_sampling, plasma_input
from ..arterial_input.population_arrival import at_best_arrival
from ..conversion.concentration import baseline_findings, conversion_for
from ..voxels.fit_status import FitStatus, is_fitted, status_counts, status_findings, status_map
from ..voxels.regions import RegionSums, distribution_table, region_curves
from ..voxels.voxelwise import map_voxels
from .delay import cost_of, delayed_fit, edge_findings, frame_scale, sampled_voxels, shared_delay
from .kinetic_model import Estimates, KineticModel

LONGEST_TRANSIT = 10.0  # s that blood takes from where an input is measured to tissue
LEAST_VARIANCE = 1e-12  # of the mean square


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
    sampling = frame_sampling(series, parameters).scaled(frame_scale(series, parameters))
    voxels = (series, mask, conversion)
    if parameters.delay == "shared":
        plasma, said = _shifted(model, plasma, sampling, voxels, parameters)
        findings += said
    elif parameters.delay == "none" and arrival_is_found(inputs["aif"], aif_mask, parameters):
        curves = _sampled_concentrations(*voxels)
        if curves.size:
            plasma, said = at_best_arrival(plasma, curves.mean(axis=1), series, sampling)
            findings += said
    fit = delayed_fit(model, plasma, sampling, parameters, interval=float(np.median(series.intervals)))
    signal_fit = _signal_fit(model, plasma, sampling, (series, conversion), parameters)

    sums = RegionSums(mask)
    fit_block = _block_fit(fit, conversion, model.degrees, sampling.scale, (sums, signal_fit))
    maps, nonfinite = map_voxels(
        fit_block,
        series.values,
        mask=mask,
        context=context,
        message="fitting voxels",
        # The search over delays keeps its books in numpy.
        any_device=model.any_device and parameters.delay != "fit" and signal_fit is None,
        cost=cost_of(model, parameters),
    )
    maps["fit_status"][nonfinite] = FitStatus.NONFINITE
    measured, means, described = _described(model, fit, maps, (series, mask, conversion), sums)
    return {
        **{name: maps[name] for name in _map_names(model, parameters)},
        **described,
        "curves": _with_fits(model, plasma, sampling, measured, means),
        "input_function": (plasma,),
        "artery": artery,
        "findings": (
            *findings,
            *(_ill_timed(plasma, measured, series, parameters.delay) if is_patients_own else ()),
            *_delays_at_edge(maps, parameters, series.name),
            *status_findings(maps["fit_status"], series.name),
        ),
    }


def _block_fit(fit: Callable, conversion, degrees: int, scale, beside: tuple) -> Callable:
    """The fit of a block of signals at flat indices, which adds the concentrations to the sums of their regions."""
    sums, signal_fit = beside

    def fit_block(curves, index):
        concentration, reason = conversion(curves, index)
        xp = namespace(concentration)
        concentration = xp.asarray(concentration, dtype=xp.float64)
        sums.add(concentration, index, reason == 0)
        refined = signal_fit and signal_fit(curves, index, reason == 0)
        return _fit_usable(fit, concentration, reason, degrees, scale, refined)

    return fit_block


def _described(model: KineticModel, fit: Callable, maps: dict, voxels: tuple, sums: RegionSums):
    """Mean curves of the regions, the estimates of them, and the outputs that tell of all voxels."""
    series, mask, conversion = voxels
    status = maps["fit_status"]
    fitted = is_fitted(status)
    _require_some(fitted, status, series)
    regions = mask or LabelMap(fitted.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    measured = region_curves(series, regions, fitted, lambda *given: conversion(*given)[0], conversion.unit, sums=sums)
    means = fit(np.stack([curve.values for curve in measured], axis=1))
    table = distribution_table(maps, regions, fitted, model.units)
    described = {"fit_status": status_map(status, series.geometry), "statistics": _statistics(table, measured, means)}
    return measured, means, described


def _detected_artery(series: Series, parameters, context: Context, b1_map) -> LabelMap | None:
    if parameters.input_function != AUTOMATIC:
        return None
    blood = conversion_for(series, None, parameters, t1=parameters.t1_blood, b1=b1_map)
    return find_artery(series, blood, baseline_frames(series, None, parameters), parameters, context)


def _delays_at_edge(maps: dict, parameters, name: str) -> tuple[Finding, ...]:
    delays = maps["delay"][maps["fit_status"] == FitStatus.DELAY_AT_LIMIT] if parameters.delay == "fit" else ()
    return edge_findings(delays, parameters, name) if len(delays) else ()


def _shifted(model: KineticModel, plasma: Curve, sampling: FrameSampling, voxels: tuple, parameters):
    """The input moved by the one delay that suits the voxels best, and how much that is."""
    series = voxels[0]
    curves = _sampled_concentrations(*voxels)
    if not curves.size:
        return plasma, ()
    interval = float(np.median(series.intervals))
    delay = shared_delay(model, plasma, sampling, parameters, curves=curves, interval=interval)
    text = f"one delay for all voxels: {delay:.3g} s, from {curves.shape[1]} of them"
    said = (Finding("I-DELAY", Severity.NOTE, text, series.name), *edge_findings(delay, parameters, series.name))
    return replace(plasma, times=plasma.times + delay), said


def _sampled_concentrations(series: Series, mask: LabelMap | None, conversion) -> np.ndarray:
    """(T, n) usable concentrations of voxels spread over the region, or of those that change most."""
    index = sampled_voxels(series, mask)
    curves, reason = conversion(np.asarray(series.values.reshape(series.frame_count, -1)[:, index], float), index)
    return curves[:, (reason == 0) & np.isfinite(curves).all(axis=0)]


def _signal_fit(model: KineticModel, plasma: Curve, sampling: FrameSampling, voxels: tuple, parameters):
    """What improves estimates from concentrations by fitting the signal, or None where that is not asked for.

    Raises
    ------
    ParameterError
        ``E-FIT-DOMAIN`` where there is no signal to fit, or a delay of its own for each voxel.
    """
    if model.in_signal is None:
        return None
    series, conversion = voxels
    if conversion.is_identity or conversion.model.log_signal is None or parameters.delay == "fit":
        raise ParameterError(
            "E-FIT-DOMAIN",
            "the signal can be fitted for series of signals with an exact signal model, and with delay none or shared",
            fix="Set fit_domain = concentration, or delay = shared.",
        )
    fit = model.in_signal(plasma.times, plasma.values, sampling)

    def of_block(curves, index, usable):
        relative, response = conversion.response(curves[:, usable], index[usable])
        return lambda concentration, estimates: fit(relative, response, concentration, estimates)

    return of_block


def _map_names(model: KineticModel, parameters) -> list[str]:
    names = [name for parameter in model.units for name in (parameter, f"{parameter}_se")]
    return [*names, "r2", "rmse", *(["delay"] if parameters.delay == "fit" else [])]


def _require_frames(series: Series, model: KineticModel) -> None:
    if series.frame_count <= model.degrees:
        raise InputError(
            "E-FRAMES",
            f"{counted(series.frame_count, 'frame')} cannot determine {counted(model.degrees, 'parameter')} "
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


def _fit_usable(fit: Callable, concentration, reason, degrees: int, scale, refined=None) -> dict[str, np.ndarray]:
    """Outputs of one block; NaN and the reason for the curves without concentration."""
    xp = namespace(concentration)
    usable = reason == 0
    outputs = {"fit_status": 1 * reason}
    if not usable.any():
        return outputs
    good = concentration if usable.all() else concentration[:, usable]
    estimates = fit(good)
    if refined is not None:
        estimates = refined(good, estimates)
    frames = len(good) if scale is None else np.count_nonzero(scale)
    noise = xp.sqrt(estimates.sse / (frames - degrees))
    scatter, power = _scatter(good, scale, frames)
    computed = dict(estimates.values)
    # Where a descent was left on its way, the curvature is that of the place, not of the optimum.
    settled = estimates.status != FitStatus.NOT_CONVERGED
    errors = estimates.errors.items()
    computed |= {f"{n}_se": xp.where(settled & (error > 0), error * noise, np.nan) for n, error in errors}
    computed["rmse"] = xp.sqrt(estimates.sse / frames)
    # A curve that is the same in all frames has no variance to explain; that it is not exactly zero is rounding.
    varies = scatter > LEAST_VARIANCE * power
    computed["r2"] = xp.where(varies, 1 - estimates.sse / xp.where(varies, scatter, 1.0), np.nan)
    for name, values in computed.items():
        outputs[name] = xp.full_like(reason, np.nan, dtype=values.dtype)
        outputs[name][usable] = values
    outputs["fit_status"][usable] = estimates.status
    return outputs


def _scatter(curves, scale, frames: int) -> tuple:
    """(n,) sums of squares of (T, n) curves about their mean and about zero, weighted by the square of a scale."""
    xp = namespace(curves)
    root = 1.0 if scale is None else like(scale[:, None], curves)
    weighted = curves if scale is None else root * curves
    power = xp.einsum("tn,tn->n", weighted, weighted)
    total = weighted.sum(axis=0) if scale is None else (root * weighted).sum(axis=0)
    # Rounding leaves less of the difference than what counts as a variance.
    return clipped(power - total * total / frames, 0.0, np.inf), power


def _with_fits(
    model: KineticModel, plasma: Curve, sampling: FrameSampling, measured: list[Curve], means: Estimates
) -> tuple[Curve, ...]:
    """Each region's mean curve followed by the model fitted to it."""
    curves = []
    for n, curve in enumerate(measured):
        values = {name: np.nan_to_num(v[n : n + 1]) for name, v in means.values.items()}
        delay = float(values.pop("delay", np.zeros(1))[0])
        continuous = model.curve(plasma.times + delay, plasma.values, sampling.times, values)[0]
        fitted = sampling.scaled(None).frames(continuous)
        curves += [curve, Curve(curve.times, fitted, curve.unit, f"{curve.name} fit", fit_of=curve.name)]
    return tuple(curves)


def _statistics(distributions: Table, measured: list[Curve], means: Estimates) -> Table:
    """The voxels' distributions beside what the model makes of each region's mean curve."""
    row_of = {curve.name: n for n, curve in enumerate(measured)}
    names = zip(distributions.columns["region"], distributions.columns["quantity"])
    of_mean = [float(means.values[quantity][row_of[region]]) for region, quantity in names]
    columns = dict(distributions.columns)
    first = {name: columns.pop(name) for name in ("region", "quantity", "unit")}
    return Table({**first, "of mean curve": of_mean, **columns}, distributions.units, distributions.name)


def _ill_timed(plasma: Curve, measured: list[Curve], series: Series, delay: str) -> tuple[Finding, ...]:
    """Say when tissue enhances before the input does, or later than blood takes to it and no delay is fitted."""
    arrival = arrival_of_curve(plasma.times, plasma.values)
    interval = float(np.median(series.intervals))
    ahead = {curve.name: arrival - arrival_of_curve(curve.times, curve.values) for curve in measured}
    before = [f"{name} by {lead:.3g} s" for name, lead in ahead.items() if lead > 2 * interval]
    after = [f"{name} by {-lead:.3g} s" for name, lead in ahead.items() if -lead > LONGEST_TRANSIT + interval]
    findings = ()
    if before:
        text = f"the input function arrives after the tissue ({', '.join(before)}); check its times, or use delay = fit"
        findings += (Finding("W-AIF-LATE", Severity.WARN, text, plasma.name),)
    if after and delay == "none":
        text = f"the input function arrives long before the tissue ({', '.join(after)}); check its times or fit a delay"
        findings += (Finding("W-AIF-EARLY", Severity.WARN, text, plasma.name),)
    return findings
