"""A dynamic series from DICOM files: one file a slice, enhanced multi-frame, or a cine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from ...data.series import Acquisition
from ...errors import InputError
from ..images.image import FileImage, geometry_findings
from ..images.plausible import plausible
from .groups import Group, dynamic_group, volume_group
from .headers.clocks import LISTED, SERIES_NUMBER, SERIES_TIME
from .headers.facts import unreadable_facts
from .headers.files import read_headers, reading_dicom
from .headers.frames import Frame
from .headers.grid import grid_of, slices_of
from .headers.map import is_parametric_map, mapped_unit
from .headers.mosaic import slice_times
from .headers.pixels import read_values
from .segmentation.segments import DrawnOn
from .stopped import whole_frames
from .timing.pet import series_time
from .timing.times import resolve_times


def read_dicom(path: Path | Sequence[Path], *, given_times: bool = False) -> FileImage:
    """The dynamic series in a folder of DICOM files, in several folders, or in one multi-frame file.

    Nothing here holds a patient's name, a file's name or a date: the series is
    called by its modality and number.

    Parameters
    ----------
    given_times : bool
        The user gives the times, so tags that only order the frames suffice.

    Raises
    ------
    InputError, GeometryError
        When there is not exactly one dynamic series, its grid is incomplete,
        or its pixels cannot be decoded.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    with reading_dicom(paths[0]):
        return _read(paths, given_times)


def _read(paths: list[Path], given_times: bool) -> FileImage:
    where = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    headers, file_findings = read_headers(paths, where)
    group, left_out = dynamic_group(headers, where, listed=len(paths) > 1)
    name = name_of(group)
    _add_clocks_of_filing(group.frames, paths)
    slices, stopped = whole_frames(slices_of(group.frames), name)
    frames = len(slices[0].frames)
    geometry, place_findings = grid_of(slices, name)
    resolved = resolve_times(slices, name, given_times=given_times)
    if resolved.clock is None and not given_times:
        raise _no_times(frames, resolved.why_not, _acquisitions(group), name)
    values, value_findings = read_values(resolved.volumes, name)
    of_slices, mosaic_findings = slice_times(resolved.volumes, name)
    image = FileImage(
        values=values,
        geometry=geometry,
        name=name,
        file=name,
        clock=resolved.clock,
        no_clock=resolved.why_not,
        unit=unit_of(group.frames[0]),
        kind=_kind(group.frames[0]),
        acquisition=replace(acquisition_of(group.frames[0]), **resolved.facts, slice_times=of_slices),
        findings=(
            *file_findings,
            *left_out,
            *stopped,
            *geometry_findings(geometry, name),
            *place_findings,
            *resolved.findings,
            *mosaic_findings,
            *value_findings,
            *unreadable_facts(group.frames[0].header, name),
        ),
        durations=resolved.durations,
    )
    return plausible(image)


def _add_clocks_of_filing(frames: list[Frame], paths: list[Path]) -> None:
    """Let lists of folders, or of files with many frames, order what no tag does, and series by time and number."""
    if len({str(frame.header.get("SeriesInstanceUID", "")) for frame in frames}) > 1:
        for frame in frames:
            began = series_time(frame.header)
            if began is not None:
                frame.clocks[SERIES_TIME] = began
            if frame.header.get("SeriesNumber") is not None:
                frame.clocks[SERIES_NUMBER] = int(frame.header.SeriesNumber)
    if len(paths) < 2:
        return
    for frame in frames:
        listed = (n for n, path in enumerate(paths) if path == frame.path or path in frame.path.parents)
        frame.clocks[LISTED] = next(listed, len(paths))


