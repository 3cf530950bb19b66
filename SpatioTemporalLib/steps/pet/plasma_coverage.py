"""Whether a plasma input was measured while the series was."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve
from ...errors import Finding, InputError, Severity, counted

MISSED_TOLD, MISSED_REFUSED = 0.01, 0.1  # part of the input's area that may be missing before its first sample
APART = 60.0  # s by which tissue may come before or after plasma that was sampled at the wrist
SHOWS = 0.1  # part of the largest mean activity that is uptake
# Tissue holds at least what is trapped, which grows as the input's area does: where a fifth of that has passed,
# less than a quarter of what that part would bring is no uptake.
PASSED, EXPECTED = 0.2, 0.25
CLOCK = "Both must count from the same time zero, the injection: add the difference to the times of one of them."


def plasma_findings(plasma: Curve, mean: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[Finding, ...]:
    """What is odd about how an input covers the frames.

    Parameters
    ----------
    plasma : Curve
    mean : (T,) mean activity of the series. starts, ends : (T,) s of its frames.

    Raises
    ------
    InputError
        ``E-AIF-SHORT`` when it ends before the middle of the last frame,
        ``E-AIF-LATE`` when its beginning was not measured, ``E-AIF-CLOCK`` when
        tissue and plasma cannot share a time zero.
    """
    findings = _end(plasma, starts, ends)
    area = float(np.trapezoid(np.maximum(plasma.values, 0.0), plasma.times))
    if not area > 0:
        raise InputError(
            "E-AIF-FLAT",
            f"holds {counted(len(plasma.times), 'sample')} with no area under them",
            where=plasma.name,
            fix="Give the activity over time, two samples or more.",
        )
    missed = max(float(plasma.values[0]), 0.0) * max(plasma.times[0] - min(starts[0], 0.0), 0.0)
    if missed > MISSED_REFUSED * area:
        raise InputError(
            "E-AIF-LATE",
            f"begins at {plasma.times[0]:g} s with {plasma.values[0]:.3g} {plasma.unit}; what was in plasma from "
            "injection until then is needed too",
            where=plasma.name,
            fix="Give the curve from injection on (time zero). " + CLOCK,
        )
    if missed > MISSED_TOLD * area:
        text = f"begins at {plasma.times[0]:g} s with {plasma.values[0]:.3g} {plasma.unit}; before, it is taken as zero"
        findings = (*findings, Finding("W-AIF-START", Severity.WARN, text, plasma.name))
    _require_one_clock(plasma, mean, starts, ends)
    return findings


def _end(plasma: Curve, starts: np.ndarray, ends: np.ndarray) -> tuple[Finding, ...]:
    last = float(plasma.times[-1])
    if last >= ends[-1]:
        return ()
    if last < (starts[-1] + ends[-1]) / 2:
        raise InputError(
            "E-AIF-SHORT",
            f"ends at {last:g} s and does not cover the series, whose last frame is from {starts[-1]:g} to "
            f"{ends[-1]:g} s",
            where=plasma.name,
            fix="Give samples up to the end of the last frame (in s, or with the unit in the heading), or leave out "
            "the frames after it. " + CLOCK,
        )
    text = f"ends {ends[-1] - last:.3g} s before the last frame does; its last value was held"
    return (Finding("W-AIF-SHORT", Severity.WARN, text, plasma.name),)


def _require_one_clock(plasma: Curve, mean: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> None:
    positive = np.maximum(plasma.values, 0.0)
    running = np.concatenate([[0.0], np.cumsum((positive[1:] + positive[:-1]) / 2 * np.diff(plasma.times))])
    arrival = plasma.times[np.argmax(running > 1e-3 * running[-1])]
    largest = float(np.nanmax(mean))
    early = np.flatnonzero((ends + APART <= arrival) & (mean > SHOWS * largest))
    if early.size:
        raise InputError(
            "E-AIF-CLOCK",
            f"shows no tracer before {arrival:g} s, but the series does in the frame from {starts[early[0]]:g} to "
            f"{ends[early[0]]:g} s",
            where=plasma.name,
            fix=CLOCK,
        )
    # Of what enters during the whole series: a scan may end long before the blood samples do.
    whole = max(float(np.interp(ends[-1], plasma.times, running, left=0.0)), 1e-9 * running[-1])
    entered = np.interp(starts - APART, plasma.times, running, left=0.0) / whole
    late = np.flatnonzero((entered > PASSED) & (mean < EXPECTED * entered * largest))
    if late.size:
        raise InputError(
            "E-AIF-CLOCK",
            f"{100 * entered[late[0]]:.0f} % of it has passed by {starts[late[0]]:g} s, when the series shows hardly "
            "anything yet",
            where=plasma.name,
            fix=CLOCK,
        )
