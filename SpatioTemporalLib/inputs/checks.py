"""Whether what is given fits what an analysis declares."""

from __future__ import annotations

import numpy as np

from ..data.follow_up import FollowUp, Visit
from ..data.grids.lattice import on_lattice
from ..data.series import Series
from ..data.volumes import ImageStack, LabelMap, LabelSeries, Map
from ..declare import Analysis, Input
from ..errors import Finding, InputError, Severity, counted
from ..kinds.registry import as_kind, files_of

ON_A_GRID = (Series, LabelSeries, ImageStack, Map, LabelMap)
OVER_TIME = (Series, LabelSeries)
NAMELESS = ("", "map", "mask", "stack")


def prepared(analysis: Analysis, given: dict[str, object]) -> dict[str, object]:
    """The inputs of an analysis, absent ones None, of the declared kinds where what is given can become that.

    The image of each visit is under its declared name.

    Masks and maps that share the voxels of the image they belong to are put on its grid.
    """
    inputs = {declared.name: as_kind(given.get(declared.name), declared.kind) for declared in analysis.inputs}
    for declared in analysis.inputs:
        if declared.kind is FollowUp and isinstance(inputs[declared.name], FollowUp):
            inputs[declared.name] = inputs[declared.name].with_image(declared.image)
    common = on_common_grid(analysis, inputs)
    first = next(iter(common), None)
    for name, value in common.items():
        if name != first and isinstance(value, (LabelMap, Map)):
            inputs[name] = on_lattice(value, common[first].geometry, first)
    return inputs


def check_inputs(analysis: Analysis, inputs: dict[str, object]) -> tuple[Finding, ...]:
    """Check presence, kind, unit, frames, visits, geometry and finite values of all inputs.

    Returns
    -------
    tuple of Finding
        What was odd but did not stop the work, the inputs' own findings included.
    """
    findings: list[Finding] = []
    for declared in analysis.inputs:
        value = inputs.get(declared.name)
        if value is None:
            _require_optional(analysis, declared)
            continue
        _check_kind(declared, value)
        findings += getattr(value, "findings", ())
        findings += _check_follow_up(declared, value) if declared.kind is FollowUp else _check_values(declared, value)
    common = on_common_grid(analysis, inputs)
    reference = next(iter(common), None)
    for name, value in common.items():
        if name != reference:
            label = name if value.name in (*NAMELESS, name) else f"{name} ({value.name})"
            value.geometry.require_match(inputs[reference].geometry, label, reference)
    # A follow-up tells what its images told; nothing is said twice.
    return tuple(dict.fromkeys(findings))


def on_common_grid(analysis: Analysis, inputs: dict[str, object]) -> dict[str, object]:
    """The inputs that have to lie on one grid, in the order they are declared."""
    common = {i.name: inputs.get(i.name) for i in analysis.inputs if not i.own_grid}
    return {name: value for name, value in common.items() if isinstance(value, ON_A_GRID)}


def _require_optional(analysis: Analysis, declared: Input) -> None:
    if not declared.optional:
        raise InputError(
            "E-INPUT-MISSING",
            f"{analysis.id} needs {declared.name} ({declared.kind.__name__}). {declared.help}",
            where=declared.name,
            fix=f"Give it as {declared.name}=... or --{declared.name.replace('_', '-')} FILE.",
        )


def _check_kind(declared: Input, value: object) -> None:
    if not isinstance(value, declared.kind):
        raise InputError(
            "E-INPUT-KIND",
            f"{declared.name} must be a {declared.kind.__name__}, found {type(value).__name__}",
            where=declared.name,
            fix=f"Make it with {files_of(declared.kind).how}.",
        )
    unit = getattr(value, "unit", "")
    if declared.unit and unit != declared.unit:
        wanted = "a ratio (unit 1 or %)" if declared.unit == "1" else f"in {declared.unit}"
        raise InputError(
            "E-INPUT-UNIT",
            f"{declared.name} must be {wanted}, found {unit or 'no unit'}. {declared.help}".rstrip(" ."),
            where=value.name,
            fix=f"Give the right unit if this is wrong (--unit {declared.name}={declared.unit}), or convert it first.",
        )
    if isinstance(value, OVER_TIME) and value.frame_count < declared.min_frames:
        raise InputError(
            "E-ONE-FRAME" if value.frame_count == 1 else "E-FRAMES",
            f"{counted(declared.min_frames, 'frame')} or more are needed, found {value.frame_count}",
            where=value.name,
            fix="Choose the whole dynamic series, not a part of it.",
        )
    if isinstance(value, OVER_TIME) and declared.intervals and value.frame_count > 1:
        _check_interval(declared, value)


