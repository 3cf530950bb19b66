"""Series that are each one time of the same volume, as breast MR is often filed, put together."""

from __future__ import annotations

import zlib
from collections import defaultdict

from ....errors import Finding, Severity
from ..headers.clocks import ABSOLUTE, DAY, date_time
from ..headers.frames import Frame
from ..headers.grid import slices_of

LONGEST_VISIT = DAY // 2


def is_dynamic(frames: list[Frame]) -> bool:
    """Whether any place was imaged more than once."""
    return any(len(s.frames) > 1 for s in slices_of(frames))


def joined_phases(groups: list[list[Frame]], *, listed: bool = False) -> list[list[Frame]]:
    """Dynamic groups, each with the single volumes that are alike; without any, single volumes that are alike.

    A volume is alike when it has the same places, size, kind of image, echo,
    flip angle and repetition time, and belongs to the same study or was taken
    within hours. Two dynamic series stay two, as those of rest and stress.

    listed : the user named the folders, so that how long they lie apart is his affair.
    """
    alike = defaultdict(list)
    for group in groups:
        alike[_kind(group)].append(group)
    sets = [visit for kin in alike.values() for visit in ([kin] if listed else _by_visit(kin))]
    dynamic = []
    for kin in sets:
        several = [group for group in kin if is_dynamic(group)]
        # A single volume that suits several dynamic series belongs to none of them for sure.
        dynamic += several if len(several) > 1 else [_together(kin)] if several else []
    return dynamic or [_together(kin) for kin in sets if len(kin) > 1]


def show_one_place(groups: list[list[Frame]]) -> bool:
    """Whether any two groups show the same places."""
    places = [_places(group) for group in groups if group[0].position is not None]
    return len(set(places)) < len(places)


def _by_visit(groups: list[list[Frame]]) -> list[list[list[Frame]]]:
    """Groups of one study, or of studies that lie hours apart, together."""
    if len({str(group[0].header.get("StudyInstanceUID", "")) for group in groups}) == 1:
        return [groups]
    visits: list[list] = []
    last = None
    for moment, _, group in sorted((_moment(group), n, group) for n, group in enumerate(groups)):
        if last is None or moment - last > LONGEST_VISIT:
            visits.append([])
        visits[-1].append(group)
        last = moment
    return visits


def _moment(group: list[Frame]) -> float:
    """Microseconds on the calendar of the first image; studies of unknown date lie apart."""
    clocks = [frame.clocks[tag] for frame in group for tag in ABSOLUTE if frame.clocks.get(tag, 0) >= DAY]
    if clocks:
        return min(clocks)
    study = str(group[0].header.get("StudyInstanceUID", ""))
    return date_time(f"{group[0].header.get('StudyDate') or ''}000000") or -DAY * (1 + zlib.crc32(study.encode()))


def phase_findings(frames: list[Frame], name: str) -> list[Finding]:
    """That a series over time was put together from several series, by their numbers."""
    numbers = {}
    for frame in frames:
        numbers.setdefault(str(frame.header.get("SeriesInstanceUID", "")), frame.header.get("SeriesNumber"))
    if len(numbers) < 2:
        return []
    listed = ", ".join(str(number) for number in list(numbers.values())[:12])
    text = f"{len(numbers)} series (numbers {listed}) show the same volume at different times and were put together"
    return [Finding("R-DICOM-PHASES", Severity.REPAIR, text, name)]


def _together(groups: list[list[Frame]]) -> list[Frame]:
    return [frame for group in groups for frame in group]


def _kind(group: list[Frame]) -> tuple:
    first = group[0]
    repetition = first.facts.get("repetition_time")
    return (
        _places(group),
        likeness(first),
        None if repetition is None else float(f"{repetition:.3g}"),
    )


def _places(group: list[Frame]) -> tuple:
    places = {tuple(round(x, 2) for x in frame.position) for frame in group if frame.position is not None}
    # Without a place nothing is known to be alike.
    return tuple(sorted(places)) or (id(group),)


def likeness(frame: Frame, *, besides: str = "") -> tuple:
    """What frames of one series over time have in common, whatever series they are filed under.

    besides : an acquisition fact in which they may differ.
    """
    return (
        frame.image_type,
        *frame.size,
        tuple(round(c, 3) for c in frame.orientation or ()),
        tuple(round(s, 4) for s in frame.spacing or ()),
        *(frame.facts.get(fact) for fact in ("echo_time", "flip_angle") if fact != besides),
    )
