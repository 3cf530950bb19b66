"""Events that a run does not hold, or not wholly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.events import Events
from ...data.series import Series
from ...errors import Finding, InputError, Severity, counted

EARLY_S = -24.0


def checked_events(events: Events, series: Series) -> tuple[Events, tuple[Finding, ...]]:
    """The events that fall into a run, and what was odd about the others.

    Raises
    ------
    InputError
        ``E-EVENTS`` when none does: onsets may be in frames, or those of another run.
    """
    interval = float(np.median(np.diff(series.times)))
    length = float(series.times[-1]) + interval
    late, early = events.onsets >= length, events.onsets + events.durations <= EARLY_S
    kept = ~(late | early)
    if not kept.any():
        raise InputError(
            "E-EVENTS",
            f"onsets go from {events.onsets.min():g} to {events.onsets.max():g} s, the series from 0 to {length:g} s",
            where=events.name,
            fix="Give onsets in seconds from the first frame of this run.",
        )
    findings = []
    if not kept.all():
        text = f"{counted(int((~kept).sum()), 'event')} of {len(kept)} lie outside of the series, 0 to {length:g} s"
        findings.append(Finding("W-EVENTS-OUTSIDE", Severity.MASK, text, events.name))
    before = int((kept & (events.onsets < 0)).sum())
    if before:
        text = f"{counted(before, 'event')} began before the first frame"
        findings.append(Finding("W-EVENTS-BEFORE", Severity.WARN, text, events.name))
    cut = int((kept & (events.onsets + events.durations > length)).sum())
    if cut:
        text = f"{counted(cut, 'event')} went on after the last frame"
        findings.append(Finding("W-EVENTS-CUT", Severity.WARN, text, events.name))
    lost = sorted(set(events.conditions) - {name for name, own in zip(events.conditions, kept) if own})
    if lost:
        text = f"no event of {', '.join(lost)} is left"
        findings.append(Finding("W-EVENTS-OUTSIDE", Severity.MASK, text, events.name))
    if kept.all():
        return events, tuple(findings)
    conditions = tuple(name for name, own in zip(events.conditions, kept) if own)
    part = {field: getattr(events, field)[kept] for field in ("onsets", "durations", "amplitudes")}
    return replace(events, conditions=conditions, **part), tuple(findings)
