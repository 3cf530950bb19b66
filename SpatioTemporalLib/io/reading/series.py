"""Series from files: whatever the format, with times that are known or refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...data.geometry import POSITION_TOLERANCE_MM, Geometry
from ...data.series import Series
from ...errors import Finding, GeometryError, InputError, Severity
from ..files.boundary import existing_file
from ..images.file_names import image_stem
from ..images.file_order import in_natural_order
from ..images.image import Clock, FileImage
from ..images.time_axis import check_plausible_interval, repair_time_axis
from ..images.value_findings import value_findings
from .read_image import is_called_dicom, is_dicom, read_image

NUCLEAR = ("PT", "NM")
Paths = str | os.PathLike | Sequence[str | os.PathLike]
GIVE_TIMES = (
    "Give the frame interval in seconds, frame_interval=... (--frame-interval), or one time in seconds "
    "for each frame, times=[...] (--times)."
)


def read_series(
    path: Paths,
    *,
    times: Sequence[float] | None = None,
    frame_interval: float | None = None,
    name: str | None = None,
    confirm_times: bool = False,
) -> Series:
    """A series from a 4-D image, a sequence, DICOM files, several volumes or a table of curves.

    Parameters
    ----------
    path : path or list of paths
        A file of a format of `io.formats`, such as a 4-D NIfTI file with its JSON side-car, a
        .seq.nrrd or a CSV of curves, a DICOM file or folder, or one file for each frame.
    times : sequence of float, s, optional
        One for each frame; goes before what the file says.
    frame_interval : float, s, optional
        For frames at even distances, the first at zero.
    name : str, optional
        For messages and results; by default from the file's name.
    confirm_times : bool
        Accept intervals that are unusual for the kind of examination.

    Returns
    -------
    Series
        Its ``time_source`` says which tag or field the times came from, its
        ``findings`` what was odd.

    Raises
    ------
    InputError
        When the file cannot be read or nothing says when its frames were taken:
        an index times an assumed interval is never used.
    """
    read = timed_frames(path, times=times, frame_interval=frame_interval, confirm_times=confirm_times)
    image, unit = read.image, read.image.unit or "a.u."
    told = {finding.code for finding in read.findings}
    seen = [f for f in value_findings(read.frames, unit, image.kind, image.file) if f.code not in told]
    return Series(
        values=read.frames,
        times=read.seconds,
        geometry=image.geometry,
        unit=unit,
        name=name or image.name,
        acquisition=image.acquisition,
        time_source=read.clock.source,
        findings=(*read.findings, *seen),
        durations=_durations(image, read.seconds, read.kept, are_given=read.clock is not image.clock),
    )


@dataclass(frozen=True, eq=False)
class TimedFrames:
    """What a file holds, whatever its values mean.

    frames : (T, K, J, I). seconds : (T,) rising. kept : (T,) numbers of these frames in the file. clock : where the
    times came from. findings : of the file and of its times.
    """

    image: FileImage
    frames: np.ndarray
    seconds: np.ndarray
    kept: np.ndarray
    clock: Clock
    findings: tuple[Finding, ...]


def timed_frames(
    path: Paths,
    *,
    times: Sequence[float] | None = None,
    frame_interval: float | None = None,
    confirm_times: bool = False,
) -> TimedFrames:
    """The frames of a file or several with their times; parameters and errors are those of `read_series`."""
    image = _read(path, given_times=times is not None or frame_interval is not None, timed=times is not None)
    where = image.file
    frames = image.values if image.values.ndim == 4 else image.values[None]
    clock = _given_clock(times, frame_interval, len(frames), where) or image.clock
    if clock is None:
        raise _no_clock(image, len(frames))
    nuclear = image.kind in NUCLEAR or image.durations is not None
    seconds, keep, repairs = repair_time_axis(
        clock.seconds, frames, where, nuclear=nuclear, gaps=image.durations is None
    )
    doubts = check_plausible_interval(seconds, image.kind, where, confirm_times)
    if not np.array_equal(keep, np.arange(len(frames))):
        frames = frames[keep]
    of_file = image.findings if clock is image.clock else tuple(f for f in image.findings if "-TIME-" not in f.code)
    return TimedFrames(image, frames, seconds, keep, clock, (*of_file, *repairs, *doubts))


def _read(path: Paths, given_times: bool, timed: bool) -> FileImage:
    paths = [Path(p) for p in path] if isinstance(path, (list, tuple)) else [Path(path)]
    if paths and all(_is_dicom(p) for p in paths):
        from ..dicom.series import read_dicom

        ordered, order = in_natural_order(paths, timed=timed)
        image = read_dicom(ordered, given_times=given_times)
        by_list = any(finding.code == "W-DICOM-ORDER" for finding in image.findings)
        return replace(image, findings=(*order, *image.findings)) if by_list else image
    if isinstance(path, (list, tuple)):
        ordered, order = in_natural_order(paths, timed=timed)
        return _read_volumes(ordered, order)
    return read_image(paths[0], components_are_frames=given_times, as_series=True)


def _is_dicom(path: Path) -> bool:
    return os.path.isdir(path) or is_called_dicom(path) or is_dicom(existing_file(path))


def _read_volumes(paths: list[Path], order: list[Finding]) -> FileImage:
    if not paths:
        raise InputError("E-NO-FRAMES", "the list of files is empty", fix="Give one file for each frame.")
    images = [read_image(path) for path in paths]
    volumes = [image.single_volume() for image in images]
    first = images[0]
    findings = [*order, *(finding for image in images for finding in image.findings)]
    for image, path in zip(images[1:], paths[1:]):
        findings += same_grid(image.geometry, path.name, first.geometry, paths[0].name)
    return FileImage(
        values=np.stack(volumes),
        geometry=first.geometry,
        name=image_stem(paths[0]),
        file=paths[0].name,
        no_clock="separate files say nothing about frame times",
        unit=first.unit,
        kind=first.kind,
        acquisition=first.acquisition,
        findings=tuple(findings),
    )


def same_grid(geometry: Geometry, name: str, reference: Geometry, reference_name: str) -> list[Finding]:
    """Refuse a frame on another grid; tell of a difference too small to matter."""
    try:
        geometry.require_match(reference, name, reference_name)
    except GeometryError as error:
        raise GeometryError(
            error.code,
            error.message,
            where=name,
            fix="All frames must lie on one grid: resample this one onto the first, or leave it out.",
        ) from error
    apart = geometry.difference_mm(reference)
    if apart == 0:
        return []
    if np.abs(geometry.affine[:3, 3] - reference.affine[:3, 3]).max() > POSITION_TOLERANCE_MM:
        raise GeometryError(
            "E-GEO-PLACE",
            f"{name} lies {apart:.3g} mm away from {reference_name}",
            where=name,
            fix="All frames must lie on one grid: resample this one onto the first, or leave it out.",
        )
    text = f"lies {apart:.2g} mm away from {reference_name}, which is taken as rounding"
    return [Finding("W-GEO-PLACE", Severity.WARN, text, name)]


def _durations(image: FileImage, times: np.ndarray, keep: np.ndarray, *, are_given: bool) -> np.ndarray | None:
    """(T,) durations of the frames that were kept, in s; with times the user gave only where they fit those."""
    if image.durations is None or len(image.durations) <= keep.max():
        return None
    durations = np.array(image.durations)[keep]
    fit = (durations[:-1] <= 1.5 * np.diff(times)).all()
    return durations if fit or not are_given else None


def _given_clock(times: Sequence[float] | None, frame_interval: float | None, frames: int, name: str) -> Clock | None:
    if times is not None and frame_interval is not None:
        raise InputError(
            "E-TIME-BOTH", "both frame times and a frame interval were given", where=name, fix="Give one of the two."
        )
    if times is not None:
        return Clock(tuple(times), "given")
    if frame_interval is None:
        return None
    if not np.isfinite(frame_interval) or frame_interval <= 0:
        raise InputError(
            "E-TIME-VALUE",
            f"the frame interval is {frame_interval}, a positive number of seconds was expected",
            where=name,
            fix=GIVE_TIMES,
        )
    return Clock(tuple(frame_interval * n for n in range(frames)), "given frame interval")


def _no_clock(image: FileImage, frames: int) -> InputError:
    if frames == 1:
        return InputError(
            "E-ONE-FRAME",
            "holds a single volume, a series needs at least two frames",
            where=image.file,
            fix="Give the file of the whole series, or a list with one file for each frame and their times; "
            "read a single image with read_map.",
        )
    return InputError(
        "E-TIME-MISSING",
        f"has no frame times for its {frames} frames ({image.no_clock})",
        where=image.file,
        fix=GIVE_TIMES,
    )
