"""Runs one analysis: checks what it declares before and after, and stamps the result."""

from __future__ import annotations

import functools
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from . import registry
from .context import Context
from .data.curve import Curve
from .data.result import Provenance, Result
from .data.series import Series
from .data.volumes import LabelMap, Map
from .declare import Analysis, Output, parameters_as_dict
from .errors import Finding, Severity
from .inputs.checks import check_inputs, on_common_grid, prepared
from .inputs.files import InputFiles, held
from .inputs.frame_choice import with_frames_left_out
from .inputs.identity import identity
from .inputs.units import in_declared_units, within_ranges
from .version import DISTRIBUTION, __version__


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
        When something does not fit the declaration, before any computing;
        ``E-INPUT-CHANGED`` when a file that an input lies in changes meanwhile.
    Cancelled
        When the context was cancelled.
    """
    analysis = registry.get(id)
    context = context or Context()
    inputs = prepared(analysis, arguments)
    parameters = analysis.checked_parameters({n: v for n, v in arguments.items() if n not in inputs})
    inputs = held(inputs, 0 if context.own_files else context.memory_budget // 2)
    files = InputFiles(inputs)
    used, used_parameters = with_frames_left_out(in_declared_units(analysis, inputs), parameters)
    findings = check_inputs(analysis, used)
    used, outside = within_ranges(analysis, used)
    # Before the run: what is named in the provenance is what was computed with.
    identities = {n: identity(v, files.require_unchanged) for n, v in inputs.items() if v is not None}
    context.used_device = "cpu"
    started = time.perf_counter()
    with _watching(context, files):
        context.progress(0.0, analysis.title)
        returned = dict(analysis.function(**used, parameters=used_parameters, context=context))
    files.require_unchanged()
    findings += (*outside, *returned.pop("findings", ()))
    context.progress(1.0, "done")
    outputs = _stamped_outputs(analysis, returned, used)
    findings += _implausible(outputs)
    return Result(
        outputs={name: value for name, (_, value) in outputs.items()},
        displays={name: declared.display for name, (declared, _) in outputs.items()},
        helps={name: declared.help for name, (declared, _) in outputs.items()},
        provenance=Provenance(
            analysis=analysis.id,
            title=analysis.title,
            citation=analysis.citation,
            parameters=parameters_as_dict(parameters),
            inputs=identities,
            software=dict(software_versions()),
            device=context.used_device,
            seconds=round(time.perf_counter() - started, 3),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=context.seed,
        ),
        findings=findings,
    )


@contextmanager
def _watching(context: Context, files: InputFiles) -> Iterator[None]:
    """Look at the files of the inputs at each report of progress."""
    before = context.watch

    def watch() -> None:
        before()
        files.require_unchanged()

    context.watch = watch
    try:
        yield
    finally:
        context.watch = before


def _stamped_outputs(analysis: Analysis, returned: dict, inputs: dict) -> dict[str, tuple[Output, object]]:
    """What an analysis returned by the names of the outputs, each with its declaration."""
    extra = set(returned) - {o.name for o in analysis.outputs}
    if extra:
        raise TypeError(f"{analysis.id} returned outputs it does not declare: {sorted(extra)}")
    outputs = {}
    for declared in analysis.outputs:
        value = returned.get(declared.name)
        if value is None and not declared.optional:
            raise TypeError(f"{analysis.id} did not return {declared.name}")
        if value is not None:
            for part, one in _parts(declared, value):
                outputs[part.name] = part, _stamped(analysis, part, one, inputs)
    return outputs


def _implausible(outputs: dict[str, tuple[Output, object]]) -> tuple[Finding, ...]:
    """Empty what no value of its kind can be, in place of the outputs, and say how many voxels that were."""
    findings = []
    for name, (declared, value) in outputs.items():
        if declared.range is None or not isinstance(value, Map):
            continue
        low, high = declared.range
        with np.errstate(invalid="ignore"):
            outside = (value.values < low) | (value.values > high)
        if outside.any():
            kept = np.where(outside, np.float32(np.nan), value.values)
            outputs[name] = declared, replace(value, values=kept)
            text = f"{name} came out outside {low:g} to {high:g} {value.unit} in {outside.sum()} voxels, left empty"
            findings.append(Finding("W-RANGE", Severity.MASK, text, name))
    return tuple(findings)


def _parts(declared: Output, value: object) -> list[tuple[Output, object]]:
    """The outputs a declared one stands for, each under its own name and symbol."""
    if not declared.several:
        return [(declared, value)]
    if not isinstance(value, dict):
        raise TypeError(f"output {declared.name} must be a dict of suffix to value, found {type(value).__name__}")
    return [(_part(declared, str(suffix)), one) for suffix, one in value.items()]


def _part(declared: Output, suffix: str) -> Output:
    display = declared.display
    if display.symbol:
        display = replace(display, symbol=f"{display.symbol} {suffix}")
    return replace(declared, name=f"{declared.name}_{suffix}", display=display)


def _stamped(analysis: Analysis, declared: Output, value: object, inputs: dict) -> object:
    if isinstance(value, np.ndarray):
        value = _from_array(declared, value, inputs, next(iter(on_common_grid(analysis, inputs).values()), None))
    if declared.kind is Curve:
        value = tuple(value)
    wanted = tuple if declared.kind is Curve else declared.kind
    if not isinstance(value, wanted):
        raise TypeError(f"output {declared.name} must be a {declared.kind.__name__}, found {type(value).__name__}")
    if declared.several:
        return replace(value, name=declared.name)
    mask = inputs.get("mask")
    if mask is None or declared.anywhere or analysis.input("mask").own_grid:
        return value
    return _outside_removed(value, mask)


def _from_array(declared: Output, values: np.ndarray, inputs: dict, grid: object) -> object:
    if declared.several or grid is None:
        raise TypeError(f"output {declared.name} must be a {declared.kind.__name__}: no grid of the inputs fits it")
    unit = declared.unit.format(**{n: v for n, v in inputs.items() if v is not None})
    if declared.kind is Map:
        return Map(values.astype(np.float32, copy=False), grid.geometry, unit, declared.name)
    if declared.kind is Series:
        source = next(v for v in inputs.values() if isinstance(v, Series))
        return replace(source, values=values, unit=unit, name=declared.name, findings=())
    return LabelMap(values, grid.geometry, name=declared.name) if declared.kind is LabelMap else values


def _outside_removed(value: object, mask: LabelMap) -> object:
    if isinstance(value, Map):
        return replace(value, values=np.where(mask.foreground, value.values, np.float32(np.nan)))
    if isinstance(value, LabelMap):
        return replace(value, values=np.where(mask.foreground, value.values, 0))
    return value


@functools.cache
def software_versions() -> dict[str, str]:
    """Versions of what the numbers depend on, by the names on PyPI."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, DISTRIBUTION: __version__}
    for package in ("scipy", "SimpleITK", "pydicom", "torch", "monai"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
