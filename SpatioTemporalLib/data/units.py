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


# How many of the family's first unit one of these is; prefixes and spellings that a file or a person may use.
FAMILIES = (
    {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3, "us": 1e-6}
    | {"min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0}
    | {"d": 86400.0, "day": 86400.0, "days": 86400.0}
    | {name: 7 * 86400.0 for name in ("wk", "week", "weeks")}
    # The mean month and year of the Julian calendar, as UCUM has them.
    | {name: 365.25 / 12 * 86400.0 for name in ("mo", "month", "months")}
    | {name: 365.25 * 86400.0 for name in ("a", "yr", "year", "years")},
    {"mmol/L": 1.0, "mmol/l": 1.0, "mM": 1.0, "mM/L": 1.0, "mol/m3": 1.0, "umol/L": 1e-3, "umol/l": 1e-3, "uM": 1e-3}
    | {"mol/L": 1e3, "mol/l": 1e3, "M": 1e3, "nmol/L": 1e-6, "nmol/l": 1e-6, "nM": 1e-6}
    | {"umol/mL": 1.0, "umol/ml": 1.0, "mmol/mL": 1e3, "mmol/ml": 1e3},
    {
        "1/s": 1.0,
        "/s": 1.0,
        "s-1": 1.0,
        "s^-1": 1.0,
        "Hz": 1.0,
        "1/ms": 1e3,
        "/ms": 1e3,
        "1/min": 1 / 60,
        "/min": 1 / 60,
    },
    {"1": 1.0, "ratio": 1.0, "fraction": 1.0, "%": 0.01, "percent": 0.01},
    {"mm": 1.0, "cm": 10.0, "m": 1e3, "um": 1e-3},
    {
        "mm3": 1.0,
        "mm³": 1.0,
        "mm^3": 1.0,
        "cm3": 1e3,
        "cm³": 1e3,
        "cm^3": 1e3,
        "cc": 1e3,
        "mL": 1e3,
        "ml": 1e3,
        "cL": 1e4,
        "dL": 1e5,
        "L": 1e6,
        "uL": 1.0,
        "ul": 1.0,
    },
    {"deg": 1.0, "degrees": 1.0, "°": 1.0, "rad": 57.29577951308232},
)


def factor_between(unit: str, wanted: str) -> float | None:
    """By what values in a unit are multiplied to be in another; None where they measure different things."""
    unit, wanted = (re.sub(r"\s+(?=/)|(?<=/)\s+", "", u.strip()) for u in (unit, wanted))
    unit, wanted = (u.replace("µ", "u").replace("μ", "u") for u in (unit, wanted))
    if unit == wanted:
        return 1.0
    for family in FAMILIES:
        if unit in family and wanted in family:
            return family[unit] / family[wanted]
    return None


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
