"""Which frames are the baseline: parameters that every method on signal has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..declare import Advanced, FrameRole, Help, Range


@dataclass(frozen=True)
class BaselineParameters:
    """Where the baseline begins and ends."""

    baseline_frames: Annotated[
        int | None,
        Range(1, 500),
        Help(
            "How many first frames lie before arrival, those skipped among them; the baseline is averaged over them. "
            "Found from the bolus arrival when left empty."
        ),
        FrameRole.COUNTED_FROM_FIRST,
    ] = None
    skipped_frames: Annotated[
        int,
        Range(0, 100),
        Help("First frames that are left out everywhere, because the signal is not yet in its steady state."),
        FrameRole.SKIPPED_FIRST,
        Advanced(),
    ] = 0
