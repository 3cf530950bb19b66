"""Runs one analysis: checks what it declares before and after, and stamps the result."""

from __future__ import annotations

import functools
import hashlib
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from . import registry
from .context import Context
from .data.curve import Curve, Table
from .data.result import Provenance, Result
from .data.series import Series
from .data.volumes import ImageStack, LabelMap, Map
from .declare import Analysis, Input, Output, parameters_as_dict
from .errors import Finding, InputError, Severity

ON_A_GRID = (Series, ImageStack, Map, LabelMap)


def run(id: str, /, *, context: Context | None = None, **arguments) -> Result:
    """Run an analysis by id and give back its checked, stamped result.

    Parameters
    ----------
    id : str
        As `spatiotemporal list` shows it, e.g. ``"kinetics.extended_tofts"``.
    context : Context, optional
        Progress, cancellation, device, memory.
    **arguments
        The analysis' inputs and parameters by name.

    Raises
    ------
    InputError, GeometryError, ParameterError
        When something does not fit the declaration, before any computing.
    Cancelled
        When the context was cancelled.
    """
    analysis = registry.get(id)
    context = context or Context()
    names = [i.name for i in analysis.inputs]
    inputs = {n: arguments.get(n) for n in names}
    findings = check_inputs(analysis, inputs)
    parameters = analysis.checked_parameters({n: v for n, v in arguments.items() if n not in names})
    context.used_device = "cpu"
    started = time.perf_counter()
    context.progress(0.0, analysis.title)
    returned = dict(analysis.function(**inputs, parameters=parameters, context=context))
    findings += tuple(returned.pop("findings", ()))
    context.progress(1.0, "done")
    return Result(
        outputs=_stamped_outputs(analysis, returned, inputs),
        displays={o.name: o.display for o in analysis.outputs},
        helps={o.name: o.help for o in analysis.outputs},
        provenance=Provenance(
            analysis=analysis.id,
            title=analysis.title,
            citation=analysis.citation,
            parameters=parameters_as_dict(parameters),
            inputs={n: identity(v) for n, v in inputs.items() if v is not None},
            software=dict(software_versions()),
            device=context.used_device,
            seconds=round(time.perf_counter() - started, 3),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=context.seed,
        ),
        findings=findings,
    )


