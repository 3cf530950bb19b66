"""Facts that no examination has, taken from what a file says: told, and left out rather than computed with."""

from __future__ import annotations

import math
from dataclasses import replace

from ...data.series import Acquisition
from ...errors import Finding, Severity
from .image import FileImage

LONGEST_NAME, LONGEST_FRAME_S = 200, 600.0
# Name, unit; what is possible, and what is usual: beyond it a wrong unit is likelier.
FACTS = {
    "repetition_time": ("repetition time", "s", (1e-4, 600.0), (1e-3, 30.0)),
    "echo_time": ("echo time", "s", (0.0, 10.0), (0.0, 1.0)),
    "inversion_time": ("inversion time", "s", (0.0, 600.0), (0.0, 30.0)),
    "flip_angle": ("flip angle", "deg", (1e-6, 360.0), (0.1, 180.0)),
    "field_strength": ("field strength", "T", (1e-4, 30.0), (1e-3, 21.0)),
    "dose": ("dose", "mmol/kg", (0.0, 10.0), (0.0, 1.0)),
    "half_life": ("half-life", "s", (1e-3, 1e12), (1.0, 1e9)),
    "decay_corrected_to": ("time to which decay was corrected", "s", (-1e9, 1e9), (-1e6, 1e6)),
}


def plausible(image: FileImage) -> FileImage:
    """The image without facts that cannot be, and with what is odd told."""
    acquisition, findings = plausible_facts(image.acquisition, image.file)
    name, unit = image.name, image.unit
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}…"
        text = f"the name has {len(image.name)} letters; it was cut off after {LONGEST_NAME}"
        findings.append(Finding("R-NAME", Severity.REPAIR, text, image.file))
    if unit is not None and len(unit) > LONGEST_NAME:
        unit = None
        text = f"the unit has {len(image.unit)} letters, which is none; it was left out"
        findings.append(Finding("R-UNIT", Severity.REPAIR, text, image.file))
    return replace(
        image,
        acquisition=acquisition,
        name=name,
        unit=unit,
        findings=tuple(dict.fromkeys((*image.findings, *findings))),
    )


def plausible_facts(acquisition: Acquisition, where: str) -> tuple[Acquisition, list[Finding]]:
    """The facts that can be, and what was said of the others."""
    findings, left_out = [], {}
    for fact, (name, unit, (low, high), (usually_from, usually_to)) in FACTS.items():
        value = getattr(acquisition, fact)
        if value is None:
            continue
        if not (math.isfinite(value) and low <= value <= high):
            left_out[fact] = None
            text = f"a {name} of {value:g} {unit} is impossible; it was left out"
            findings.append(Finding("R-FACT", Severity.REPAIR, text, where))
        elif not usually_from <= value <= usually_to:
            text = f"a {name} of {value:g} {unit} is unusual; is it in {unit}?"
            findings.append(Finding("W-FACT", Severity.WARN, text, where))
    slices = acquisition.slice_times or ()
    if not all(math.isfinite(seconds) and 0 <= seconds <= LONGEST_FRAME_S for seconds in slices):
        left_out["slice_times"] = None
        text = "times of slices must lie within a frame, in s from its start; they were left out"
        findings.append(Finding("R-FACT", Severity.REPAIR, text, where))
    for fact in ("modality", "agent", "examination"):
        if len(getattr(acquisition, fact) or "") > LONGEST_NAME:
            left_out[fact] = None
            text = f"the {fact} has more than {LONGEST_NAME} letters; it was left out"
            findings.append(Finding("R-FACT", Severity.REPAIR, text, where))
    return replace(acquisition, **left_out), findings
