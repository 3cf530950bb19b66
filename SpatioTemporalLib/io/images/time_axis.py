"""Frame times as they come, made strictly rising seconds or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...data.series import checked_times
from ...errors import Finding, InputError, Severity, counted
from ..files.plain_numbers import number as plain_number

GAP_RATIO = 1.5
# A day, and two centuries: beyond these a unit, or the number itself, is wrong.
LONGEST_USUAL, LONGEST_POSSIBLE = 86400.0, 200 * 365.25 * 86400
SECONDS_PER_UNIT = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "usec": 1e-6,
    "µs": 1e-6,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "days": 86400.0,
}
# Kind of examination: shortest and longest median interval that is believed, s.
PLAUSIBLE_INTERVALS = {
    "bold": (0.2, 10.0),
    "dce": (0.5, 120.0),
    "cine": (0.005, 0.15),
    "MR": (0.005, 120.0),
    "CT": (0.05, 120.0),
    "US": (0.002, 120.0),
    "XA": (0.005, 10.0),
    "PT": (0.5, 3600.0),
    "NM": (0.05, 3600.0),
    "follow-up": (86400.0, np.inf),
}
ANY_KIND = (0.002, 3600.0)
# One comma between digits, as German or French spreadsheets write 1.5.
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")


def seconds_per_unit(unit: str) -> float | None:
    """Seconds in one unit of time, or None for what is no unit of time."""
    return SECONDS_PER_UNIT.get(unit.strip().lower())


def are_frame_numbers(numbers: np.ndarray) -> bool:
    """Whether values are 0, 1, 2, ... or 1, 2, 3, ..., as Slicer numbers frames whose times it does not know."""
    first = numbers[0] if len(numbers) > 1 else np.nan
    return first in (0.0, 1.0) and np.array_equal(numbers, first + np.arange(len(numbers)))


def repair_time_axis(
    times: Sequence, values: Sequence[np.ndarray] | None, name: str, *, nuclear: bool = False, gaps: bool = True
) -> tuple[np.ndarray, np.ndarray, tuple[Finding, ...]]:
    """Times that rise strictly, and which frames they belong to.

    Parameters
    ----------
    times : sequence of T numbers or texts, s
        In the order of the frames; any order, spacing and decimal sign.
    values : sequence of T arrays, or None
        The frames, compared only where two have the same time.
    name : str
        For messages.
    nuclear : bool
        Frames of nuclear medicine: their lengths change on purpose, and times
        that count from the injection may be negative.
    gaps : bool
        Whether intervals that are longer than usual are told; not where the
        durations of frames say whether there is a gap.

    Returns
    -------
    times : (N,) array, s
    keep : (N,) integer array
        Frames to keep, in order of time; ``0 .. T-1`` when all was well.
    findings : tuple of Finding
        Sorting, dropped copies and decimal commas as repairs, gaps as warnings.

    Raises
    ------
    InputError
        ``E-TIME-COUNT``, ``E-TIME-VALUE``, ``E-TIME-CONSTANT`` or ``E-TIME-DUP``.
    """
    numbers, findings = _numbers(times, name, -np.inf if nuclear else 0.0)
    if values is not None and len(values) != len(numbers):
        checked_times(np.arange(len(numbers)), len(values), name)
    if len(numbers) > 1 and np.ptp(numbers) == 0:
        checked_times(numbers, len(numbers), name)
    keep = np.argsort(numbers, kind="stable")
    if not np.array_equal(keep, np.arange(len(keep))):
        text = f"frames were out of order and were sorted by time (now {_listed(keep)})"
        findings.append(Finding("R-TIME-ORDER", Severity.REPAIR, text, name))
    keep = _without_copies(numbers, keep, values, name, findings)
    rising = checked_times(numbers[keep], len(keep), name)
    findings += _too_long(rising, name)
    findings += _gaps(rising, name, nuclear) if gaps else []
    return rising, keep, tuple(findings)


def check_plausible_interval(
    times: np.ndarray, kind: str | None, name: str, confirm: bool = False
) -> tuple[Finding, ...]:
    """Refuse frame intervals that only a wrong unit explains.

    Parameters
    ----------
    times : (T,) array, s
    kind : str or None
        A key of `PLAUSIBLE_INTERVALS`. Without it nothing can be refused: an
        interval that would be odd for any examination gives a warning.
    confirm : bool
        The user says that the times are right.
    """
    if confirm or len(times) < 2:
        return ()
    median = float(np.median(np.diff(times)))
    low, high = PLAUSIBLE_INTERVALS.get(kind, ANY_KIND)
    if low <= median <= high:
        return ()
    if kind not in PLAUSIBLE_INTERVALS:
        text = (
            f"frames are {median:.4g} s apart, which is unusual; it cannot be judged, "
            "because the file does not say what kind of examination this is"
        )
        return (Finding("W-TIME-UNIT", Severity.WARN, text, name),)
    raise InputError(
        "E-TIME-UNIT",
        f"frames are {median:.4g} s apart, {low:g} to {high:g} s is usual for {kind}; "
        f"are the times in {'milliseconds' if median > high else 'minutes'}?",
        where=name,
        fix="Give the times in seconds (times=..., --times), or say that they are right "
        "(confirm_times=True, --confirm-times).",
    )


def _numbers(times: Sequence, name: str, earliest: float) -> tuple[np.ndarray, list[Finding]]:
    numbers, commas = [], []
    for row, time in enumerate(times):
        text = str(time).strip()
        if isinstance(time, str) and DECIMAL_COMMA.fullmatch(text):
            commas.append(row)
            text = text.replace(",", ".")
        try:
            # What is text follows the grammar of files, what is a number already is one.
            number = plain_number(text) if isinstance(time, str) else float(time)
        except (OverflowError, TypeError, ValueError):
            number = None
        if number is None or not np.isfinite(number) or number < earliest:
            raise InputError(
                "E-TIME-VALUE",
                f"the time of frame {row} is {str(time)[:40]!r}, a number of seconds"
                f"{'' if earliest < 0 else ' from 0 on'} was expected",
                where=name,
                fix="Correct it, or give all times anew (times=..., --times).",
            )
        numbers.append(number)
    findings = []
    if commas:
        text = f"decimal commas in {counted(len(commas), 'time')} were read as decimal points"
        findings.append(Finding("R-DECIMAL-COMMA", Severity.REPAIR, text, name))
    return np.array(numbers, dtype=np.float64), findings


def _without_copies(
    numbers: np.ndarray, order: np.ndarray, values: Sequence | None, name: str, findings: list[Finding]
) -> np.ndarray:
    keep, dropped = [int(order[0])] if len(order) else [], []
    for frame in order[1:].tolist():
        if numbers[frame] != numbers[keep[-1]]:
            keep.append(frame)
        elif values is not None and np.array_equal(values[frame], values[keep[-1]], equal_nan=True):
            dropped.append(frame)
        else:
            raise InputError(
                "E-TIME-DUP",
                f"frames {keep[-1]} and {frame} differ but have the same time, {numbers[frame]:g} s",
                where=name,
                fix="Correct the times, remove one of the frames, or average them first.",
            )
    if dropped:
        text = (
            f"{counted(len(dropped), 'frame was an exact copy', 'frames were exact copies')} of another at "
            f"the same time, dropped: {_listed(dropped)}"
        )
        findings.append(Finding("R-TIME-DUP", Severity.REPAIR, text, name))
    return np.array(keep, dtype=np.intp)


def _too_long(times: np.ndarray, name: str) -> list[Finding]:
    farthest = float(np.abs(times).max())
    if farthest > LONGEST_POSSIBLE:
        raise InputError(
            "E-TIME-VALUE",
            f"a frame is at {farthest:.4g} s, which is {farthest / 86400 / 365.25:.3g} years from zero",
            where=name,
            fix="Give the times in seconds (times=..., --times).",
        )
    if farthest <= LONGEST_USUAL:
        return []
    text = f"times reach {farthest:.4g} s, which is {farthest / 86400:.3g} days; are they in seconds?"
    return [Finding("W-TIME-LONG", Severity.WARN, text, name)]


def _gaps(times: np.ndarray, name: str, lengthen: bool) -> list[Finding]:
    steps = np.diff(times)
    if len(steps) < 2:
        return []
    median = np.median(steps)
    usual = np.full(len(steps), median)
    if lengthen:
        # Where frames become longer, one is missing only if those after it are short again.
        before, after = np.append(np.inf, steps[:-1]), np.append(steps[1:], np.inf)
        usual = np.maximum(before, after)
    wide = np.flatnonzero(steps >= GAP_RATIO * usual)
    if not wide.size:
        return []
    median = usual[wide[0]]
    first = wide[0]
    text = (
        f"{counted(len(wide), 'interval is', 'intervals are')} {GAP_RATIO:g} times the usual {median:.4g} s or "
        f"longer, the first between "
        f"{times[first]:.6g} and {times[first + 1]:.6g} s; frames may be missing, the true times are kept"
    )
    return [Finding("W-TIME-GAP", Severity.WARN, text, name)]


def _listed(frames: Sequence) -> str:
    shown = ", ".join(str(int(f)) for f in frames[:8])
    return f"{shown}, …" if len(frames) > 8 else shown
