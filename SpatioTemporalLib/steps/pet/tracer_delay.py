"""Tracers that reach the tissue later, or earlier, than the place where blood was sampled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...data.volumes import LabelMap
from ...errors import Finding, Severity
from ..kinetics.delay import DelayParameters, cost_of, delayed_fit, edge_findings, sampled_voxels, shared_delay
from ..kinetics.kinetic_model import DelayedPreparation, Estimates, KineticModel
from ..voxels.fit_status import FitStatus
from .pet_series import PetFrames
from .tracer_fit import Tracer

# From the delay of blood in s: what fits (T, n) curves times the roots of the weights, and the (T,) model of estimates.
AtDelay = Callable[[float], tuple[Callable[[np.ndarray], Estimates], Callable[[dict], np.ndarray]]]


def delayed_tracer(
    names: tuple[str, ...],
    at_delay: AtDelay,
    data: tuple[Series, LabelMap | None, PetFrames, Curve],
    parameters: DelayParameters,
    *,
    cost: float = 10.0,
    with_delays: DelayedPreparation | None = None,
) -> tuple[Tracer, tuple[Finding, ...]]:
    """A tracer's model with the delay that was asked for, and the delay that all voxels share if it was that.

    data : series, mask, its frames, and the plasma input that `at_delay` moves. cost : microseconds that a voxel takes
    without a delay. with_delays : see `KineticModel`.
    """
    series, mask, frames, plasma = data
    at_delay = functools.lru_cache(maxsize=512)(at_delay)

    def prepared(times, values, sampling):
        return at_delay(float(times[0] - plasma.times[0]))[0]

    model = KineticModel(dict.fromkeys(names, ""), len(names), prepared, curve=None, with_delays=with_delays, cost=cost)
    # Frames are short where the input rises; that is where a delay shows.
    interval = float(frames.durations.min())
    moved, told = 0.0, ()
    if parameters.delay == "shared":
        moved = _of_all(model, data, parameters, interval)
        text = f"one delay for all voxels: {moved:.3g} s"
        told = (Finding("I-DELAY", Severity.NOTE, text, series.name), *edge_findings(moved, parameters, series.name))
    # With any other choice than "fit" this is the fit at the delay the input has.
    fit = delayed_fit(
        model, replace(plasma, times=plasma.times + moved), frames.sampling, parameters, interval=interval
    )

    def curve(measured, values):
        return at_delay(values.get("delay", moved))[1](values) / frames.roots

    shown = (*names, "delay") if parameters.delay == "fit" else names
    return Tracer(shown, fit, curve, cost_of(model, parameters)), told


def voxels_at_edge(result: dict, parameters: DelayParameters, name: str) -> tuple[Finding, ...]:
    """That fitted voxels of a result have delays where the search ends; a voxel without uptake tells no delay."""
    at_edge = result["fit_status"].values == FitStatus.DELAY_AT_LIMIT
    return edge_findings(result["delay"][at_edge], parameters, name) if "delay" in result and at_edge.any() else ()


def _of_all(model: KineticModel, data: tuple, parameters: DelayParameters, interval: float) -> float:
    series, mask, frames, plasma = data
    index = sampled_voxels(series, mask)
    curves = frames.activity(np.asarray(series.values.reshape(series.frame_count, -1)[:, index], float))
    curves = curves[:, np.isfinite(curves).all(axis=0)]
    if not curves.size:
        return 0.0
    return shared_delay(model, plasma, frames.sampling, parameters, curves=curves, interval=interval)
