"""Graphical analyses of tracers: lines through late frames, as maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.series import Series
from ...declare import Help, Range, Unit
from ...errors import Finding, InputError, counted
from ...numerics.kinetics.graphical_analysis import Line, fitted_line, frame_integrals
from ..kinetics.kinetic_model import Estimates
from ..voxels.fit_status import FitStatus
from .pet_series import PetFrames, PetParameters
from .pet_timing import from_injection
from .tracer_fit import Tracer

FEWEST_FRAMES = 3


@dataclass(frozen=True)
class GraphicalParameters(PetParameters):
    """Where the line begins."""

    linear_from: Annotated[
        float,
        Unit("min"),
        Range(0, 600),
        Help("t*: frames whose middle is later than this after injection lie on the line."),
    ] = 30.0


def late_weights(series: Series, frames: PetFrames, linear_from: float) -> np.ndarray:
    """(T,) weights of the frames, zero before t* in minutes.

    Raises
    ------
    InputError
        ``E-FRAMES`` when fewer than three frames are left.
    """
    since = frames.middles
    late = since >= 60 * linear_from
    if late.sum() < FEWEST_FRAMES:
        raise InputError(
            "E-FRAMES",
            f"{counted(late.sum(), 'frame lies', 'frames lie')} after t* = {linear_from:g} min, the last at "
            f"{since[-1] / 60:.3g} min after time "
            f"zero (injection); "
            f"{FEWEST_FRAMES} or more are needed",
            where=series.name,
            fix="Let the line begin earlier (linear_from).",
        )
    return late * frames.roots**2


def whole_curve_findings(series: Series, frames: PetFrames, what: str) -> tuple[Finding, ...]:
    """Refuse frames that all lie late, where activity since injection is needed; tell of a little that is missing."""
    area = float(frame_integrals(frames.mean[:, None], frames.starts, frames.ends)[-1, 0])
    return from_injection(series, frames.mean, frames.starts, area, what)


def logan_tracer(name: str, driving: np.ndarray, frames: PetFrames, weights: np.ndarray) -> Tracer:
    """The plot of ``int C / C`` against ``driving / C``, whose slope is the result.

    driving : (T,) integral of the input up to each frame's middle, kBq s / mL.
    """

    def line_of(activity: np.ndarray) -> Line:
        positive = np.where(activity > 0, activity, np.nan)
        return fitted_line(
            driving[:, None] / positive, frame_integrals(activity, frames.starts, frames.ends) / positive, weights
        )

    def model(activity: np.ndarray, slope, intercept) -> np.ndarray:
        integral = frame_integrals(activity, frames.starts, frames.ends)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(weights[:, None] > 0, (integral - slope * driving[:, None]) / intercept, np.nan)

    def fit(activity):
        line = line_of(activity)
        fitted = model(activity, line.slope, line.intercept)
        return graphical_estimates({name: line.slope}, {name: line.slope_error}, activity, fitted)

    def curve(activity, values):
        line = line_of(activity[:, None])
        return model(activity[:, None], line.slope, line.intercept)[:, 0]

    return Tracer((name,), fit, curve)


def graphical_estimates(values: dict, errors: dict, activity: np.ndarray, fitted: np.ndarray) -> Estimates:
    """Estimates of a line; the sum of squares is that of activity, brought from the late frames to all."""
    used = np.isfinite(fitted).any(axis=1)
    residual = np.where(used[:, None], activity - fitted, 0.0)
    sse = (residual**2).sum(axis=0) * len(activity) / max(used.sum(), 1)
    found = np.isfinite(next(iter(values.values())))
    status = np.where(found, FitStatus.FITTED, FitStatus.NO_UPTAKE).astype(np.uint8)
    return Estimates(values, errors, np.where(found, sse, np.nan), status)


def reference_activity(series: Series, reference_mask, frames: PetFrames) -> np.ndarray:
    """(T,) mean activity of a reference region in kBq/mL.

    Raises
    ------
    InputError
        ``E-REFERENCE`` when it has no finite voxels or no activity.
    """
    chosen = np.flatnonzero(reference_mask.foreground)
    curves = np.stack([np.asarray(frame).reshape(-1)[chosen] for frame in series.values]).astype(float)
    finite = np.isfinite(curves).all(axis=0)
    mean = frames.activity(curves[:, finite]).mean(axis=1) if finite.any() else np.zeros(len(curves))
    if not mean.max() > 0:
        raise InputError(
            "E-REFERENCE",
            f"none of the {chosen.size} voxels of the reference shows activity",
            where=reference_mask.name,
            fix="Draw the reference in tissue without specific binding, as the cerebellum.",
        )
    return mean
