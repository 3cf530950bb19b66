"""When the frames of a dynamic PET series begin and end."""

from __future__ import annotations

import numpy as np

from ...data.series import Series
from ...errors import Finding, InputError, Severity

ROUNDED = 0.01  # part of a frame by which it may reach into the next
WHOLE_SECOND = 1.0  # s, by which clocks without fractions are off
SHORTEST_OVERLAP = 0.01  # s
SHORTEST_SCAN = 90.0  # s; those of the first pass of water last two minutes
GAP = 0.01  # part of a frame; shorter gaps are rounding too
MISSED_TOLD, MISSED_REFUSED = 0.02, 0.1  # part of an integral from injection that may lie before the first frame


def checked_durations(series: Series) -> tuple[np.ndarray | None, tuple[Finding, ...]]:
    """(T,) durations in s that do not overlap, or None where they are not known, and what was odd about them.

    Raises
    ------
    InputError
        ``E-TIME-OVERLAP`` when a frame lasts longer than until the next begins.
    """
    durations, steps = series.durations, series.intervals
    if durations is None:
        text = (
            "how long the frames last is not known (no FrameDuration or ActualFrameDuration); each is taken to last "
            "until the next, the last as long as the one before"
        )
        return None, (Finding("W-TIME-DURATION", Severity.WARN, text, series.name),)
    over = durations[:-1] - steps
    whole = not np.any(series.times % 1)
    allowed = np.maximum(ROUNDED * steps, WHOLE_SECOND * 1.01 if whole else 0.0)
    too_far = np.flatnonzero(over > np.minimum(allowed, 0.5 * durations[:-1]))
    if too_far.size:
        raise _overlap(series, int(too_far[0]))
    findings = _gaps(series, -over, whole)
    if over.max(initial=0.0) > SHORTEST_OVERLAP:
        text = f"frames reach up to {over.max():.3g} s into the next, taken as rounding; they end where it begins"
        findings = (*findings, Finding("R-TIME-OVERLAP", Severity.REPAIR, text, series.name))
    return np.append(np.minimum(durations[:-1], steps), durations[-1]), findings


def short_findings(series: Series, durations: np.ndarray | None) -> tuple[Finding, ...]:
    """Say when the whole series is so short that its times may be minutes."""
    whole = float(series.times[-1] - series.times[0]) + (0.0 if durations is None else float(durations[-1]))
    if whole >= SHORTEST_SCAN:
        return ()
    text = f"all frames together last {whole:.4g} s, which is short for dynamic PET; are the times in minutes?"
    return (Finding("W-TIME-SHORT", Severity.WARN, text, series.name),)


def _overlap(series: Series, frame: int) -> InputError:
    lasts, until = series.durations[frame], series.intervals[frame]
    in_ms = np.median(series.durations[:-1] / series.intervals) > 100
    return InputError(
        "E-TIME-OVERLAP",
        f"frame {frame} begins at {series.times[frame]:g} s and lasts {lasts:g} s, but the next begins {until:g} s "
        f"later{'; are the durations in milliseconds?' if in_ms else ''}",
        where=series.name,
        fix="Correct FrameDuration or FrameTimesStart, in seconds: frames of a dynamic series follow one another.",
    )


def _gaps(series: Series, gaps: np.ndarray, whole: bool) -> tuple[Finding, ...]:
    wide = np.flatnonzero(gaps > np.maximum(GAP * series.durations[:-1], WHOLE_SECOND * 1.01 if whole else 0.0))
    if not wide.size:
        return ()
    first = wide[0]
    text = (
        f"{len(wide)} gaps of {gaps[wide].min():.4g} to {gaps[wide].max():.4g} s lie between frames, the first after "
        f"frame {first} at {series.times[first]:.6g} s; each frame counts for its own duration"
    )
    return (Finding("W-TIME-GAP", Severity.WARN, text, series.name),)


def from_injection(series: Series, mean: np.ndarray, starts: np.ndarray, area: float, what: str) -> tuple[Finding, ...]:
    """What is missing before the first frame, where the integral from time zero on is needed.

    Parameters
    ----------
    mean : (T,) mean activity. starts : (T,) s.
    area : float   Integral of the mean over the frames, its unit times s.
    what : str     For the message: what needs the integral.

    Raises
    ------
    InputError
        ``E-TIME-LATE`` when the first frame begins long after time zero.
    """
    missed = starts[0] * abs(float(mean[0]))
    if missed <= MISSED_TOLD * area:
        return ()
    text = f"the first frame begins {starts[0]:g} s after time zero (injection), with activity in it already; {what} "
    if missed <= MISSED_REFUSED * area:
        text += "needs the activity from injection on, which is taken as zero before"
        return (Finding("W-TIME-LATE", Severity.WARN, text, series.name),)
    raise InputError(
        "E-TIME-LATE",
        f"{text}needs the activity from injection on",
        where=series.name,
        fix="Give the whole series from injection on; late frames alone suffice for kinetics.patlak_plot.",
    )
