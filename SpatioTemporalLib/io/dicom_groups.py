"""Which of the images in a folder are the dynamic series."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ..errors import Finding, InputError, Severity
from .dicom_files import reading_dicom
from .dicom_frames import Frame, frames_of
from .dicom_grid import slices_of

# Series smaller than this part of the largest in a folder are not taken for the volume.
PLANNING_VIEWS = 0.2


@dataclass(frozen=True)
class Group:
    """Frames of one series, image type, size, orientation, echo and flip angle."""

    frames: list[Frame]

    @property
    def is_dynamic(self) -> bool:
        """Whether any place was imaged more than once."""
        return any(len(s.frames) > 1 for s in slices_of(self.frames))

    def __str__(self) -> str:
        first = self.frames[0]
        header, kind = first.header, "\\".join(first.image_type)
        return (
            f"series {header.get('SeriesNumber', '?')} ({header.get('Modality', '?')}, {kind or 'no image type'}, "
            f"{header.Columns}×{header.Rows}, {len(self.frames)} images)"
        )


def dynamic_group(headers: list, name: str) -> tuple[Group, list[Finding]]:
    """The one dynamic series among the files, and what was left out.

    Frames that are spread over several series, each one volume on the same
    grid, count as one dynamic series.

    Raises
    ------
    InputError
        When there is none, or more than one.
    """
    frames, refused = _usable(headers)
    groups = _by_series(frames)
    dynamic = [g for g in groups if g.is_dynamic] or _merged(groups)
    if not dynamic:
        raise refused[0] if refused else _not_dynamic(groups, name)
    originals = [g for g in dynamic if "DERIVED" not in g.frames[0].image_type]
    chosen = originals if len(originals) == 1 else dynamic
    if len(chosen) > 1:
        raise InputError(
            "E-DICOM-SEVERAL",
            f"holds {len(chosen)} dynamic series: {'; '.join(map(str, chosen[:6]))}",
            where=name,
            fix="Put the images of the one you mean into a folder of their own.",
        )
    return chosen[0], _left_out(groups, chosen[0], refused)


def volume_group(headers: list, name: str) -> tuple[Group, list[Finding]]:
    """The one volume among the files, and what was left out, such as the views it was planned on.

    Raises
    ------
    InputError
        When there are several of like size, or its places were imaged more than once.
    """
    frames, refused = _usable(headers)
    groups = _by_series(frames)
    most = max(len(group.frames) for group in groups)
    large = [group for group in groups if len(group.frames) > most * PLANNING_VIEWS]
    originals = [g for g in large if "DERIVED" not in g.frames[0].image_type]
    chosen = originals if len(originals) == 1 else large
    if len(chosen) > 1:
        raise InputError(
            "E-DICOM-SEVERAL",
            f"holds {len(chosen)} series, one volume was expected: {'; '.join(map(str, chosen[:6]))}",
            where=name,
            fix="Put the images of the one you mean into a folder of their own.",
        )
    if chosen[0].is_dynamic:
        raise InputError(
            "E-DIM",
            f"holds several images of one place, a single volume was expected: {chosen[0]}",
            where=name,
            fix="Give the folder of one volume; read images over time with read_series.",
        )
    return chosen[0], _left_out(groups, chosen[0], refused)


def _usable(headers: list) -> tuple[list[Frame], list[InputError]]:
    """The frames of all files, and why files without any were refused."""
    frames, refused = [], []
    for header in headers:
        try:
            frames += frames_of(header)
        except InputError as error:
            # A folder may hold other objects; a single one that cannot be used is the answer.
            if error.code not in ("E-DICOM-KIND", "E-DICOM-TAG", "E-DICOM-MOSAIC"):
                raise
            refused.append(error)
    if not frames:
        raise refused[0]
    return frames, refused


def _by_series(frames: list[Frame]) -> list[Group]:
    groups = defaultdict(list)
    for frame in frames:
        with reading_dicom(frame.path):
            groups[(str(frame.header.get("SeriesInstanceUID", "")), *_likeness(frame))].append(frame)
    return [Group(found) for found in groups.values()]


def _likeness(frame: Frame) -> tuple:
    """What frames of one dynamic series have in common, whatever series they are filed under."""
    header = frame.header
    return (
        str(header.get("StudyInstanceUID", "")),
        frame.image_type,
        int(header.Rows),
        int(header.Columns),
        tuple(round(c, 3) for c in frame.orientation or ()),
        tuple(round(s, 4) for s in frame.spacing or ()),
        frame.facts.get("echo_time"),
        frame.facts.get("flip_angle"),
    )


def _merged(groups: list[Group]) -> list[Group]:
    """Series that are each one volume at the same places, put together."""
    alike = defaultdict(list)
    for group in groups:
        if group.frames[0].position is not None:
            places = tuple(sorted(tuple(round(x, 2) for x in f.position) for f in group.frames))
            alike[(places, *_likeness(group.frames[0]))].append(group)
    return [Group([f for g in several for f in g.frames]) for several in alike.values() if len(several) > 1]


def _not_dynamic(groups: list[Group], name: str) -> InputError:
    return InputError(
        "E-ONE-FRAME",
        f"no place was imaged more than once, so there is no series over time: {'; '.join(map(str, groups[:6]))}",
        where=name,
        fix="Choose the folder with all frames of the dynamic series.",
    )


def _left_out(groups: list[Group], chosen: Group, refused: list[InputError]) -> list[Finding]:
    used = {id(frame) for frame in chosen.frames}
    others = [str(g) for g in groups if id(g.frames[0]) not in used]
    others += [f"an image that {error.message}" for error in refused]
    if not others:
        return []
    text = f"also in the folder and left out: {'; '.join(others[:8])}"
    return [Finding("W-SERIES-IGNORED", Severity.WARN, text)]
