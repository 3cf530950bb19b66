"""When the frames behind a node were acquired, from the first source that really says so.

Slicer numbers the frames of a series it loads from DICOM or from a plain file:
0, 1, 2, ... Taking these numbers for seconds would give rates that are wrong by
the frame interval, and nothing later would notice. So the index is believed
only when it can be told from frame numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import slicer

from SpatioTemporalLib.data.series import checked_times
from SpatioTemporalLib.errors import Finding, InputError
from SpatioTemporalLib.io.images.time_axis import are_frame_numbers, repair_time_axis, seconds_per_unit
from SpatioTemporalLib.io.images.time_names import is_no_time

from ..scene import attributes
from ..values.dicom_instances import times_of_instances
from .frames import Frames

GIVEN_TIMES = "GivenTimes"


@dataclass(frozen=True)
class FrameTimes:
    """times : (T,) s; source : where they came from; findings : what was odd;
    durations : (T,) s, or None; facts : of a PET tracer, for an `Acquisition`.
    """

    times: np.ndarray
    source: str
    findings: tuple[Finding, ...] = ()
    durations: tuple[float, ...] | None = None
    facts: dict[str, object] = field(default_factory=dict)


class NotTimes(Exception):
    """One source does not say when the frames were acquired; its text says why."""


def given_times(count: int, times, frame_interval: float | None, where: str) -> FrameTimes:
    """Times the user gave.

    Raises
    ------
    InputError
        If both or neither are given, or they do not fit the frames.
    """
    if (times is None) == (frame_interval is None):
        raise InputError(
            "E-TIME-GIVEN",
            "frame times and a frame interval were both given" if times is not None else "no times were given",
            where=where,
            fix="Give one of the two, in seconds.",
        )
    if times is not None:
        return FrameTimes(checked_times(times, count, where), "given")
    if not (np.isfinite(frame_interval) and frame_interval > 0):
        raise InputError(
            "E-TIME-GIVEN",
            f"the frame interval is {frame_interval} s",
            where=where,
            fix="Give the seconds from one frame to the next, more than zero.",
        )
    return FrameTimes(np.arange(count) * float(frame_interval), f"given frame interval {frame_interval:g} s")


def frame_times(frames: Frames, *, instance_file: Callable[[str], str] | None = None) -> FrameTimes:
    """Times of the frames from what their nodes say.

    In this order: the sequence's index, the labels of Slicer's multi-volume
    importer, the DICOM files the frames were loaded from.

    Raises
    ------
    InputError
        ``E-TIME-FRAMES`` if there are only frame numbers.
    """
    reasons = []
    for source in (_from_index, _from_labels, partial(_from_dicom, instance_file=instance_file)):
        try:
            return source(frames)
        except NotTimes as reason:
            reasons.append(str(reason))
    raise InputError(
        "E-TIME-FRAMES",
        f"the {frames.count} frames are numbered, but nothing says when they were acquired: {'; '.join(reasons)}",
        where=frames.label,
        fix="Give the seconds from one frame to the next (frame_interval=...) or the time of each frame in "
        "seconds (times=[...]).",
    )


def times_of(frames: Frames) -> FrameTimes:
    """The times the user gave and that are kept with the nodes, else what these say; errors as of `frame_times`."""
    given = attributes.numbers_fact(frames.sources[0], GIVEN_TIMES)
    return frame_times(frames) if given is None else given_times(frames.count, given, None, frames.label)


def _from_index(frames: Frames) -> FrameTimes:
    sequence = frames.sources[0]
    if not sequence.IsA("vtkMRMLSequenceNode"):
        raise NotTimes("it is no sequence with a time index")
    values = [sequence.GetNthIndexValue(i) for i in range(frames.count)]
    if frames.count == 1:
        return FrameTimes(np.array([_number(values[0]) or 0.0]), "sequence index")
    unit = (sequence.GetIndexUnit() or "").strip()
    if sequence.GetIndexType() != slicer.vtkMRMLSequenceNode.NumericIndex:
        raise NotTimes(f"the sequence index is text ({values[0]}, {values[1]}, ...)")
    scale, name = seconds_per_unit(unit), sequence.GetIndexName() or ""
    if scale is None:
        raise NotTimes(f"the sequence index is {values[0]}, {values[1]}, ... in {unit or 'no unit'}")
    numbers = np.array([_number(v) for v in values], dtype=float)
    if is_no_time(name, numbers):
        raise NotTimes(f"the sequence index is {name} {values[0]}, {values[1]}, ... {unit}, which is no time")
    source = attributes.fact(sequence, "TimeSource")
    if source is None and are_frame_numbers(numbers):
        raise NotTimes(f"the sequence index is {values[0]}, {values[1]}, ..., as Slicer numbers frames")
    times = _rising(numbers * scale, frames, "the sequence index")
    if source is not None:
        # What was odd is already among the findings kept with the series.
        return FrameTimes(times, source)
    return FrameTimes(times, f"sequence index ({unit})", _oddities(times, frames))


def _from_labels(frames: Frames) -> FrameTimes:
    node = next((n for n in frames.sources if n.GetAttribute("MultiVolume.FrameLabels")), None)
    if node is None:
        raise NotTimes("there are no MultiVolume.FrameLabels")
    tag = node.GetAttribute("MultiVolume.FrameIdentifyingDICOMTagName") or "unnamed"
    unit = (node.GetAttribute("MultiVolume.FrameIdentifyingDICOMTagUnits") or "").strip()
    scale = seconds_per_unit(unit)
    labels = [_number(label) for label in node.GetAttribute("MultiVolume.FrameLabels").split(",")]
    if scale is None or is_no_time(tag, np.array(labels, dtype=float)):
        raise NotTimes(f"MultiVolume.FrameLabels hold {tag} in {unit or 'no unit'}, which is no time")
    if len(labels) != frames.count or None in labels:
        raise NotTimes(f"MultiVolume.FrameLabels hold {len(labels)} labels that are not one number a frame")
    times = _rising(np.array(labels, dtype=float) * scale, frames, "MultiVolume.FrameLabels")
    return FrameTimes(times, f"MultiVolume.FrameLabels: {tag} ({unit})", _oddities(times, frames))


def _from_dicom(frames: Frames, instance_file: Callable[[str], str] | None) -> FrameTimes:
    uids, find = _instance_uids(frames), _finder(instance_file)
    try:
        times, source, findings, resolved = times_of_instances(map(find, uids), frames.count, frames.label)
    except InputError as error:
        raise NotTimes(f"the DICOM files do not say either ({error.message})") from error
    times = _rising(times, frames, source)
    return FrameTimes(
        times, source, findings + _oddities(times, frames, resolved.durations), resolved.durations, resolved.facts
    )


def _instance_uids(frames: Frames) -> list[str]:
    for node in frames.sources:
        uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
        if uids:
            return uids
    raise NotTimes("no DICOM.instanceUIDs are known")


def _finder(instance_file: Callable[[str], str] | None) -> Callable[[str], str]:
    database = getattr(slicer, "dicomDatabase", None)
    if instance_file is not None:
        return instance_file
    if database is None:
        raise NotTimes("there is no DICOM database to find the files in")
    return database.fileForInstance


def _rising(times: np.ndarray, frames: Frames, what: str) -> np.ndarray:
    try:
        return checked_times(times, frames.count, frames.label)
    except InputError as error:
        raise NotTimes(f"{what} cannot be used ({error.message})") from error


def _oddities(times: np.ndarray, frames: Frames, durations=None) -> tuple[Finding, ...]:
    """Gaps and the like. The library's check takes no times before zero."""
    return repair_time_axis(times - min(times[0], 0.0), None, frames.label, nuclear=durations is not None)[2]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
