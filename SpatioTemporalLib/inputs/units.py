"""Inputs in the units an analysis declares, and within what it calls plausible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..data.curve import SECONDS, Curve
from ..data.series import Series
from ..data.units import factor_between
from ..data.volumes import LabelMap, Map
from ..declare import Analysis, Input
from ..errors import Finding, InputError, Severity
from ..system.plain_text import for_message

CONCENTRATION = "mmol/L"
# Beyond this part of the voxels that have a value, it is not some voxels that are wrong but the map.
MOST = 0.5


def in_declared_units(analysis: Analysis, inputs: dict[str, object]) -> dict[str, object]:
    """The inputs, converted where they measure the declared quantity in another unit; concentrations in mmol/L."""
    declared = {item.name: item for item in analysis.inputs}
    return {name: _converted(declared[name], value) for name, value in inputs.items()}


def within_ranges(analysis: Analysis, inputs: dict[str, object]) -> tuple[dict[str, object], tuple[Finding, ...]]:
    """The inputs with NaN where a map is outside the range it was declared with, and what was found there.

    Raises
    ------
    InputError
        ``E-RANGE`` where that is most of the map.
    """
    mask = inputs.get("mask")
    changed, findings = dict(inputs), []
    for item in analysis.inputs:
        value = inputs[item.name]
        if isinstance(value, Map) and item.range:
            changed[item.name], found = _within(item, value, mask)
            findings += found
    return changed, tuple(findings)


def _converted(declared: Input, value: object) -> object:
    if not isinstance(value, (Series, Map, Curve)):
        return value
    if isinstance(value, Curve) and value.axis != SECONDS:
        raise InputError(
            "E-CURVE",
            f"{declared.name} goes over {for_message(value.axis)}, a curve over {SECONDS} was expected",
            where=value.name,
            fix=f"Choose another curve. {declared.help}",
        )
    is_concentration = isinstance(value, (Series, Curve)) and factor_between(value.unit, CONCENTRATION) is not None
    wanted = declared.unit or (CONCENTRATION if is_concentration else "")
    factor = factor_between(value.unit, wanted) if wanted and value.unit != wanted else None
    if factor is None:
        return value
    # A factor of one is another spelling: a memory-mapped series stays where it is.
    values = value.values if factor == 1 else np.asarray(value.values) * np.float32(factor)
    return replace(value, values=values, unit=wanted)


def _within(declared: Input, value: Map, mask: object) -> tuple[Map, list[Finding]]:
    low, high = declared.range
    with np.errstate(invalid="ignore"):
        outside = np.isfinite(value.values) & ((value.values < low) | (value.values > high))
    # Zero is how most programs write that a voxel has no value.
    has_value = np.isfinite(value.values) & (value.values != 0)
    if isinstance(mask, LabelMap) and mask.values.shape == value.values.shape:
        has_value &= mask.foreground
    wrong = outside & has_value
    count, of = np.count_nonzero(wrong), np.count_nonzero(has_value)
    allowed = f"{low:g} to {high:g} {declared.unit}"
    if count and count > MOST * of:
        typical = float(np.median(value.values[wrong]))
        raise InputError(
            "E-RANGE",
            f"{declared.name} is outside {allowed} in {count} of {of} voxels, {typical:.4g} {value.unit} in the middle",
            where=value.name,
            fix=f"Say the unit it is in (--unit {declared.name}=ms, %, ...), or check that it is the right image. "
            f"{declared.help}",
        )
    if not outside.any():
        return value, []
    cleaned = replace(value, values=np.where(outside, np.float32(np.nan), value.values))
    text = f"{declared.name} is outside {allowed} in {count} voxels, which were left out"
    return cleaned, [Finding("W-RANGE", Severity.MASK, text, value.name)] if count else []
