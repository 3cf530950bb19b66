"""When a PET tracer was injected and how decay was corrected, on the clock of the frames."""

from __future__ import annotations

from dataclasses import dataclass

from ....errors import Finding, Severity
from ..headers.clocks import DAY, MICROSECONDS, date_time, time_of_day, zone_of
from ..headers.facts import number_of
from ..headers.frames import Frame

# An injection that only has a time of day lies at most this long before the first frame.
LONGEST_WAIT = 18 * 3600 * MICROSECONDS
# With a date it may lie days before, as for zirconium.
LONGEST_DATED_WAIT = 30 * DAY
SAME_MOMENT = 1000  # microseconds


@dataclass(frozen=True)
class TracerTimes:
    """What a PET header says of times, in s on the clock of the frames.

    injection : when the tracer was given, or None. corrected : whether decay
    was, or None where nothing is said. corrected_to : s, or None.
    half_life : s, or None.
    """

    injection: float | None
    corrected: bool | None
    corrected_to: float | None
    half_life: float | None
    findings: tuple[Finding, ...] = ()

    def facts(self) -> dict[str, object]:
        """The facts for an `Acquisition`, on a clock that begins at the injection where that is known."""
        corrected_to = None if self.corrected_to is None else self.corrected_to - (self.injection or 0.0)
        found = {"half_life": self.half_life, "decay_corrected": self.corrected, "decay_corrected_to": corrected_to}
        return {name: value for name, value in found.items() if value is not None}


def tracer_times(first: Frame, origin: int | None, last: float, name: str) -> TracerTimes | None:
    """The times of the tracer, None for what is no PET.

    Parameters
    ----------
    first : Frame
        Of the first volume.
    origin : int or None
        Microseconds on the calendar, or since midnight where no date is known, of
        zero on the clock of the frames; None where that clock is no clock of the day.
    last : float, s
        When the last frame began, on the clock of the frames.
    """
    header = first.header
    if str(header.get("Modality", "")) != "PT":
        return None
    tracer = (header.get("RadiopharmaceuticalInformationSequence") or [None])[0]
    injection, findings = None, ()
    if tracer is not None and origin is not None:
        injection = _injection(header, tracer, origin, last)
    if injection is None:
        text = (
            "the files do not say when the tracer was injected (no RadiopharmaceuticalStartTime that fits, or no clock "
            "of the day); frame times count from the first frame"
        )
        findings = (Finding("W-TIME-INJECTION", Severity.WARN, text, name),)
    corrected, corrected_to = _correction(header, origin, injection)
    half_life = None if tracer is None else number_of(tracer, "RadionuclideHalfLife")
    return TracerTimes(injection, corrected, corrected_to, half_life if half_life and half_life > 0 else None, findings)


def series_time(header) -> int | None:
    """Microseconds of SeriesDate and SeriesTime, from which FrameReferenceTime counts."""
    return _moment(header.get("SeriesDate"), header.get("SeriesTime"))


def _injection(header, tracer, origin: int, last: float) -> float | None:
    dated = date_time(tracer.get("RadiopharmaceuticalStartDateTime"))
    if dated is not None and origin >= DAY:
        theirs = zone_of(tracer.get("RadiopharmaceuticalStartDateTime"))
        ours = zone_of(header.get("TimezoneOffsetFromUTC"))
        if theirs is not None and ours is not None:
            dated += ours - theirs
        since = dated - origin
        if -LONGEST_DATED_WAIT <= since <= last * MICROSECONDS:
            return since / MICROSECONDS
    time = time_of_day(tracer.get("RadiopharmaceuticalStartTime"))
    if time is None and dated is not None:
        time = dated % DAY
    if time is None:
        return None
    # Without a date: the last time the clock showed it before the scan, or during the scan.
    since = (time - origin % DAY) % DAY
    since = since if since <= last * MICROSECONDS else since - DAY
    return since / MICROSECONDS if since >= -LONGEST_WAIT else None


def _correction(header, origin: int | None, injection: float | None) -> tuple[bool | None, float | None]:
    """Whether decay was corrected, and to which time on the clock of the frames."""
    word = str(header.get("DecayCorrection") or header.get("DecayCorrected") or "").upper()
    moment = date_time(header.get("DecayCorrectionDateTime"))
    if word in ("NONE", "NO"):
        return False, None
    if word == "ADMIN":
        return True, injection
    if word == "YES" and moment is not None and origin is not None:
        return True, (moment - origin) / MICROSECONDS
    if word == "START":
        return True, _start(header, origin)
    return (True, None) if word == "YES" else (None, None)


def _start(header, origin: int | None) -> float:
    """The start of the series on the clock of the frames, s."""
    moment = series_time(header)
    if moment is None or origin is None:
        return 0.0
    since = moment - origin if min(moment, origin) >= DAY else (moment - origin + DAY // 2) % DAY - DAY // 2
    # A series that was reconstructed later may carry that time; its decay was corrected to the start of the scan.
    return min(since, 0) / MICROSECONDS


def _moment(day, time) -> int | None:
    since_midnight = time_of_day(time)
    whole = date_time(f"{str(day or '').strip()}000000")
    return since_midnight if since_midnight is None or whole is None else whole + since_midnight
