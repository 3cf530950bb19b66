"""The library's values as a folder of ``.npy`` files and a JSON description, between two processes.

Arrays are written once and read by memory mapping: neither process holds a
pickled copy, and nothing that is read can run code.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..data.result import Display, Provenance, Result
from ..errors import Finding, InputError
from ..kinds.registry import known_kinds
from .fields import read, written
from .job_folder import JobFolder, whole

FINDINGS = tuple[Finding, ...]


def write_value(value: object, folder: Path | JobFolder, name: str) -> dict[str, object]:
    """Write the arrays of a value into a folder and give back what describes it as JSON types.

    Parameters
    ----------
    value : one of the kinds there are, or a tuple of curves
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
    for kind in known_kinds().values():
        if isinstance(value, kind.data):
            return {"kind": kind.name, **written(value, kind.data, folder, name)}
    raise InputError(
        "E-INPUT-KIND",
        f"{name} is a {type(value).__name__}, which cannot be handed over",
        where=name,
        fix=f"Give one of {', '.join(known_kinds())}.",
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
    return read(described, known_kinds()[described["kind"]].data, JobFolder(Path(folder)))


def write_result(result: Result, folder: Path) -> dict[str, object]:
    """Write all outputs of a result and give back its description as JSON types."""
    return {
        "outputs": {name: write_value(value, folder, f"output-{name}") for name, value in result.items()},
        "displays": {name: asdict(display) for name, display in result.displays.items()},
        "helps": dict(result.helps),
        "provenance": result.provenance.as_dict(),
        "findings": written(result.findings, FINDINGS, JobFolder(Path(folder)), "findings"),
    }


def read_result(described: dict[str, object], folder: Path) -> Result:
    """The result that `write_result` described; raises as `read_value`."""
    with whole("a result", folder):
        return _read_result(described, folder)


def _read_result(described: dict[str, object], folder: Path) -> Result:
    arrays = JobFolder(Path(folder))
    return Result(
        outputs={name: _read(value, folder) for name, value in described["outputs"].items()},
        displays={name: read(display, Display, arrays) for name, display in described["displays"].items()},
        helps=described["helps"],
        provenance=Provenance(**described["provenance"]),
        findings=read(described["findings"], FINDINGS, arrays),
    )


def plain_number(value: object) -> object:
    """For ``json.dumps(default=...)``: numpy's numbers and arrays as Python's."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")
