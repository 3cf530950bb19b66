"""Which of the images in a folder are the dynamic series."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ...errors import Finding, InputError, Severity, counted
from .drawn_on import acquisition_drawn_on, names_any, require_same_position
from .headers.files import reading_dicom
from .headers.frames import Frame, frames_of
from .segmentation.segments import DrawnOn
from .timing.phases import is_dynamic, joined_phases, likeness, phase_findings, show_one_place

# Series smaller than this part of the largest in a folder are not taken for the volume.
PLANNING_VIEWS = 0.2


@dataclass(frozen=True)
class Group:
    """Frames of one series, image type, size, orientation, echo and flip angle."""

    frames: list[Frame]

    @property
    def is_dynamic(self) -> bool:
        """Whether any place was imaged more than once."""
        return is_dynamic(self.frames)

    def __str__(self) -> str:
        first = self.frames[0]
        header, kind = first.header, "\\".join(first.image_type)
        rows, columns = first.size
        return (
            f"series {header.get('SeriesNumber', '?')} ({header.get('Modality', '?')}, {kind or 'no image type'}, "
            f"{columns}×{rows}, {counted(len(self.frames), 'image')})"
        )


def dynamic_group(headers: list, name: str, *, listed: bool = False) -> tuple[Group, list[Finding]]:
    """The one dynamic series among the files, and what was left out.

    Frames that are spread over several series, each one volume on the same
    grid, count as one dynamic series; `joined_phases` says which, and what `listed` is.

    Raises
    ------
    InputError
        When there is none, or more than one.
    """
    frames, refused = usable_frames(headers)
    groups = by_series(frames)
    dynamic = [Group(frames) for frames in joined_phases([g.frames for g in groups], listed=listed)]
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
    return chosen[0], [*phase_findings(chosen[0].frames, name), *_left_out(groups, chosen[0], refused)]


def volume_group(headers: list, name: str, drawn: DrawnOn | None = None) -> tuple[Group, list[Finding]]:
    """The one volume among the files, and what was left out, such as the views it was planned on.

    drawn : which images a segmentation was drawn on, where they are meant.

    Raises
    ------
    InputError
        When there are several of like size, or its places were imaged more than once.
    """
    frames, refused = usable_frames(headers)
    groups = by_series(frames)
    if drawn is not None:
        groups = [g for g in groups if names_any(drawn, g.frames)] or groups
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
    left_out = _left_out(groups, chosen[0], refused)
    if drawn is not None:
        require_same_position(chosen[0].frames[0], drawn, name)
        own, told = acquisition_drawn_on(chosen[0].frames, drawn, name)
        chosen, left_out = [Group(own)], [*left_out, *told]
    if chosen[0].is_dynamic:
        raise InputError(
            "E-DIM",
            f"holds several images of one place, a single volume was expected: {chosen[0]}",
            where=name,
            fix="Give the folder of one volume, or beside it a segmentation that names the images of one acquisition; "
            "read images over time with read_series.",
        )
    return chosen[0], left_out


def usable_frames(headers: list) -> tuple[list[Frame], list[InputError]]:
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


def by_series(frames: list[Frame]) -> list[Group]:
    """Frames of one series that are alike, together."""
    groups = defaultdict(list)
    for frame in frames:
        with reading_dicom(frame.path):
            filed = (str(frame.header.get(uid, "")) for uid in ("StudyInstanceUID", "SeriesInstanceUID"))
            groups[(*filed, *likeness(frame))].append(frame)
    return [Group(found) for found in groups.values()]


def _not_dynamic(groups: list[Group], name: str) -> InputError:
    if show_one_place([group.frames for group in groups]):
        return InputError(
            "E-DICOM-PHASES",
            "several series show the same volume, but differ in echo, flip angle, repetition time, size or kind, or "
            f"lie more than half a day apart: {'; '.join(map(str, groups[:6]))}",
            where=name,
            fix="Give the folders that are times of one series as a list, the visits of a follow-up as --visits, "
            "and volumes that differ in flip angle as --stack.",
        )
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
