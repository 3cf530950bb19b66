"""Fits whose input reaches the tissue later than it was measured, and fits whose frames count differently."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Advanced, Choices, FrameRole, Help, Range, Unit
from ...errors import Finding, InputError, Severity, counted
from ...numerics.arrays import like
from ...numerics.kinetics.delayed_fit import best_delays, best_shared_delay
from ...numerics.least_squares.exponential_pairs.delay_search import Delays
from ...numerics.signal.frame_sampling import FrameSampling
from ..arrival.series_arrival import changing_voxels
from ..voxels.fit_status import FitStatus
from .kinetic_model import Estimates, KineticModel

LARGEST_SAMPLE = 2000  # voxels that determine a shared delay
# By how much a delay of its own makes the fit of a voxel longer, roughly: fits at one delay after the other, or with
# tables that delays share.
DELAYS_TRIED, SHARED_TABLES = 40, 6
Fit = Callable[[np.ndarray], Estimates]


@dataclass(frozen=True)
class DelayParameters:
    """Whether the time between artery and tissue is fitted."""

    delay: Annotated[
        str,
        Choices("none", "fit", "shared"),
        Help(
            "How much later than the input function the tissue is reached. fit: estimated for each voxel, slower; "
            "shared: one delay, the best for the region as a whole, or for the voxels that change most."
        ),
    ] = "none"
    largest_delay: Annotated[
        float, Unit("s"), Range(0.5, 60), Help("The delay is searched from minus this to plus this."), Advanced()
    ] = 10.0


@dataclass(frozen=True)
class FrameWeightParameters:
    """How much each frame counts."""

    frame_weights: Annotated[
        tuple[float, ...] | None,
        Range(0, 1e9),
        Help(
            "Weights of the squared residuals, one a frame, comma-separated; 0 leaves a frame out. "
            "All frames count the same when left empty."
        ),
        FrameRole.WEIGHTS,
        Advanced(),
    ] = None


def frame_scale(series: Series, parameters: FrameWeightParameters) -> np.ndarray | None:
    """(T,) roots of the frames' weights, whose mean over the frames that count is one; None for equal weights.

    Raises
    ------
    InputError
        ``E-WEIGHTS`` when there is not one for each frame, or fewer than three are above zero.
    """
    if parameters.frame_weights is None:
        return None
    weights = np.array(parameters.frame_weights, dtype=float)
    if len(weights) != series.frame_count or np.count_nonzero(weights) < 3:
        raise InputError(
            "E-WEIGHTS",
            f"{series.frame_count} weights were expected, three or more of them above zero; found {len(weights)}, "
            f"of which {np.count_nonzero(weights)} above zero",
            where=series.name,
            fix="Give one number for each frame in frame_weights, or leave it empty.",
        )
    return np.sqrt(weights / weights[weights > 0].mean())


def delayed_fit(model: KineticModel, plasma: Curve, sampling: FrameSampling, parameters, *, interval: float) -> Fit:
    """The model's fit, with the best delay of the input for each curve where that is asked for.

    interval : s, typical of the frames; the delay is scanned in halves of it.
    """
    fit_at = _fit_at_delay(model, plasma, sampling)
    if parameters.delay != "fit":
        return fit_at(0.0)
    grid = _grid(interval, parameters)
    if model.with_delays is not None:
        return _fit_with_delays(model, plasma, sampling, parameters, Delays.between(**grid))

    def fit(curves: np.ndarray) -> Estimates:
        delays = best_delays(curves, lambda c, d: fit_at(d)(c).sse, **grid)
        parts = [(chosen := np.flatnonzero(delays == d), fit_at(d)(curves[:, chosen])) for d in np.unique(delays)]
        joined = _joined(parts, curves.shape[1])
        joined.values["delay"] = delays
        return _edges_told(joined, parameters)

    return fit


def _fit_with_delays(model: KineticModel, plasma: Curve, sampling: FrameSampling, parameters, delays: Delays) -> Fit:
    fit = model.with_delays(plasma.times, plasma.values, sampling, delays)
    scale = 1.0 if sampling.scale is None else sampling.scale[:, None]
    return lambda curves: _edges_told(fit(curves * scale), parameters)


def _edges_told(found: Estimates, parameters: DelayParameters) -> Estimates:
    at_edge = _at_edge(found.values["delay"], parameters)
    found.status[at_edge & (found.status == FitStatus.FITTED)] = FitStatus.DELAY_AT_LIMIT
    return found


def cost_of(model: KineticModel, parameters: DelayParameters) -> float:
    """Microseconds that a voxel takes, roughly."""
    if parameters.delay != "fit":
        return model.cost
    return model.cost * (DELAYS_TRIED if model.with_delays is None else SHARED_TABLES)


def shared_delay(
    model: KineticModel, plasma: Curve, sampling: FrameSampling, parameters, *, curves: np.ndarray, interval: float
) -> float:
    """The delay in s with which the model fits (T, n) curves best as a whole."""
    fit_at = _fit_at_delay(model, plasma, sampling)
    return best_shared_delay(curves, lambda c, d: fit_at(d)(c).sse, **_grid(interval, parameters))


def edge_findings(delays, parameters: DelayParameters, name: str) -> tuple[Finding, ...]:
    """That delays in s lie where the search ends, so that the true ones may lie beyond."""
    at_edge = _at_edge(delays, parameters)
    if not at_edge.any():
        return ()
    many = f"the delay of {counted(np.count_nonzero(at_edge), 'voxel')}" if np.ndim(delays) else "the delay"
    text = (
        f"{many} lies at the edge of the search, {parameters.largest_delay:g} s: the true one may be larger; raise "
        "largest_delay, and check that input and series count from the same time zero"
    )
    return (Finding("W-DELAY-EDGE", Severity.WARN, text, name),)


def sampled_voxels(series: Series, mask: LabelMap | None) -> np.ndarray:
    """Flat indices, evenly spread over the mask, or over the voxels that change most."""
    frames = series.values.reshape(series.frame_count, -1)
    index = np.sort(changing_voxels(frames)) if mask is None else np.flatnonzero(mask.foreground)
    return index[:: max(1, int(np.ceil(len(index) / LARGEST_SAMPLE)))]


def _fit_at_delay(model: KineticModel, plasma: Curve, sampling: FrameSampling) -> Callable[[float], Fit]:
    scale = sampling.scale

    @functools.lru_cache(maxsize=512)
    def fit_at(delay: float) -> Fit:
        fit = model.prepare(plasma.times + delay, plasma.values, sampling)
        return fit if scale is None else lambda curves: fit(curves * like(scale[:, None], curves))

    return fit_at


def _at_edge(delays, parameters: DelayParameters) -> np.ndarray:
    return np.abs(np.asarray(delays)) >= parameters.largest_delay * (1 - 1e-6)


def _grid(interval: float, parameters: DelayParameters) -> dict[str, float]:
    reach = parameters.largest_delay
    return {"low": -reach, "high": reach, "step": min(max(interval / 2, reach / 20), reach)}


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
