"""Frame times, and days between visits, from the DICOM files nodes were loaded from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import slicer

from SpatioTemporalLib.errors import Finding, InputError, Severity, counted
from SpatioTemporalLib.io.dicom.groups import dynamic_group
from SpatioTemporalLib.io.dicom.headers.files import read_header
from SpatioTemporalLib.io.dicom.headers.grid import require_full_grid, slices_of
from SpatioTemporalLib.io.dicom.series import day_of
from SpatioTemporalLib.io.dicom.timing.times import Resolved, resolve_times


def times_of_instances(
    paths: Iterable[str], frame_count: int, where: str
) -> tuple[np.ndarray, str, tuple[Finding, ...], Resolved]:
    """Times in seconds, the tag they come from, what was odd, and the frames in order of time.

    Parameters
    ----------
    paths : iterable
        Files of all instances, in any order; a file may come more than once.
    frame_count : int
        Frames the node has; the files must have as many.

    Raises
    ------
    InputError
        If a file is missing, the files are not one full series over time, or
        no tag says when its frames were acquired.
    """
    headers = [_header(path, where) for path in dict.fromkeys(paths)]
    group, _ = dynamic_group(headers, where)
    slices = slices_of(group.frames)
    found = require_full_grid(slices, where)
    if found != frame_count:
        raise InputError(
            "E-TIME-COUNT",
            f"they hold {counted(found, 'frame')}, the node {frame_count}",
            where=where,
            fix="Load the series again from DICOM.",
        )
    resolved = resolve_times(slices, where, given_times=False)
    if resolved.clock is None:
        raise InputError("E-TIME-MISSING", resolved.why_not, where=where, fix="Give the frame times.")
    # The node keeps the order in which its frames were loaded, but not which file each came from.
    order = Finding("W-TIME-ORDER", Severity.WARN, "the frames are taken to be in the order of their times", where)
    return np.array(resolved.clock.seconds), resolved.clock.source, (*resolved.findings, order), resolved


def days_between(nodes: list, instance_file: Callable[[str], str] | None = None) -> list[float] | None:
    """Days of volumes since the earliest of them, None when the date of one is not known.

    instance_file : finds the DICOM file of an instance; Slicer's database if not given.
    """
    database = getattr(slicer, "dicomDatabase", None)
    find = instance_file or getattr(database, "fileForInstance", None)
    if find is None or not nodes:
        return None
    days = [_day_of_volume(node, find) for node in nodes]
    return None if None in days else [float(day - min(days)) for day in days]


def _day_of_volume(node, find: Callable[[str], str]) -> int | None:
    uid = next(iter((node.GetAttribute("DICOM.instanceUIDs") or "").split()), "")
    path = find(uid) if uid else ""
    try:
        return day_of(_header(path, node.GetName()))
    except InputError:
        return None


def _header(path: str, where: str):
    if not path or not Path(path).is_file():
        raise InputError(
            "E-DICOM-FILE",
            "a file they were loaded from is no longer in the DICOM database",
            where=where,
            fix="Import the examination into the DICOM database again.",
        )
    header = read_header(Path(path))
    if header is None or "Rows" not in header:
        raise InputError("E-FILE-KIND", f"{Path(path).name} is no DICOM image", where=where, fix="Import it again.")
    return header
