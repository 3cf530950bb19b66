"""Facts of the acquisition in a DICOM header, in seconds, degrees and tesla."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....errors import Finding, Severity
from .files import reading_dicom

FACT_KEYWORDS = {
    "repetition_time": ("RepetitionTime", 1000.0),
    "echo_time": ("EchoTime", 1000.0),
    "inversion_time": ("InversionTime", 1000.0),
    "flip_angle": ("FlipAngle", 1.0),
    "field_strength": ("MagneticFieldStrength", 1.0),
}


def number_of(dataset, keyword: str) -> float | None:
    """A number in a dataset, or None when it is absent or no number."""
    try:
        value = dataset.get(keyword)
        value = float(value[0] if isinstance(value, (list, tuple)) or hasattr(value, "append") else value)
    except (TypeError, ValueError, IndexError):
        return None
    return value if np.isfinite(value) else None


def enhanced_facts(group) -> dict[str, float]:
    timing, echo = group("MRTimingAndRelatedParametersSequence"), group("MREchoSequence")
    found = {
        "repetition_time": (timing, "RepetitionTime", 1000.0),
        "flip_angle": (timing, "FlipAngle", 1.0),
        "echo_time": (echo, "EffectiveEchoTime", 1000.0),
    }
    numbers = {f: (number_of(s, k) if s is not None else None, per) for f, (s, k, per) in found.items()}
    return {fact: number / per for fact, (number, per) in numbers.items() if number is not None}


def facts_of(header) -> dict[str, float]:
    """Acquisition facts; DICOM's milliseconds become seconds."""
    numbers = {fact: (number_of(header, keyword), per) for fact, (keyword, per) in FACT_KEYWORDS.items()}
    return {fact: number / per for fact, (number, per) in numbers.items() if number is not None}


def unreadable_facts(header, name: str) -> list[Finding]:
    """Facts that are there but are no numbers, so that they were left out."""
    with reading_dicom(Path(header.filename)):
        unreadable = [k for k, _ in FACT_KEYWORDS.values() if k in header and _is_no_number(header, k)]
    text = "is no number and was left out"
    return [Finding("R-FACT", Severity.REPAIR, f"{keyword} {text}", name) for keyword in unreadable]


def _is_no_number(header, keyword: str) -> bool:
    try:
        return header.get(keyword) not in (None, "") and number_of(header, keyword) is None
    except (TypeError, ValueError, OverflowError, NotImplementedError):
        return True
