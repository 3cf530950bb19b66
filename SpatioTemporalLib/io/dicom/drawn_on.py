"""Which of several acquisitions at the same places a segmentation was drawn on."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ...errors import Finding, GeometryError, Severity, counted
from .headers.facts import number_of
from .headers.frames import Frame
from .headers.grid import Slice, slices_of
from .segmentation.segments import DrawnOn
from .timing.phases import is_dynamic

# One acquisition's numbers rise or fall evenly from slice to slice: of two images, the right one lies much nearer.
CLEARLY_NEARER = 4.0


def names_any(drawn: DrawnOn, frames: list[Frame]) -> bool:
    """Whether a segmentation names one of the images as drawn on."""
    return any(_is_named(frame, drawn) for frame in frames)


def acquisition_drawn_on(frames: list[Frame], drawn: DrawnOn, name: str) -> tuple[list[Frame], list[Finding]]:
    """Of several images at each place those of the acquisition that a segmentation names.

    A segmentation may name a part of the slices: the others are those with the same AcquisitionNumber, or the ones
    whose InstanceNumber goes on from theirs. All frames where nothing tells them apart.
    """
    named = [frame for frame in frames if _is_named(frame, drawn)]
    if not is_dynamic(frames) or not named:
        return frames, []
    chosen = _of_one_acquisition(frames, named) or _going_on(frames, named)
    if chosen is None:
        return frames, []
    text = (
        f"several acquisitions stand at the same places; the {counted(len(chosen), 'image')} of that which "
        f"{drawn.file} was drawn on were taken, {len(frames) - len(chosen)} left out"
    )
    return chosen, [Finding("R-DICOM-ACQUISITION", Severity.REPAIR, text, name)]


def require_same_position(frame: Frame, drawn: DrawnOn, name: str) -> None:
    """Refuse a segmentation that was drawn in another frame of reference.

    Raises
    ------
    GeometryError
        ``E-GEO-REFERENCE``; where either says nothing of it, it is not asked for.
    """
    own = str(frame.header.get("FrameOfReferenceUID") or "")
    if own and drawn.frame_of_reference and own != drawn.frame_of_reference:
        raise GeometryError(
            "E-GEO-REFERENCE",
            f"was drawn in another frame of reference than {name}: the patient lay differently, or it is another's",
            where=drawn.file,
            fix="Give the segmentation of these images, or the images that it was drawn on.",
        )


def _is_named(frame: Frame, drawn: DrawnOn) -> bool:
    return str(frame.header.get("SOPInstanceUID", "")) in drawn.images


def _of_one_acquisition(frames: list[Frame], named: list[Frame]) -> list[Frame] | None:
    numbers = {frame.clocks.get("AcquisitionNumber") for frame in named}
    if len(numbers) != 1 or None in numbers:
        return None
    (number,) = numbers
    chosen = [frame for frame in frames if frame.clocks.get("AcquisitionNumber") == number]
    return None if is_dynamic(chosen) else chosen


def _going_on(frames: list[Frame], named: list[Frame]) -> list[Frame] | None:
    """One image at each place, by a straight line through the instance numbers of those that are named."""
    numbers = {id(frame): number_of(frame.header, "InstanceNumber") for frame in frames}
    slices, known = slices_of(frames), {id(frame) for frame in named}
    own = defaultdict(list)
    for place, slice_ in enumerate(slices):
        for frame in slice_.frames:
            if id(frame) in known:
                own[place].append(numbers[id(frame)])
    if None in numbers.values() or len(own) < 2 or any(len(found) > 1 for found in own.values()):
        return None
    rise, start = np.polyfit(list(own), [found[0] for found in own.values()], 1)
    chosen = [_nearest(slice_, start + rise * place, numbers) for place, slice_ in enumerate(slices)]
    return None if None in chosen else chosen


def _nearest(slice_: Slice, number: float, numbers: dict[int, float]) -> Frame | None:
    off = sorted((abs(numbers[id(frame)] - number), n) for n, frame in enumerate(slice_.frames))
    if len(off) > 1 and off[1][0] < CLEARLY_NEARER * off[0][0]:
        return None
    return slice_.frames[off[0][1]]