def check_inputs(analysis: Analysis, inputs: dict[str, object]) -> tuple[Finding, ...]:
    """Check presence, kind, unit, frames, geometry and finite values of all inputs.

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
        findings += _check_values(declared, value)
    on_grid = [(n, v) for n, v in inputs.items() if isinstance(v, ON_A_GRID)]
    reference = next((i.name for i in analysis.inputs if isinstance(inputs.get(i.name), ON_A_GRID)), None)
    for name, value in on_grid:
        if name != reference:
            label = value.name if value.name not in ("", "map", "mask", "stack") else name
            value.geometry.require_match(inputs[reference].geometry, f"{name} ({label})", reference)
    return tuple(findings)


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
            fix="Read it with the function for its kind: read_series, read_map, read_labels, read_stack or read_curve.",
        )
    if declared.unit and value.unit != declared.unit:
        raise InputError(
            "E-INPUT-UNIT",
            f"{declared.name} must be in {declared.unit}, found {value.unit}",
            where=value.name,
            fix=f"Convert it to {declared.unit} first.",
        )
    if isinstance(value, Series) and value.frame_count < declared.min_frames:
        raise InputError(
            "E-ONE-FRAME" if value.frame_count == 1 else "E-FRAMES",
            f"{declared.min_frames} frames or more are needed, found {value.frame_count}",
            where=value.name,
            fix="Choose the whole dynamic series, not a part of it.",
        )


def _check_values(declared: Input, value: object) -> list[Finding]:
    if isinstance(value, LabelMap):
        if not value.foreground.any():
            raise InputError(
                "E-MASK-EMPTY",
                f"{declared.name} has no voxel set",
                where=value.name,
                fix="Draw the region, or leave it out to use the whole image.",
            )
        return []
    if not isinstance(value, (Series, Map, ImageStack)) or value.values.dtype.kind != "f":
        return []
    frames = value.values if value.values.ndim == 4 else value.values[None]
    bad = np.zeros(frames.shape[1:], dtype=bool)
    for frame in frames:
        bad |= ~np.isfinite(frame)
    count = int(np.count_nonzero(bad))
    if count == bad.size:
        raise InputError(
            "E-NO-VALUES", "no voxel has finite values", where=value.name, fix="Check how the image was exported."
        )
    if count and not isinstance(value, Map):
        text = f"{count} voxels hold NaN or infinite values and were left out"
        return [Finding("W-NONFINITE", Severity.MASK, text, value.name)]
    return []


def _stamped_outputs(analysis: Analysis, returned: dict, inputs: dict) -> dict:
    extra = set(returned) - {o.name for o in analysis.outputs}
    if extra:
        raise TypeError(f"{analysis.id} returned outputs it does not declare: {sorted(extra)}")
    outputs = {}
    for declared in analysis.outputs:
        value = returned.get(declared.name)
        if value is None and not declared.optional:
            raise TypeError(f"{analysis.id} did not return {declared.name}")
        if value is not None:
            outputs[declared.name] = _stamped(declared, value, inputs)
    return outputs


def _stamped(declared: Output, value: object, inputs: dict) -> object:
    grid = next((v for v in inputs.values() if isinstance(v, ON_A_GRID)), None)
    if isinstance(value, np.ndarray):
        unit = declared.unit.format(**{n: v for n, v in inputs.items() if v is not None})
        if declared.kind is Map:
            value = Map(value.astype(np.float32, copy=False), grid.geometry, unit, declared.name)
        elif declared.kind is Series:
            source = next(v for v in inputs.values() if isinstance(v, Series))
            value = replace(source, values=value, unit=unit, name=declared.name, findings=())
        elif declared.kind is LabelMap:
            value = LabelMap(value, grid.geometry, name=declared.name)
    if declared.kind is Curve:
        value = tuple(value)
    wanted = tuple if declared.kind is Curve else declared.kind
    if not isinstance(value, wanted):
        raise TypeError(f"output {declared.name} must be a {declared.kind.__name__}, found {type(value).__name__}")
    mask = inputs.get("mask")
    if mask is None or declared.anywhere:
        return value
    return _outside_removed(value, mask)


def _outside_removed(value: object, mask: LabelMap) -> object:
    if isinstance(value, Map):
        return replace(value, values=np.where(mask.foreground, value.values, np.float32(np.nan)))
    if isinstance(value, LabelMap):
        return replace(value, values=np.where(mask.foreground, value.values, 0))
    return value


def identity(value: object) -> dict[str, object]:
    """Name, SHA-256 and size of an input, to recognise it by."""
    facts: dict[str, object] = {"name": value.name, "kind": type(value).__name__}
    if isinstance(value, Table):
        return facts | {"rows": value.row_count, "sha256": hashlib.sha256(repr(value.columns).encode()).hexdigest()}
    digest = hashlib.sha256()
    values = value.values
    for frame in values if values.ndim == 4 else [values]:
        digest.update(np.ascontiguousarray(frame).data)
    for other in ("times", "settings"):
        if hasattr(value, other):
            digest.update(np.ascontiguousarray(getattr(value, other)).data)
    if hasattr(value, "geometry"):
        digest.update(np.ascontiguousarray(value.geometry.affine).data)
    facts |= {"sha256": digest.hexdigest(), "shape": list(values.shape), "unit": getattr(value, "unit", "label")}
    if isinstance(value, Series):
        facts["time_source"] = value.time_source
    return facts


@functools.cache
def software_versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    for package in ("spatiotemporal", "scipy", "SimpleITK", "pydicom", "torch", "monai"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
