"""Which frames are the baseline: parameters that every method on signal has, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Advanced, FrameRole, Help, Range
from ...errors import Finding, InputError, Severity, counted
from ...numerics.bolus.bolus_arrival import baseline_length
from .series_arrival import LEVELS_OF_CONTRAST, arriving_curve, first_unsteady_frames

# A baseline that was set may reach so many frames past the arrival that was found: it has an error too.
TOLERATED_FRAMES = 1
# unless the curve has risen in it by this many times its scatter before, and by this part of its height.
SMALLEST_RISE, RISEN_PART = 5.0, 0.05
# A baseline drifts that changes by this part, and by so many times the error of its slope.
DRIFT_PART, DRIFT_ERRORS, FEWEST_FOR_DRIFT = 0.03, 5.0, 5


@dataclass(frozen=True)
class BaselineParameters:
    """Where the baseline begins and ends."""

    baseline_frames: Annotated[
        int | None,
        Range(1, 500),
        Help(
            "How many first frames lie before arrival, those skipped among them; the baseline is averaged over them. "
            "Found from the bolus arrival when left empty."
        ),
        FrameRole.COUNTED_FROM_FIRST,
    ] = None
    skipped_frames: Annotated[
        int,
        Range(0, 100),
        Help("First frames that are left out everywhere, because the signal is not yet in its steady state."),
        FrameRole.SKIPPED_FIRST,
        Advanced(),
    ] = 0


@dataclass(frozen=True)
class Baseline:
    """The frames before contrast.

    frames : of the series. findings : which they are, and what is odd about them.
    """

    frames: slice
    findings: tuple[Finding, ...] = ()


def find_baseline(
    series: Series, mask: LabelMap | None, parameters: BaselineParameters, *, falling: bool = False
) -> Baseline:
    """The frames before contrast arrives, which makes the signal rise, or fall as in T2*-weighted series.

    Raises
    ------
    InputError
        ``E-NO-ARRIVAL`` when contrast does not stand out and the frames were not
        given, ``E-BASELINE`` when no frame is left before arrival.
    """
    if parameters.baseline_frames is None:
        curve, arrival = arriving_curve(series, mask, falling)
        return baseline_before(series, curve, arrival)
    baseline = _checked(slice(0, parameters.baseline_frames), series)
    return Baseline(baseline, _set_too_late(series, mask, baseline, falling))


def baseline_frames(
    series: Series, mask: LabelMap | None, parameters: BaselineParameters, *, falling: bool = False
) -> slice:
    """The frames of `find_baseline`."""
    return find_baseline(series, mask, parameters, falling=falling).frames


def baseline_before(series: Series, curve: np.ndarray, arrival: float) -> Baseline:
    """The frames before an arrival in s, by a (T,) curve that rises then."""
    unsteady = first_unsteady_frames(series, curve)
    last = unsteady + baseline_length(series.times[unsteady:], curve[unsteady:], arrival)
    frames = _checked(slice(unsteady, last), series)
    first, end = series.times[frames.start], series.times[frames.stop - 1]
    count = frames.stop - frames.start
    text = (
        f"contrast arrives at {arrival:.4g} s; the baseline is the mean of {counted(count, 'frame')} "
        f"({first:.4g} to {end:.4g} s)"
    )
    findings = [Finding("I-BASELINE", Severity.NOTE, text, series.name)]
    if unsteady:
        findings.append(_not_steady(series, curve, unsteady))
    findings += _drift(series, curve[frames], frames)
    if count == 1:
        which = "the first frame" if frames.start == 0 else f"frame {frames.start}"
        settings = f"skipped_frames = {unsteady} and " * bool(unsteady) + f"baseline_frames = {frames.stop}"
        text = (
            f"only {which} lies before the rise, so nothing shows whether contrast was there already, which would "
            f"make all values too small; set {settings} if it was acquired before the injection"
        )
        findings.append(Finding("W-BASELINE-ONE", Severity.WARN, text, series.name))
    return Baseline(frames, tuple(findings))


def _checked(frames: slice, series: Series) -> slice:
    if not frames.start < frames.stop < series.frame_count:
        raise InputError(
            "E-BASELINE",
            f"frames {frames.start} to {frames.stop - 1} were to be the baseline, of {series.frame_count} frames",
            where=series.name,
            fix="Set baseline_frames to the number of frames before contrast arrives, and skip fewer frames.",
        )
    return frames


def _set_too_late(series: Series, mask: LabelMap | None, baseline: slice, falling: bool) -> tuple[Finding, ...]:
    """Say when the frames that were set reach into contrast."""
    try:
        curve, arrival = arriving_curve(series, mask, falling)
    except InputError:
        return ()  # Where no arrival stands out, the setting is what there is.
    unsteady = first_unsteady_frames(series, curve)
    findings = (_not_steady(series, curve, unsteady),) if unsteady else ()
    reached = int(np.searchsorted(series.times, arrival, side="right"))
    if baseline.stop <= reached + TOLERATED_FRAMES and not _has_risen(curve, max(reached, 1), baseline.stop):
        return findings
    text = (
        f"baseline_frames takes {counted(baseline.stop, 'frame')}, to {series.times[baseline.stop - 1]:.4g} s, "
        f"for the baseline, "
        f"and contrast arrives at {arrival:.4g} s, after {reached}: all values become too small"
    )
    return (*findings, Finding("W-BASELINE-LATE", Severity.WARN, text, series.name))


def _has_risen(curve: np.ndarray, reached: int, stop: int) -> bool:
    """Whether the last of the frames that were set shows contrast, although it lies within the error of arrival."""
    before = curve[:reached]
    rise = curve[reached:stop].max(initial=before.mean()) - before.mean()
    return rise > max(SMALLEST_RISE * before.std(), RISEN_PART * (curve.max() - before.mean()))


def _drift(series: Series, level: np.ndarray, frames: slice) -> tuple[Finding, ...]:
    """Say when the baseline goes up or down from its beginning to its end."""
    if len(level) < FEWEST_FOR_DRIFT or series.unit in LEVELS_OF_CONTRAST or not level.mean():
        return ()
    since = series.times[frames] - series.times[frames].mean()
    slope = since @ level / (since @ since)
    rest = level - level.mean() - slope * since
    error = np.sqrt(rest @ rest / (len(level) - 2) / (since @ since))
    change = slope * np.ptp(since) / level.mean()
    if abs(change) <= DRIFT_PART or abs(slope) <= DRIFT_ERRORS * error:
        return ()
    text = (
        f"the baseline is not level: it changes by {100 * change:+.2g} % from its first frame to its last; the signal "
        "may not be in its steady state (skipped_frames leaves first frames out everywhere), or the patient moved"
    )
    return (Finding("W-BASELINE-DRIFT", Severity.WARN, text, series.name),)


def _not_steady(series: Series, curve: np.ndarray, count: int) -> Finding:
    ratio = abs(curve[0] / curve[count : count + 3].mean())
    frames = "the first frame is" if count == 1 else f"the first {count} frames are {'up' if ratio > 1 else 'down'} to"
    text = (
        f"{frames} {ratio:.3g} times as bright as those after, so not yet in the steady state; "
        f"set skipped_frames = {count} to leave {'it' if count == 1 else 'them'} out everywhere"
    )
    return Finding("W-STEADY-STATE", Severity.WARN, text, series.name)