def read_dicom_volume(path: Path, drawn: DrawnOn | None = None) -> tuple[FileImage, int | None]:
    """The one volume in a folder of DICOM files, or in one multi-frame file, and its day on the calendar.

    drawn : what a segmentation says of its images, where these are meant: of several acquisitions at the same places
        it tells the one that is read.

    The day, None where no tag tells it, serves to count days between visits and
    is kept nowhere.

    Raises
    ------
    InputError, GeometryError
        When there is not exactly one volume, its grid is incomplete, its pixels
        cannot be decoded, or it lies in another frame of reference than what was drawn.
    """
    with reading_dicom(path):
        headers, file_findings = read_headers([path], path.name)
        group, left_out = volume_group(headers, path.name, drawn)
        name = name_of(group)
        slices = slices_of(group.frames)
        geometry, place_findings = grid_of(slices, name)
        values, value_findings = read_values([[s.frames[0] for s in slices]], name)
        image = FileImage(
            values=values[0],
            geometry=geometry,
            name=name,
            file=name,
            unit=unit_of(group.frames[0]),
            kind=_kind(group.frames[0]),
            acquisition=acquisition_of(group.frames[0]),
            findings=(
                *file_findings,
                *left_out,
                *geometry_findings(geometry, name),
                *place_findings,
                *value_findings,
                *unreadable_facts(group.frames[0].header, name),
            ),
        )
        return plausible(image), day_of(group.frames[0].header)


def day_of(header) -> int | None:
    """The day on the calendar on which an image was taken, None where no tag tells it."""
    for keyword in ("AcquisitionDate", "AcquisitionDateTime", "StudyDate"):
        text = str(header.get(keyword) or "")[:8]
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
        except ValueError:
            continue
    return None


def name_of(group: Group) -> str:
    """Modality and number of a series; nothing of the patient."""
    header = group.frames[0].header
    label = str(header.get("ContentLabel") or "").strip()
    if is_parametric_map(header) and label:
        return label.lower()
    number = str(header.get("SeriesNumber") or "").strip()
    modality = str(header.get("Modality") or "DICOM")
    return f"{modality} series {number}" if number.isdigit() else f"{modality} series"


def acquisition_of(frame: Frame) -> Acquisition:
    """How a frame was acquired."""
    header = frame.header
    agent = str(header.get("ContrastBolusAgent") or "").strip()
    return Acquisition(
        modality=str(header.get("Modality") or "") or None,
        agent=agent or None,
        examination="cine" if _kind(frame) == "cine" else None,
        **frame.facts,
    )


def unit_of(frame: Frame) -> str | None:
    """Unit of a frame's values after its rescaling; None for a map that does not say its own."""
    header = frame.header
    if is_parametric_map(header):
        return mapped_unit(header, frame.index)
    if str(header.get("Units") or "") == "BQML":
        return "Bq/mL"
    rescaled = frame.rescale != (1.0, 0.0)
    is_hu = str(header.get("RescaleType") or "HU") == "HU"
    return "HU" if header.get("Modality") == "CT" and rescaled and is_hu else "a.u."


def _kind(frame: Frame) -> str | None:
    header = frame.header
    modality = str(header.get("Modality") or "") or None
    if modality == "MR" and (header.get("CardiacNumberOfImages") or 0) > 1:
        return "cine"
    if modality in ("MR", "CT") and str(header.get("ContrastBolusAgent") or "").strip():
        return "dce"
    return modality


def _acquisitions(group: Group) -> set:
    return {frame.clocks.get("AcquisitionNumber") for frame in group.frames} - {None}


def _no_times(frames: int, why: str, acquisitions: set, name: str) -> InputError:
    if len(acquisitions) > 1:
        listed = ", ".join(str(number) for number in sorted(acquisitions)[:8])
        return InputError(
            "E-DICOM-AMBIGUOUS",
            f"{frames} images stand at each place (AcquisitionNumber {listed}), and no tag says when they were taken "
            f"({why})",
            where=name,
            fix="If they are frames over time in this order, give the times (times=[...], --times, or "
            "frame_interval=..., --frame-interval); otherwise put each acquisition into a folder of its own.",
        )
    return InputError(
        "E-TIME-MISSING",
        f"no tag gives times for its {frames} frames ({why})",
        where=name,
        fix="Give the frame interval in seconds, frame_interval=... (--frame-interval), or one time in seconds "
        "for each frame, times=[...] (--times).",
    )
