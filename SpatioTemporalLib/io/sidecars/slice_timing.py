"""When within each frame each slice was acquired, as BIDS has it."""

from __future__ import annotations

from ...data.series import Acquisition

TIMING, DIRECTION = "SliceTiming", "SliceEncodingDirection"


def slice_times_of(sidecar) -> dict[str, tuple[float, ...]]:
    """``slice_times`` of the slices along K, in s, or nothing.

    Times along another axis of the image are none of its slices; ``k-`` counts from the last one.
    """
    entries = sidecar.entries
    if entries.get(TIMING) is None:
        return {}
    seconds = tuple(sidecar.numbers(entries[TIMING], TIMING))
    direction = entries.get(DIRECTION, "k")
    if not seconds or direction not in ("k", "k-"):
        return {}
    return {"slice_times": seconds[::-1] if direction == "k-" else seconds}


def slice_timing_entries(acquisition: Acquisition) -> dict[str, list[float]]:
    """Side-car entries of times of slices; none where they are not known."""
    return {} if acquisition.slice_times is None else {TIMING: list(acquisition.slice_times)}
