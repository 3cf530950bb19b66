"""The clocks a DICOM frame carries, all in microseconds."""

from __future__ import annotations

import re
from datetime import date

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
TEMPORAL_POSITION = "TemporalPositionIdentifier × TemporalResolution"
TEMPORAL_INDEX = "TemporalPositionIndex × TemporalResolution"
# Of mosaics, whose repetition time is that of volumes.
ACQUISITION = "AcquisitionNumber × RepetitionTime"
SERIES_TIME = "SeriesTime"
# The first that tells all frames apart is used. Clocks of the scanner's day begin at zero afterwards.
PRECEDENCE = (
    "TriggerTime",
    "NominalCardiacTriggerDelayTime",
    "TemporalPositionTimeOffset",
    "AcquisitionDateTime",
    "FrameAcquisitionDateTime",
    "AcquisitionTime",
    "FrameReferenceTime",
    "FrameReferenceDateTime",
    TEMPORAL_POSITION,
    TEMPORAL_INDEX,
    "FrameTimeVector",
    "FrameTime",
    ACQUISITION,
    # When a series began and when an image was stored: the last resorts.
    SERIES_TIME,
    "ContentTime",
)
# The middle of a PET frame; its start is known only where its duration is.
FRAME_MIDDLE = "FrameReferenceTime (the middle of a frame)"
ABSOLUTE = {
    "AcquisitionDateTime",
    "FrameAcquisitionDateTime",
    "AcquisitionTime",
    "FrameReferenceDateTime",
    "ContentTime",
    SERIES_TIME,
}
# These put frames in order but say nothing about how far apart they are.
IMAGE_NUMBER, SERIES_NUMBER, LISTED = "InstanceNumber", "SeriesNumber", "the list of files or folders"
ORDER_ONLY = (
    *("TemporalPositionIdentifier", "TemporalPositionIndex", FRAME_MIDDLE, "AcquisitionNumber"),
    *(LISTED, SERIES_NUMBER, IMAGE_NUMBER),
)
TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
ZONE = re.compile(r"([+-])(\d{2})(\d{2})$")
DATE = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")


def classic_clocks(header) -> dict[str, float]:
    """Clocks of an image that stands alone in its file."""
    clocks = {
        "TriggerTime": _milliseconds(header, "TriggerTime"),
        **_reference(header),
        "AcquisitionDateTime": date_time(header.get("AcquisitionDateTime")),
        "AcquisitionTime": _with_date(header.get("AcquisitionDate"), header.get("AcquisitionTime")),
        "ContentTime": _with_date(header.get("ContentDate"), header.get("ContentTime")),
        "TemporalPositionIdentifier": _whole(header, "TemporalPositionIdentifier"),
        "AcquisitionNumber": _whole(header, "AcquisitionNumber"),
        IMAGE_NUMBER: _whole(header, "InstanceNumber"),
    }
    _add_resolution(clocks, header, "TemporalPositionIdentifier", TEMPORAL_POSITION)
    return {tag: value for tag, value in clocks.items() if value is not None}


def enhanced_clocks(header, content, cardiac, temporal) -> dict[str, float]:
    """Clocks in the functional groups of one frame; each group may be None."""
    clocks = {}
    if content is not None:
        clocks["FrameAcquisitionDateTime"] = date_time(content.get("FrameAcquisitionDateTime"))
        middle, lasts = date_time(content.get("FrameReferenceDateTime")), frame_duration(header, content)
        clocks["FrameReferenceDateTime"] = middle if middle is None or lasts is None else middle - round(lasts / 2)
        clocks["TemporalPositionIndex"] = _whole(content, "TemporalPositionIndex")
        clocks["AcquisitionNumber"] = _whole(content, "FrameAcquisitionNumber")
        _add_resolution(clocks, header, "TemporalPositionIndex", TEMPORAL_INDEX)
    if cardiac is not None:
        clocks["NominalCardiacTriggerDelayTime"] = _milliseconds(cardiac, "NominalCardiacTriggerDelayTime")
    if temporal is not None:
        seconds = _number(temporal, "TemporalPositionTimeOffset")
        clocks["TemporalPositionTimeOffset"] = None if seconds is None else seconds * MICROSECONDS
    return {tag: value for tag, value in clocks.items() if value is not None}


