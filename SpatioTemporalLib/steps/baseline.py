"""Which frames are the baseline: parameters that every method on signal has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..declare import Advanced, Help, Range


@dataclass(frozen=True)
class BaselineParameters:
    """Where the baseline begins and ends."""

    baseline_frames: Annotated[
        int | None,
        Range(1, 500),
        Help("Frames before arrival that are averaged as baseline; found from the bolus arrival when left empty."),
    ] = None
    skipped_frames: Annotated[
        int, Range(0, 100), Help("First frames left out of the baseline, not yet in steady state."), Advanced()
    ] = 0
