"""Facts about a node, kept in its attributes so that a saved scene keeps them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

from SpatioTemporalLib.data import Acquisition
from SpatioTemporalLib.errors import Finding, InputError, Severity
from SpatioTemporalLib.io.files.json_text import is_list_of_numbers, is_number, parsed
from SpatioTemporalLib.system.plain_text import for_message

from .stored_json import damaged

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


def json_fact(node, name: str, default: object = None, *, kind: type | tuple[type, ...] = object) -> object:
    """A stored JSON value of a kind.

    Raises
    ------
    InputError
        ``E-SCENE-FACT`` when what is stored is no JSON, or of another kind.
    """
    text = node.GetAttribute(PREFIX + name)
    if text is None:
        return default
    try:
        value = parsed(text)
    except ValueError as error:
        raise damaged_fact(node, name, str(error)) from error
    if not isinstance(value, kind):
        raise damaged_fact(node, name, f"is {for_message(text, 40)!r}, which it cannot be")
    return value


def damaged_fact(node, name: str, why: str) -> InputError:
    """The error for a fact that cannot be used."""
    return damaged(node.GetName() or node.GetID() or "a node", f"its attribute {PREFIX}{name}", why)


def number_fact(node, name: str, default: float = 0) -> float:
    """A stored number."""
    value = json_fact(node, name, default)
    if not is_number(value):
        raise damaged_fact(node, name, f"is {for_message(value, 40)!r}, a number was expected")
    return value


def numbers_fact(node, name: str) -> list[float] | None:
    """A stored list of numbers, or None."""
    value = json_fact(node, name)
    if value is not None and not is_list_of_numbers(value):
        raise damaged_fact(node, name, f"is {for_message(value, 40)!r}, a list of numbers was expected")
    return value


def index_number(sequence, item: int) -> float:
    """The number by which an item of a sequence is found."""
    text = sequence.GetNthIndexValue(item)
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        where = sequence.GetName() or sequence.GetID()
        raise damaged(where, f"index {item + 1}", f"is {for_message(text, 40)!r}, a number was expected")
    return number


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
        stored = json_fact(node, "Acquisition", kind=dict)
        if stored is not None:
            kinds = {f.name: str(f.type) for f in fields(Acquisition)}
            known = {name: value for name, value in stored.items() if name in kinds}
            wrong = [name for name, value in known.items() if not _is_of(value, kinds[name])]
            if wrong:
                raise damaged_fact(node, "Acquisition", f"holds {wrong[0]} = {for_message(known[wrong[0]], 40)!r}")
            return Acquisition(**known)
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
    try:
        durations = [float(word) for word in text.split()]
    except ValueError as error:
        raise damaged_fact(node, "FrameDurations", f"is {for_message(text, 40)!r}, numbers were expected") from error
    if not all(math.isfinite(seconds) and seconds >= 0 for seconds in durations):
        raise damaged_fact(node, "FrameDurations", f"holds times that are none: {for_message(text, 40)!r}")
    return durations or None


def set_findings(node, findings: tuple[Finding, ...]) -> None:
    """Store what was odd about an input or a run."""
    set_fact(node, "Findings", [{**asdict(f), "severity": f.severity.value} for f in findings])


def findings_of(node) -> tuple[Finding, ...]:
    """What was odd about an input or a run."""
    stored = json_fact(node, "Findings", [], kind=list)
    try:
        described = [(f["code"], Severity(f["severity"]), f["message"], f["where"]) for f in stored]
    except (TypeError, KeyError, ValueError) as error:
        raise damaged_fact(node, "Findings", "holds no findings") from error
    if not all(isinstance(part, str) for facts in described for part in facts):
        raise damaged_fact(node, "Findings", "holds no findings")
    return tuple(Finding(*facts) for facts in described)


def _is_of(value: object, kind: str) -> bool:
    """Whether a value is what a field of that type may be."""
    if "tuple" in kind:
        return bool(value) and is_list_of_numbers(value)
    if "float" in kind:
        return is_number(value)
    return isinstance(value, str if "str" in kind else bool)


def _first_number(attribute: str, nodes) -> float | None:
    for node in nodes:
        try:
            number = float(node.GetAttribute(attribute) or "")
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return None
