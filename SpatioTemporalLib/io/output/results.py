"""A whole result as a folder of files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ...data.curve import Table
from ...data.graph import Graph
from ...data.report import Report
from ...data.result import Result
from ...data.series import Series
from ...data.volumes import LabelMap, LabelSeries, Map
from ...errors import InputError
from ..files.atomic import atomic_path, not_written
from ..files.boundary import real_path
from ..tables.file import write_curves, write_table
from .folder import output_folder
from .graph_file import write_graph
from .write import write_label_series, write_labels, write_map, write_series

SUMMARY = "result.json"
# Each holds a copy of one image while it is written.
MOST_AT_A_TIME = 4


def _silent(fraction: float, message: str) -> None:
    """For those who do not want to hear of it."""


def write_result(result: Result, folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write every output of a result under its name, and how it was made.

    Maps, label maps and series become NIfTI with a side-car, curves and tables
    CSV, reports HTML, and ``result.json`` holds provenance, findings, and what each file is.

    Parameters
    ----------
    result : Result
    folder : path
        New, empty, or that of an earlier result; see `output_folder`.
    overwrite : bool
        Whether an earlier result may be replaced.

    Returns
    -------
    list of Path
        The images, tables and ``result.json``, in that order.

    Raises
    ------
    InputError
        ``E-OUTPUT-EXISTS`` when a result would be replaced without leave,
        ``E-OUTPUT-FOREIGN`` when the folder holds anything else.
    """
    with output_folder(folder, "result", overwrite=overwrite) as new:
        files = write_files(result, new)
    return [Path(folder) / file.name for file in files]


def write_files(result: Result, folder: Path, tell: Callable[[float, str], None] = _silent) -> list[Path]:
    """Write every output of a result, and its summary last, into a folder that is being made.

    tell : callable(fraction, message)
        Called as files are done. Several are written at a time: compressing them is what takes long.
    """
    folder.mkdir(exist_ok=True)
    files = {name: folder / f"{name}{_suffix(value)}" for name, value in result.items()}
    sizes = {name: 1 + getattr(getattr(value, "values", None), "nbytes", 0) for name, value in result.items()}
    done, whole = 0, sum(sizes.values()) or 1
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_AT_A_TIME)) as pool:
        writing = {pool.submit(_write, path, result[name], result): name for name, path in files.items()}
        for future in as_completed(writing):
            future.result()
            done += sizes[writing[future]]
            tell(done / whole, f"{files[writing[future]].name} written")
    _write_summary(folder / SUMMARY, result, files)
    return [*files.values(), folder / SUMMARY]


def require_absent(paths: list[Path], *, overwrite: bool) -> None:
    """Refuse to replace single files the user did not agree to lose, and what no file replaces."""
    for path in paths:
        if path.exists() and not path.is_file():
            raise InputError(
                "E-OUTPUT-FILE", "is a folder or a device, not a file", where=str(path), fix="Choose another name."
            )
    # A link that leads nowhere is somebody's too.
    present = [path for path in paths if path.is_symlink() or path.exists()]
    if present and not overwrite:
        first, more = present[0].name, len(present) > 1
        folder = present[0].parent
        raise InputError(
            "E-OUTPUT-EXISTS",
            f"{len(present)} files exist already, the first is {first}" if more else f"{first} exists already",
            where=str(folder.resolve() if folder == Path() else folder),
            fix="Choose another folder, or allow replacing them (--overwrite).",
        )


def require_writable(path: Path) -> None:
    """Refuse at once a file that could not be written at the end, for work that takes long before.

    Raises
    ------
    InputError
        ``E-WRITE`` or ``E-DISK-FULL``.
    """
    try:
        above = next(parent for parent in real_path(path).parents if parent.exists())
        # Rights alone do not tell: disks can be full, or be read only.
        with tempfile.TemporaryFile(dir=above):
            return
    except OSError as error:
        raise not_written(path, error) from error


def _suffix(value: object) -> str:
    if isinstance(value, Report):
        return ".html"
    if isinstance(value, Graph):
        return ".graphml"
    return ".csv" if isinstance(value, (tuple, Table)) else ".nii.gz"


def _write(path: Path, value: object, result: Result) -> None:
    if isinstance(value, Map):
        write_map(path, value, result.provenance)
    elif isinstance(value, LabelMap):
        write_labels(path, value, result.provenance)
    elif isinstance(value, LabelSeries):
        write_label_series(path, value, result.provenance)
    elif isinstance(value, Series):
        write_series(path, value, result.provenance)
    elif isinstance(value, Table):
        write_table(path, value)
    elif isinstance(value, Graph):
        write_graph(path, value)
    elif isinstance(value, Report):
        with atomic_path(path) as temporary:
            temporary.write_text(value.html, encoding="utf-8")
    else:
        write_curves(path, value)


def _kind(value: object) -> str:
    # Curves that belong in one chart are a tuple.
    return "Curve" if isinstance(value, tuple) else type(value).__name__


def _write_summary(path: Path, result: Result, files: dict[str, Path]) -> None:
    outputs = {
        name: {"file": file.name, "kind": _kind(result[name]), "meaning": result.helps[name]}
        | ({"unit": result[name].unit} if hasattr(result[name], "unit") else {})
        for name, file in files.items()
    }
    summary = {
        "outputs": outputs,
        "provenance": result.provenance.as_dict(),
        "findings": [{"code": f.code, "severity": f.severity.value, "message": f.message} for f in result.findings],
        "notice": "For research only, not for clinical use.",
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