def _check_interval(declared: Input, series: Series | LabelSeries) -> None:
    low, high = declared.intervals
    median = float(np.median(series.intervals))
    if low <= median <= high:
        return
    perhaps = "the repetition time of the pulse, or minutes" if median < low else "milliseconds"
    raise InputError(
        "E-TIME-INTERVAL",
        f"frames are {median:.4g} s apart ({series.time_source}), which cannot be for what is analysed here: "
        f"{low:g} to {high:g} s; are these {perhaps}?",
        where=series.name,
        fix="Give the frame times or the frame interval in seconds (times=..., --times, --frame-interval).",
    )


def _check_values(declared: Input, value: object) -> list[Finding]:
    if isinstance(value, (LabelMap, LabelSeries)):
        if not declared.may_be_empty and not value.values.any():
            raise InputError(
                "E-MASK-EMPTY",
                f"{declared.name} has no voxel set",
                where=value.name,
                fix="Draw the region, or leave it out to use the whole image."
                if declared.optional
                else "Draw the region.",
            )
        return []
    if not isinstance(value, (Series, Map, ImageStack)):
        return []
    count = _gaps(value)
    if count and not isinstance(value, Map):
        text = f"{counted(count, 'voxel holds', 'voxels hold')} NaN or infinite values, left out"
        return [Finding("W-NONFINITE", Severity.MASK, text, value.name)]
    return []


def _gaps(image: Series | ImageStack | Map) -> int:
    """How many voxels have a value that is not finite; an error when all have."""
    if image.values.dtype.kind != "f":
        return 0
    frames = image.values if image.values.ndim == 4 else image.values[None]
    bad = np.zeros(frames.shape[1:], dtype=bool)
    for frame in frames:
        bad |= ~np.isfinite(frame)
    count = int(np.count_nonzero(bad))
    if count == bad.size:
        raise _without_values(image, frames)
    return count


def _without_values(image: Series | ImageStack | Map, frames: np.ndarray) -> InputError:
    """Which frames leave no voxel with finite values, where it is only some."""
    empty = [n for n, frame in enumerate(frames) if not np.isfinite(frame).any()]
    if not isinstance(image, Series) or not 0 < len(empty) < len(frames):
        return InputError(
            "E-NO-VALUES", "no voxel has finite values", where=image.name, fix="Check how the image was exported."
        )
    listed = ", ".join(map(str, empty[:8])) + (", …" if len(empty) > 8 else "")
    return InputError(
        "E-NO-VALUES",
        f"no voxel has finite values in {counted(len(empty), 'frame')} of {len(frames)}, counted from 0: {listed}",
        where=image.name,
        fix="Leave them out: first ones by skipped_frames, others by a weight of 0 in frame_weights, where the "
        "analysis has these, or before it.",
    )


def _check_follow_up(declared: Input, value: FollowUp) -> list[Finding]:
    if len(value.visits) < declared.min_visits:
        raise InputError(
            "E-VISITS",
            f"{counted(declared.min_visits, 'visit')} or more are needed, found {len(value.visits)}",
            where=value.called,
            fix=f"Give the images of all visits with the day of each as {declared.name}.",
        )
    return [finding for visit in value.visits for finding in _check_visit(declared, value, visit)]


def _check_visit(declared: Input, value: FollowUp, visit: Visit) -> list[Finding]:
    image, place = visit.images[declared.image], f"visit at day {visit.days:g}"
    odd = [*image.findings, *(finding for mask in visit.masks.values() for finding in mask.findings)]
    if image.unit != value.unit:
        raise InputError(
            "E-INPUT-UNIT",
            f"the images of all visits must have one unit, found {image.unit} beside {value.unit}",
            where=place,
            fix="Convert them to one unit first, or correct the unit that is wrong.",
        )
    if not declared.own_grid:
        for name, mask in visit.masks.items():
            mask.geometry.require_match(image.geometry, f"{name} of the {place}", "its image")
    count = _gaps(image)
    finite = image.values[np.isfinite(image.values)] if count else image.values
    if finite.min() == finite.max():
        raise InputError(
            "E-IMAGE-CONSTANT",
            f"the image has the same value, {float(finite.flat[0]):g} {image.unit}, everywhere",
            where=place,
            fix="Check how it was exported, and give an image that shows something.",
        )
    text = f"{counted(count, 'voxel holds', 'voxels hold')} NaN or infinite values"
    return [*odd, Finding("W-NONFINITE", Severity.WARN, text, place)] if count else odd
