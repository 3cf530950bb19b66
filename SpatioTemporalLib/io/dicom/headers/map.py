"""What the values of a DICOM parametric map stand for."""

from __future__ import annotations

from ....data.units import UCUM, ucum

PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
FIELD_SYMBOLS = {code: unit for unit, code in UCUM.items() if unit}


def is_parametric_map(header) -> bool:
    return str(header.get("SOPClassUID", "")) == PARAMETRIC_MAP


def real_world_mapping(header, number: int):
    """The mapping from stored values to a quantity of a frame, or None where there is none."""
    own = (header.get("PerFrameFunctionalGroupsSequence") or [])[number : number + 1]
    for group in (*own, *(header.get("SharedFunctionalGroupsSequence") or [])[:1]):
        mappings = group.get("RealWorldValueMappingSequence")
        if mappings:
            return mappings[0]
    return None


def mapped_unit(header, number: int) -> str | None:
    """The unit of a frame's quantity as the field writes it, or None where the file does not say."""
    mapping = real_world_mapping(header, number)
    coded = (mapping.get("MeasurementUnitsCodeSequence") or [None])[0] if mapping is not None else None
    if coded is None:
        return None
    value, meaning = str(coded.get("CodeValue", "")).strip(), str(coded.get("CodeMeaning", "")).strip()
    # Written here, the meaning is the unit itself.
    if meaning and ucum(meaning) == value:
        return meaning
    if value in FIELD_SYMBOLS:
        return FIELD_SYMBOLS[value]
    return f"1{value}" if value.startswith("/") else value or None
