"""What kind of examination images over time are, by which the analyses that suit them are found."""

from __future__ import annotations

import numpy as np

EXAMINATIONS = {
    "dce": "contrast-enhanced MR (T1-weighted)",
    "dsc": "susceptibility contrast MR (T2*-weighted first pass)",
    "bold": "BOLD fMRI",
    "cine": "cine",
    "pet": "dynamic PET",
    "ct_perfusion": "CT perfusion",
    "ct_4d": "4D CT of breathing or heart",
    "ceus": "contrast ultrasound",
}
"""Kinds of examination by the names that declarations and files use, with what people call them."""

OF_MODALITY = {"PT": ("pet",), "NM": ("pet",), "US": ("ceus", "cine"), "CT": ("ct_perfusion", "ct_4d")}
OF_LONG_ECHO, OF_SHORT_ECHO = ("dsc", "bold"), ("dce", "cine")
LONG_ECHO = 0.012  # s
# Of a spoiled gradient echo; echo-planar images take longer.
SHORT_REPETITION = 0.05  # s
OF_UNIT = {
    "mmol/L": ("dce", "dsc", "ct_perfusion"),
    "1/s": ("dsc",),
    "HU": ("ct_perfusion", "ct_4d"),
    **dict.fromkeys(("Bq/mL", "kBq/mL", "MBq/mL"), ("pet",)),
}
# What is acquired so often, so evenly and so many times, and does not enhance, is a functional series.
FUNCTIONAL_INTERVALS, FUNCTIONAL_FRAMES, ENHANCEMENT = (0.3, 4.0), 80, 0.04


def possible_examinations(acquisition, unit: str = "a.u.") -> tuple[str, ...]:
    """What images can be by what is known of them; empty where nothing is known.

    Parameters
    ----------
    acquisition : Acquisition
    unit : str      Of their values.
    """
    if acquisition.examination:
        return (acquisition.examination,)
    if unit in OF_UNIT:
        return OF_UNIT[unit]
    if acquisition.modality == "MR":
        return _of_sequence(acquisition)
    return OF_MODALITY.get(acquisition.modality or "", ())


def seems_functional(times: np.ndarray, mean: np.ndarray) -> bool:
    """Whether a series looks as functional ones do: many even frames, seconds apart, whose mean hardly changes.

    Parameters
    ----------
    times : (T,) s
    mean : (T,)     Mean signal of the image, or of a part of its voxels.
    """
    if len(times) < FUNCTIONAL_FRAMES or not np.isfinite(mean).all():
        return False
    steps = np.diff(times)
    middle = float(np.median(steps))
    even = np.abs(steps - middle).max() <= 0.05 * middle
    level = abs(float(np.median(mean)))
    # Of ten frames together, so that noise and the first frames, not yet in steady state, do not count.
    parts = np.array([part.mean() for part in np.array_split(mean[5:], max(1, len(mean) // 10))])
    return even and FUNCTIONAL_INTERVALS[0] <= middle <= FUNCTIONAL_INTERVALS[1] and np.ptp(parts) < ENHANCEMENT * level


def in_words(examinations: tuple[str, ...]) -> str:
    """Kinds of examination for people."""
    names = [EXAMINATIONS.get(name, name) for name in examinations]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}" if names else "of unknown kind"


def _of_sequence(acquisition) -> tuple[str, ...]:
    if acquisition.agent:
        return ("dsc",) if _has_long_echo(acquisition) else ("dce",)
    if acquisition.echo_time is not None:
        return OF_LONG_ECHO if _has_long_echo(acquisition) else OF_SHORT_ECHO
    if acquisition.repetition_time is not None and acquisition.repetition_time < SHORT_REPETITION:
        return OF_SHORT_ECHO
    return OF_SHORT_ECHO + OF_LONG_ECHO


def _has_long_echo(acquisition) -> bool:
    return acquisition.echo_time is not None and acquisition.echo_time >= LONG_ECHO
