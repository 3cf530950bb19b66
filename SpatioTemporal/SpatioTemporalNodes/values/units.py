"""Units and quantities as the coded entries of nodes."""

from __future__ import annotations

import slicer

from SpatioTemporalLib.data import Code
from SpatioTemporalLib.data.units import unit_code


def units_entry(unit: str):
    """Coded entry of a unit, its meaning being the unit as written."""
    return coded_entry(unit_code(unit))


def coded_entry(code: Code):
    """A code as a node holds it."""
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(code.value, code.scheme, code.meaning)
    return entry
