"""Units as the field writes them, as UCUM codes."""

from __future__ import annotations

import re

from .volumes import Code

# As the field writes them, where that is not already UCUM.
UCUM = {
    "mM": "mmol/L",
    "mmol/l": "mmol/L",
    "1/(mM s)": "L/mmol/s",
    "1/(mM·s)": "L/mmol/s",
    "a.u.": "[arb'U]",
    "HU": "[hnsf'U]",
    "mL/100mL/min": "mL/(100.mL)/min",
    "mL/min/100mL": "mL/min/(100.mL)",
    "mL/100g/min": "mL/(100.g)/min",
    "mL/min/100g": "mL/min/(100.g)",
    "mL/100mL": "mL/(100.mL)",
    "mm²": "mm2",
    "mm³": "mm3",
    "°": "deg",
    "degrees": "deg",
    "bpm": "/min",
    "bits": "bit",
    "label": "1",
    "": "1",
}


def ucum(unit: str) -> str:
    """The UCUM code of a unit as the field writes it: ``1/min`` is ``/min``."""
    unit = unit.strip()
    if unit in UCUM:
        return UCUM[unit]
    # Where it stands in a product or a quotient, as in HU*s.
    for symbol in ("a.u.", "HU"):
        unit = re.sub(rf"(?<![\w.]){re.escape(symbol)}(?!\w)", UCUM[symbol], unit)
    code = unit.replace("·", ".").replace("*", ".").replace("µ", "u").replace("μ", "u").replace(" ", ".")
    code = re.sub(r"\^(-?\d+)", r"\1", code)
    return re.sub(r"^1/", "/", code)


def unit_code(unit: str) -> Code:
    """Coded entry of a unit, its meaning being the unit as written."""
    return Code(ucum(unit), "UCUM", unit or "no units")
