"""Which DICOM tag tells the frames of a series apart in time, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ....errors import Finding, InputError, Severity, counted
from ...images.image import Clock
from ..headers.clocks import (
    ABSOLUTE,
    DAY,
    FRAME_MIDDLE,
    IMAGE_NUMBER,
    LISTED,
    MICROSECONDS,
    ORDER_ONLY,
    PRECEDENCE,
    SERIES_NUMBER,
    SERIES_TIME,
)
from ..headers.frames import Frame
from ..headers.grid import Slice
from .pet import series_time, tracer_times

# Two clocks that run apart by more than this share of an interval disagree.
CLOCK_TOLERANCE = 0.1
# The time of day falls back by nearly a day only at midnight.
HALF_DAY = DAY // 2
PAST_MIDNIGHT = "runs past midnight without a date that says so"
# These put frames in the order in which they were filed, which is told.
GUESSED = (LISTED, SERIES_NUMBER, IMAGE_NUMBER)
# Clocks that may rightly run otherwise.
LAST_RESORTS = {
    "ContentTime": "when an image was stored, which need not be when it was taken",
    SERIES_TIME: "when each series began, which need not be when its images were taken",
}


@dataclass(frozen=True)
class Resolved:
    """Frames in order, volume by volume, and their times.

    volumes : T lists of K frames. clock : None when no tag gives times, with
    the reason in `why_not`. durations : of the volumes, s, or None.
    facts : of the tracer, for an `Acquisition`.
    """

    volumes: list[list[Frame]]
    clock: Clock | None
    why_not: str
    findings: list[Finding]
    durations: tuple[float, ...] | None = None
    facts: dict[str, object] = field(default_factory=dict)


def resolve_times(slices: list[Slice], name: str, *, given_times: bool) -> Resolved:
    """Order the frames of a full grid and find their times.

    A tag counts only if it tells the frames at every place apart and no volume
    begins before the one before it ended. When a volume's slices have different
    times, its first is taken.

    Parameters
    ----------
    given_times : bool
        The user gives the times; a tag that only orders the frames is enough.
    """
    accepted, rejected = {}, {}
    for tag in PRECEDENCE:
        starts, why = volume_starts(slices, tag)
        (rejected if starts is None else accepted)[tag] = why if starts is None else starts
    for tag, starts in accepted.items():
        findings = _midnight(starts, tag, name) + _disagreements(accepted, tag, name) + _last_resort(tag, name)
        volumes = _ordered(slices, tag)
        origin = _origin(starts, tag, volumes[0][0])
        return _since_injection(Resolved(volumes, _clock(starts, tag), "", findings), origin, name)
    if not given_times and any(why == PAST_MIDNIGHT for why in rejected.values()):
        raise _ambiguous_midnight(rejected, name)
    reasons = "; ".join(f"{tag}: {why}" for tag, why in rejected.items() if why)
    order = next((tag for tag in ORDER_ONLY if _orders(slices, tag)), None)
    if order is None and given_times:
        raise InputError(
            "E-DICOM-ORDER",
            f"no tag says in which order the frames were taken ({reasons or 'there is none at all'})",
            where=name,
            fix="Convert the series to .nii.gz in the right order of frames, then give the times.",
        )
    why = reasons or "no tag with a time"
    if order == FRAME_MIDDLE:
        why += "; FrameReferenceTime is the middle of a frame, and no ActualFrameDuration tells its start"
    volumes = _ordered(slices, order) if order else [[s.frames[0] for s in slices]]
    text = f"no tag says when the frames were taken; they are in the order of {order}"
    findings = [Finding("W-DICOM-ORDER", Severity.WARN, text, name)] if order in GUESSED else []
    return _since_injection(Resolved(volumes, None, why, findings), None, name)


def _orders(slices: list[Slice], tag: str) -> bool:
    """Whether a tag puts the frames in order; numbers of images also where they run slice by slice."""
    if volume_starts(slices, tag)[0] is not None:
        return True
    numbers = [sorted(frame.clocks.get(tag, np.nan) for frame in s.frames) for s in slices]
    table = np.array(numbers, dtype=float) if tag == IMAGE_NUMBER else np.empty((0, 0))
    # Every place counts alike, so that the numbers rise with time and not by chance.
    offsets = table - table[:, :1]
    return bool(table.size) and bool((np.diff(table, axis=1) > 0).all()) and bool((offsets == offsets[0]).all())


def _clock(starts: np.ndarray, tag: str) -> Clock:
    halved = ", less half of the frame's duration" if tag == "FrameReferenceTime" else ""
    return Clock(tuple(_seconds(starts, tag)), f"DICOM {tag}{halved}")


def _origin(starts: np.ndarray, tag: str, first: Frame) -> int | None:
    """Microseconds on the calendar of zero on the clock that `_seconds` gives, None where it is no clock of the day."""
    if tag == "FrameReferenceTime":
        return series_time(first.header)
    return int(starts[0]) if tag in ABSOLUTE else None


def _since_injection(resolved: Resolved, origin: int | None, name: str) -> Resolved:
    """The same frames with their durations, times of PET counted from the injection where files say when that was."""
    durations = [{frame.duration for frame in volume} for volume in resolved.volumes]
    known = all(len(lasts) == 1 and None not in lasts for lasts in durations)
    seconds = tuple(lasts.pop() / MICROSECONDS for lasts in durations) if known else None
    resolved = replace(resolved, durations=seconds)
    clock = resolved.clock
    tracer = tracer_times(resolved.volumes[0][0], origin, clock.seconds[-1] if clock else 0.0, name)
    if tracer is None:
        return resolved
    if clock is None:
        return replace(resolved, facts=tracer.facts())
    findings = [*resolved.findings, *tracer.findings]
    if tracer.injection:
        source = f"{clock.source}, since RadiopharmaceuticalStartTime"
        clock = Clock(tuple(time - tracer.injection for time in clock.seconds), source)
        when = "before" if tracer.injection < 0 else "after the beginning of"
        text = (
            "frame times count from the injection (RadiopharmaceuticalStartTime), which was "
            f"{abs(tracer.injection):.6g} s {when} the first frame"
        )
        findings.append(Finding("I-TIME-INJECTION", Severity.NOTE, text, name))
    return replace(resolved, clock=clock, facts=tracer.facts(), findings=findings)


def volume_starts(slices: list[Slice], tag: str) -> tuple[np.ndarray | None, str]:
    """First clock of each volume, or None with the reason (empty when the tag is absent)."""
    clocks = [[frame.clocks.get(tag) for frame in s.frames] for s in slices]
    missing = sum(clock is None for place in clocks for clock in place)
    if missing:
        return None, "" if missing == sum(map(len, clocks)) else f"missing in {counted(missing, 'image')}"
    table = np.sort(np.array(clocks, dtype=np.float64 if tag not in ABSOLUTE else np.int64), axis=1)
    if (table[:, 1:] == table[:, :-1]).any():
        return None, "the same for different frames"
    days = set(np.unique(table // DAY).tolist()) if tag in ABSOLUTE else set()
    if len(days) > 1 and 0 in days:
        return None, "has a date in some images only"
    if len(days) == 1 and np.ptp(table) >= HALF_DAY:
        return None, PAST_MIDNIGHT
    starts, ends = table.min(axis=0), table.max(axis=0)
    if (starts[1:] <= ends[:-1]).any():
        return None, "runs slice by slice, not volume by volume"
    return starts, ""


def _ordered(slices: list[Slice], tag: str) -> list[list[Frame]]:
    places = [sorted(s.frames, key=lambda frame: frame.clocks[tag]) for s in slices]
    return [list(volume) for volume in zip(*places)]


def _seconds(starts: np.ndarray, tag: str) -> list[float]:
    # Clocks of the scanner's day would carry the date of the examination along.
    return ((starts - starts[0] if tag in ABSOLUTE else starts) / MICROSECONDS).tolist()


def _midnight(starts: np.ndarray, tag: str, name: str) -> list[Finding]:
    if tag not in ABSOLUTE or starts[0] // DAY == starts[-1] // DAY:
        return []
    text = f"the examination ran past midnight; {tag} was continued by its date"
    return [Finding("R-TIME-MIDNIGHT", Severity.REPAIR, text, name)]


def _last_resort(tag: str, name: str) -> list[Finding]:
    if tag not in LAST_RESORTS:
        return []
    text = f"frame times come from {tag}, for want of any other: it says {LAST_RESORTS[tag]}"
    return [Finding("W-TIME-CONTENT", Severity.WARN, text, name)]


def _ambiguous_midnight(rejected: dict[str, str], name: str) -> InputError:
    tag = next(tag for tag, why in rejected.items() if why == PAST_MIDNIGHT)
    return InputError(
        "E-TIME-MIDNIGHT",
        f"{tag} falls back by nearly a day: the examination ran past midnight, "
        "and no date says which frames came after",
        where=name,
        fix="Give the frame times (times=[...], --times) in the order of the frames.",
    )


def _disagreements(accepted: dict[str, np.ndarray], used: str, name: str) -> list[Finding]:
    mine = _relative(accepted[used])
    steps = np.diff(mine)
    interval = float(np.median(steps)) if len(mine) > 1 else 0.0
    # Frames that become longer, as those of PET do, are compared each by its own length.
    lengths = np.maximum(np.append(steps, 0.0), np.append(0.0, steps))
    findings = []
    for tag, starts in accepted.items():
        theirs = _relative(starts)
        allowed = CLOCK_TOLERANCE * np.maximum(interval, lengths)
        if tag == "FrameReferenceTime" and not np.any(mine % 1):
            # Scanners that write whole seconds; the middle of a frame is exact.
            allowed = np.maximum(allowed, 1.0)
        if tag == used or tag in LAST_RESORTS or (np.abs(theirs - mine) <= allowed).all():
            continue
        text = (
            f"frame times disagree: {used} says every {interval:.4g} s, last {mine[-1]:.6g} s; "
            f"{tag} says every {np.median(np.diff(theirs)):.4g} s, last {theirs[-1]:.6g} s; the former is used"
        )
        findings.append(Finding("W-TIME-DISAGREE", Severity.WARN, text, name))
    return findings


def _relative(starts: np.ndarray) -> np.ndarray:
    return (starts - starts[0]) / MICROSECONDS
