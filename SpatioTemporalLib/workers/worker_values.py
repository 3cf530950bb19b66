"""The library's values as a folder of ``.npy`` files and a JSON description, between two processes.

Arrays are written once and read by memory mapping: neither process holds a
pickled copy, and nothing that is read can run code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..data.curve import Curve, Table
from ..data.follow_up import FollowUp, Visit
from ..data.geometry import Geometry
from ..data.point import Point
from ..data.report import Report
from ..data.result import Display, Provenance, Result
from ..data.series import Acquisition, Series
from ..data.volumes import Code, ImageStack, Label, LabelMap, Map
from ..errors import Finding, InputError, Severity
from .job_folder import JobFolder, whole

CURVE_WORDS = ("unit", "name", "fit_of", "axis", "drawn")


def write_value(value: object, folder: Path | JobFolder, name: str) -> dict[str, object]:
    """Write the arrays of a value into a folder and give back what describes it as JSON types.

    Parameters
    ----------
    value : Series, FollowUp, ImageStack, Map, LabelMap, Curve, Table, Point, Report or a tuple of curves
    folder : path or JobFolder
    name : str
        The files begin with it.

    Raises
    ------
    InputError
        ``E-INPUT-KIND`` for anything else.
    """
    folder = folder if isinstance(folder, JobFolder) else JobFolder(Path(folder))
    if isinstance(value, (tuple, list)):
        return {"kind": "tuple", "items": [write_value(v, folder, f"{name}-{n}") for n, v in enumerate(value)]}
    for kind, (write, _) in _KINDS.items():
        if isinstance(value, kind):
            return {"kind": kind.__name__, **write(value, folder, name)}
    raise InputError(
        "E-INPUT-KIND",
        f"{name} is a {type(value).__name__}, which cannot be handed over",
        where=name,
        fix=f"Give a {', '.join(kind.__name__ for kind in _KINDS)}.",
    )


def read_value(described: dict[str, object], folder: Path) -> object:
    """The value that `write_value` described.

    Raises
    ------
    InputError
        ``E-HANDOVER`` when its description or its files are not whole.
    """
    with whole("a value", folder):
        return _read(described, folder)


def _read(described: dict[str, object], folder: Path) -> object:
    if described["kind"] == "tuple":
        return tuple(_read(item, folder) for item in described["items"])
    kinds = {kind.__name__: read for kind, (_, read) in _KINDS.items()}
    return kinds[described["kind"]](described, JobFolder(Path(folder)))


def write_result(result: Result, folder: Path) -> dict[str, object]:
    """Write all outputs of a result and give back its description as JSON types."""
    return {
        "outputs": {name: write_value(value, folder, f"output-{name}") for name, value in result.items()},
        "displays": {name: asdict(display) for name, display in result.displays.items()},
        "helps": dict(result.helps),
        "provenance": result.provenance.as_dict(),
        "findings": findings_as_json(result.findings),
    }


def read_result(described: dict[str, object], folder: Path) -> Result:
    """The result that `write_result` described; raises as `read_value`."""
    with whole("a result", folder):
        return _read_result(described, folder)


def _read_result(described: dict[str, object], folder: Path) -> Result:
    return Result(
        outputs={name: _read(value, folder) for name, value in described["outputs"].items()},
        displays={name: _display(display) for name, display in described["displays"].items()},
        helps=described["helps"],
        provenance=Provenance(**described["provenance"]),
        findings=findings_from_json(described["findings"]),
    )


def findings_as_json(findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    return [{**asdict(finding), "severity": finding.severity.value} for finding in findings]


def findings_from_json(described: list[dict[str, str]]) -> tuple[Finding, ...]:
    return tuple(Finding(**{**finding, "severity": Severity(finding["severity"])}) for finding in described)


def plain_number(value: object) -> object:
    """For ``json.dumps(default=...)``: numpy's numbers and arrays as Python's."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _write_series(value: Series, folder: JobFolder, name: str) -> dict[str, object]:
    return {
        "values": folder.save(f"{name}-values", value.values),
        "times": folder.save(f"{name}-times", value.times),
        "durations": None if value.durations is None else value.durations.tolist(),
        "geometry": _geometry_as_json(value.geometry),
        "acquisition": value.acquisition.known(),
        "findings": findings_as_json(value.findings),
        **{field: getattr(value, field) for field in ("unit", "name", "time_source")},
    }


def _read_series(described: dict, folder: JobFolder) -> Series:
    return Series(
        folder.load(described["values"]),
        folder.load(described["times"]),
        _geometry(described["geometry"]),
        acquisition=Acquisition(**described["acquisition"]),
        findings=findings_from_json(described["findings"]),
        **{field: described[field] for field in ("unit", "name", "time_source", "durations")},
    )


def _write_stack(value: ImageStack, folder: JobFolder, name: str) -> dict[str, object]:
    return {
        "values": folder.save(f"{name}-values", value.values),
        "settings": folder.save(f"{name}-settings", value.settings),
        "geometry": _geometry_as_json(value.geometry),
        "acquisition": value.acquisition.known(),
        "findings": findings_as_json(value.findings),
        **{field: getattr(value, field) for field in ("setting", "setting_unit", "unit", "name")},
    }


def _read_stack(described: dict, folder: JobFolder) -> ImageStack:
    return ImageStack(
        folder.load(described["values"]),
        folder.load(described["settings"]),
        _geometry(described["geometry"]),
        acquisition=Acquisition(**described["acquisition"]),
        findings=findings_from_json(described["findings"]),
        **{field: described[field] for field in ("setting", "setting_unit", "unit", "name")},
    )