def frame_time_clocks(header, count: int) -> list[dict[str, float]]:
    """Clocks of a cine's frames; empty when its frames are not said to be times."""
    vector = header.get("FrameTimeVector")
    if vector is not None and hasattr(vector, "__len__") and len(vector) == count:
        # Each entry is the time since the frame before; the first is zero.
        elapsed, clocks = 0.0, []
        for step in vector:
            elapsed += float(step)
            clocks.append({"FrameTimeVector": elapsed * 1000})
        return clocks
    interval = _number(header, "FrameTime")
    if not interval or interval < 0:
        return []
    return [{"FrameTime": n * interval * 1000} for n in range(count)]


def _reference(header) -> dict[str, float | None]:
    """FrameReferenceTime is the middle of a frame: half a duration earlier it began."""
    middle, lasts = _milliseconds(header, "FrameReferenceTime"), frame_duration(header)
    if middle is None:
        return {}
    return {FRAME_MIDDLE: middle} if lasts is None else {"FrameReferenceTime": middle - lasts / 2}


def frame_duration(header, content=None) -> float | None:
    """Microseconds that a frame lasts, None where that is not said."""
    lasts = _milliseconds(header, "ActualFrameDuration")
    if lasts is None and content is not None:
        lasts = _milliseconds(content, "FrameAcquisitionDuration")
    return lasts if lasts and lasts > 0 else None


def date_time(value) -> int | None:
    """Microseconds of a DICOM date and time, time zone left out; None when there is none."""
    text = str(value or "").strip()
    if len(text) < 14 or not text[:14].isdigit():
        return None
    day, time = _day(text[:8]), time_of_day(re.split(r"[+-]", text[8:])[0])
    return None if day is None or time is None else day + time


def zone_of(value) -> int | None:
    """Microseconds by which the zone of a DICOM date and time, or a zone such as +0100, is ahead of UTC."""
    match = ZONE.search(str(value or "").strip())
    if not match:
        return None
    sign, hours, minutes = match.groups()
    return (1 if sign == "+" else -1) * (int(hours) * 60 + int(minutes)) * 60 * MICROSECONDS


def time_of_day(value) -> int | None:
    """Microseconds since midnight of a DICOM time such as 101530.25."""
    match = TIME.fullmatch(str(value or "").strip())
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
    fraction = int((match[4] or "0").ljust(6, "0"))
    return ((hours * 60 + minutes) * 60 + seconds) * MICROSECONDS + fraction


def _with_date(day, time) -> int | None:
    """With a date, microseconds on a clock that runs past midnight; else since midnight."""
    microseconds = time_of_day(time)
    start = _day(str(day or "").strip())
    return microseconds if start is None or microseconds is None else start + microseconds


def _day(text: str) -> int | None:
    match = DATE.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups())).toordinal() * DAY if match else None
    except ValueError:
        return None


def _add_resolution(clocks: dict, header, index: str, name: str) -> None:
    resolution = _milliseconds(header, "TemporalResolution")
    if clocks.get(index) is not None and resolution:
        clocks[name] = (clocks[index] - 1) * resolution


def _milliseconds(dataset, keyword: str) -> float | None:
    number = _number(dataset, keyword)
    return None if number is None else number * 1000


def _whole(dataset, keyword: str) -> int | None:
    number = _number(dataset, keyword)
    return None if number is None else int(number)


def _number(dataset, keyword: str) -> float | None:
    try:
        return float(dataset.get(keyword))
    except (TypeError, ValueError):
        return None
