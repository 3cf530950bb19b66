"""What is odd about the values of a series before anything is computed from them."""

from __future__ import annotations

import numpy as np

from ...errors import Finding, Severity, counted

# Squares of larger values overflow float32.
LARGEST_SAFE = 1e18
# Air is at -1000 HU; every CT of a body has some of it.
HIGHEST_AIR_HU = -200.0


def value_findings(frames: np.ndarray, unit: str, kind: str | None, name: str) -> list[Finding]:
    """Constant frames, clipped and extreme values, and CT values that are not in HU.

    Parameters
    ----------
    frames : (T, K, J, I) array
        Read once, a frame at a time.
    """
    # A table of curves is no image: one voxel is constant in each frame.
    if frames[0].size < 2:
        return []
    lowest, highest, clipped, extreme, constant = np.inf, -np.inf, 0, 0, []
    top = np.iinfo(frames.dtype).max if frames.dtype.kind in "iu" else None
    for index, frame in enumerate(frames):
        low, high = _finite_range(frame)
        lowest, highest = min(lowest, low), max(highest, high)
        if low == high:
            constant.append(index)
        if top is not None and high == top:
            clipped += int(np.count_nonzero(frame == top))
        elif max(-low, high) > LARGEST_SAFE:
            extreme += int(np.count_nonzero(np.isfinite(frame) & (np.abs(frame) > LARGEST_SAFE)))
    findings = []
    if constant:
        listed = ", ".join(map(str, constant[:8])) + (", …" if len(constant) > 8 else "")
        findings.append(
            (
                "W-FRAME-CONSTANT",
                f"{counted(len(constant), 'frame has', 'frames have')} the same value in every voxel: {listed}",
            )
        )
    if clipped:
        findings.append(("W-CLIPPED", f"{clipped} voxel values stand at {top}, the highest their type can hold"))
    if extreme:
        findings.append(("W-EXTREME", f"{extreme} voxel values are beyond ±{LARGEST_SAFE:g}"))
    if kind == "CT" and unit == "HU" and lowest > HIGHEST_AIR_HU:
        findings.append(("W-CT-UNIT", f"the lowest value is {lowest:g} HU, air at about -1000 HU was expected"))
    return [Finding(code, Severity.WARN, text, name) for code, text in findings]


def _finite_range(frame: np.ndarray) -> tuple[float, float]:
    low, high = frame.min(), frame.max()
    if np.isfinite(low) and np.isfinite(high):
        return float(low), float(high)
    finite = frame[np.isfinite(frame)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