def _write_map(value: Map, folder: JobFolder, name: str) -> dict[str, object]:
    return {
        "values": folder.save(f"{name}-values", value.values),
        "geometry": _geometry_as_json(value.geometry),
        "findings": findings_as_json(value.findings),
        **{field: getattr(value, field) for field in ("unit", "name")},
    }


def _read_map(described: dict, folder: JobFolder) -> Map:
    geometry, findings = _geometry(described["geometry"]), findings_from_json(described["findings"])
    return Map(folder.load(described["values"]), geometry, described["unit"], described["name"], findings)


def _write_labels(value: LabelMap, folder: JobFolder, name: str) -> dict[str, object]:
    return {
        "values": folder.save(f"{name}-values", value.values),
        "geometry": _geometry_as_json(value.geometry),
        "labels": {str(number): asdict(label) for number, label in value.labels.items()},
        "name": value.name,
        "findings": findings_as_json(value.findings),
    }


def _read_labels(described: dict, folder: JobFolder) -> LabelMap:
    labels = {int(number): _label(label) for number, label in described["labels"].items()}
    geometry, findings = _geometry(described["geometry"]), findings_from_json(described["findings"])
    return LabelMap(folder.load(described["values"]), geometry, labels, described["name"], findings)


def _write_curve(value: Curve, folder: JobFolder, name: str) -> dict[str, object]:
    files = {field: folder.save(f"{name}-{field}", getattr(value, field)) for field in ("times", "values")}
    if value.spread is not None:
        files["spread"] = folder.save(f"{name}-spread", value.spread)
    return {**files, **{f: getattr(value, f) for f in CURVE_WORDS}, "findings": findings_as_json(value.findings)}


def _read_curve(described: dict, folder: JobFolder) -> Curve:
    arrays = {field: folder.load(described[field]) for field in ("times", "values", "spread") if field in described}
    findings = findings_from_json(described["findings"])
    return Curve(**arrays, findings=findings, **{field: described[field] for field in CURVE_WORDS})


def _write_table(value: Table, folder: JobFolder, name: str) -> dict[str, object]:
    findings = findings_as_json(value.findings)
    return {"columns": value.columns, "units": dict(value.units), "name": value.name, "findings": findings}


def _read_table(described: dict, folder: JobFolder) -> Table:
    findings = findings_from_json(described["findings"])
    return Table(described["columns"], described["units"], described["name"], findings)


def _write_follow_up(value: FollowUp, folder: JobFolder, name: str) -> dict[str, object]:
    visits = [_write_visit(visit, folder, f"{name}-{n}") for n, visit in enumerate(value.visits)]
    return {"patient": value.patient, "visits": visits, "findings": findings_as_json(value.findings)}


def _write_visit(visit: Visit, folder: JobFolder, name: str) -> dict[str, object]:
    # Numbered, not named: the name of an image may be no name for a file.
    return {
        "days": float(visit.days),
        "covariates": visit.covariates,
        "images": {k: _write_map(v, folder, f"{name}-image-{n}") for n, (k, v) in enumerate(visit.images.items())},
        "masks": {k: _write_labels(v, folder, f"{name}-mask-{n}") for n, (k, v) in enumerate(visit.masks.items())},
    }


def _read_follow_up(described: dict, folder: JobFolder) -> FollowUp:
    visits = [
        Visit(
            visit["days"],
            {name: _read_map(image, folder) for name, image in visit["images"].items()},
            {name: _read_labels(mask, folder) for name, mask in visit["masks"].items()},
            visit["covariates"],
        )
        for visit in described["visits"]
    ]
    return FollowUp(described["patient"], tuple(visits), findings_from_json(described["findings"]))


def _write_point(value: Point, folder: JobFolder, name: str) -> dict[str, object]:
    return {"ras": list(value.ras), "name": value.name}


def _read_point(described: dict, folder: JobFolder) -> Point:
    return Point(tuple(described["ras"]), described["name"])


def _write_report(value: Report, folder: JobFolder, name: str) -> dict[str, object]:
    return {"title": value.title, "html": value.html, "name": value.name}


def _read_report(described: dict, folder: JobFolder) -> Report:
    return Report(**{field: described[field] for field in ("title", "html", "name")})


def _geometry_as_json(geometry: Geometry) -> dict[str, object]:
    return {"shape": list(geometry.shape), "affine": geometry.affine.tolist()}


def _geometry(described: dict) -> Geometry:
    return Geometry(tuple(described["shape"]), np.array(described["affine"]))


def _label(described: dict) -> Label:
    colour = described["colour"]
    codes = (_code(described[field]) for field in ("category", "type"))
    return Label(described["name"], None if colour is None else tuple(colour), *codes)


def _display(described: dict) -> Display:
    window = described["window"]
    return Display(
        None if window is None else tuple(window),
        described["colours"],
        _code(described["quantity"]),
        described["symbol"],
    )


def _code(described: dict | None) -> Code | None:
    return None if described is None else Code(**described)


_KINDS: dict[type, tuple[Callable, Callable]] = {
    Series: (_write_series, _read_series),
    ImageStack: (_write_stack, _read_stack),
    Map: (_write_map, _read_map),
    LabelMap: (_write_labels, _read_labels),
    Curve: (_write_curve, _read_curve),
    Table: (_write_table, _read_table),
    FollowUp: (_write_follow_up, _read_follow_up),
    Point: (_write_point, _read_point),
    Report: (_write_report, _read_report),
}
