"""Facts about a node, kept in its attributes so that a saved scene keeps them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

from SpatioTemporalLib.data import Acquisition
from SpatioTemporalLib.errors import Finding, Severity

PREFIX = "SpatioTemporal."

# Slicer's multi-volume modules read these, in DICOM's units.
MULTI_VOLUME_ACQUISITION = {
    "repetition_time": ("MultiVolume.DICOM.RepetitionTime", 1000.0),
    "echo_time": ("MultiVolume.DICOM.EchoTime", 1000.0),
    "flip_angle": ("MultiVolume.DICOM.FlipAngle", 1.0),
}


def set_fact(node, name: str, value: object) -> None:
    """Store a text as it is and anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    node.SetAttribute(PREFIX + name, text)


def fact(node, name: str, default: object = None) -> object:
    """A stored text."""
    text = node.GetAttribute(PREFIX + name)
    return default if text is None else text


def json_fact(node, name: str, default: object = None) -> object:
    """A stored JSON value."""
    text = node.GetAttribute(PREFIX + name)
    return default if text is None else json.loads(text)


def set_acquisition(node, acquisition: Acquisition) -> None:
    """Store how images were acquired, for this library and for other modules."""
    set_fact(node, "Acquisition", acquisition.known())
    for name, (attribute, factor) in MULTI_VOLUME_ACQUISITION.items():
        value = getattr(acquisition, name)
        if value is not None:
            node.SetAttribute(attribute, f"{value * factor:.12g}")


def acquisition_of(*nodes) -> Acquisition:
    """How images were acquired, from the first node that says so."""
    for node in nodes:
        stored = json_fact(node, "Acquisition")
        if stored is not None:
            known = {f.name for f in fields(Acquisition)}
            return Acquisition(**{name: value for name, value in stored.items() if name in known})
    facts = {}
    for name, (attribute, factor) in MULTI_VOLUME_ACQUISITION.items():
        number = _first_number(attribute, nodes)
        if number is not None:
            facts[name] = number / factor
    return Acquisition(**facts)


def set_durations(node, durations) -> None:
    """Store the seconds each frame lasts, as a file of the sequence keeps them; None removes them."""
    text = None if durations is None else " ".join(repr(float(d)) for d in durations)
    node.RemoveAttribute(PREFIX + "FrameDurations") if text is None else set_fact(node, "FrameDurations", text)


def durations_of(node) -> list[float] | None:
    """The stored seconds that each frame lasts, or None."""
    text = fact(node, "FrameDurations", "")
    return [float(word) for word in text.split()] or None


def set_findings(node, findings: tuple[Finding, ...]) -> None:
    """Store what was odd about an input or a run."""
    set_fact(node, "Findings", [{**asdict(f), "severity": f.severity.value} for f in findings])


def findings_of(node) -> tuple[Finding, ...]:
    """What was odd about an input or a run."""
    stored = json_fact(node, "Findings", [])
    return tuple(Finding(f["code"], Severity(f["severity"]), f["message"], f["where"]) for f in stored)


def _first_number(attribute: str, nodes) -> float | None:
    for node in nodes:
        try:
            return float(node.GetAttribute(attribute) or "")
        except ValueError:
            continue
    return None
