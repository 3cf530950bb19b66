"""Scans that were stopped before the last volume was whole."""

from __future__ import annotations

from ...errors import Finding, Severity, counted
from .headers.clocks import ABSOLUTE, MICROSECONDS, PRECEDENCE
from .headers.grid import Slice, require_full_grid
from .timing.times import volume_starts


def whole_frames(slices: list[Slice], name: str) -> tuple[list[Slice], list[Finding]]:
    """The volumes that are whole, where only the last ones are not, and what was left out.

    Raises
    ------
    InputError
        ``E-DICOM-GRID`` when images are missing elsewhere, or no clock tells where.
    """
    counts = [len(s.frames) for s in slices]
    fewest, most = min(counts), max(counts)
    if fewest == most:
        return slices, []
    for tag in PRECEDENCE if fewest > 1 else ():
        if any(tag not in frame.clocks for s in slices for frame in s.frames):
            continue
        ordered = [sorted(s.frames, key=lambda frame: frame.clocks[tag]) for s in slices]
        kept = [Slice(s.distance, frames[:fewest]) for s, frames in zip(slices, ordered)]
        starts, _ = volume_starts(kept, tag)
        left = [frame.clocks[tag] for frames in ordered for frame in frames[fewest:]]
        ends = max(frames[fewest - 1].clocks[tag] for frames in ordered)
        if starts is None or min(left) <= ends:
            continue
        since = (min(left) - (starts[0] if tag in ABSOLUTE else 0)) / MICROSECONDS
        text = (
            f"the last {'volume is' if most - fewest == 1 else f'{most - fewest} volumes are'} not whole: "
            f"{counted(len(left), 'image')} from {since:g} s on left out, "
            f"{counted(fewest, 'whole volume is', 'whole volumes are')} kept"
        )
        return kept, [Finding("W-DICOM-STOPPED", Severity.WARN, text, name)]
    require_full_grid(slices, name)
    return slices, []
