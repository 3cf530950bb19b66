"""Cases found in folders: the runs of a BIDS data set with what belongs to them, or what DICOM headers tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ...data.series import Series
from ...declare import Analysis
from ...errors import InputError
from ...io.files.boundary import real_path
from .cases import CaseTable
from .dicom import table_of_dicom

DICOMDIR = "DICOMDIR"
DESCRIPTION = "dataset_description.json"
SUFFIXES = {"bold": ("bold",), "pet": ("pet",), "contrast-enhanced MR": ("dce", "dsc")}
ANY = ("bold", "pet", "dce", "dsc", "asl")
ENTITY = re.compile(r"([a-zA-Z]+)-([a-zA-Z0-9+]+)")
NAMES = {"sub": "participant_id", "ses": "session", "task": "task", "run": "run"}
IMAGES = (".nii.gz", ".nii")


def is_found(path: str | Path) -> bool:
    """Whether cases are looked for in what is named, a folder, and not read from a table."""
    try:
        return Path(path).is_dir() or _is_directory_file(path)
    except OSError:
        return False


def _is_directory_file(path: str | Path) -> bool:
    """Whether it is the DICOMDIR beside the files of an archive's medium."""
    return Path(path).name == DICOMDIR and Path(path).is_file()


def table_of_folder(
    path: str | Path, analysis: Analysis, tell: Callable[[float], None] = lambda part: None
) -> CaseTable:
    """The cases of a folder for an analysis: runs of a BIDS data set, else what `table_of_dicom` finds.

    tell : hears how far it is.

    Raises
    ------
    InputError
        ``E-BATCH-CASES``
    """
    folder = real_path(path)
    if _is_directory_file(folder):
        folder = folder.parent
    if (folder / DESCRIPTION).is_file():
        return _table_of_bids(folder, analysis)
    return table_of_dicom(folder, analysis, tell)


def _table_of_bids(folder: Path, analysis: Analysis) -> CaseTable:
    """The runs of a BIDS data set as cases: image, events, confounds and mask of each.

    Events are those of the run, or those higher up that hold for its task; confounds and masks of the brain those in
    ``derivatives`` that programs for preprocessing have written for the same run.

    Raises
    ------
    InputError
        ``E-BATCH-CASES`` for one that has no run for this analysis.
    """
    item = next((i for i in analysis.inputs if i.kind is Series), None)
    wanted = next((SUFFIXES[made] for made in (item.made_for if item else ()) if made in SUFFIXES), ANY)
    images = [p for p in sorted(folder.rglob("sub-*")) if _is_run(p.relative_to(folder), wanted)]
    if item is None or not images:
        text = f"has no run ({', '.join(wanted)}) that {analysis.id} could take"
        raise InputError("E-BATCH-CASES", text, where=folder.name, fix="Choose another analysis, or give a table.")
    derived = [p for p in sorted(folder.glob("derivatives/**/sub-*")) if p.is_file()]
    rows = [_row(image, folder, derived, analysis, item.name) for image in images]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name, "") for row in rows] for name in names}
    short = list(zip(*(columns[name] for name in NAMES.values() if name in columns)))
    if len(set(short)) < len(short):
        # Runs that differ in something else, such as the echo, are called as their files.
        columns["case"] = [image.name.removesuffix(".gz").removesuffix(".nii") for image in images]
    return CaseTable(folder.name, folder, columns, tuple(range(1, len(rows) + 1)))


def _is_run(path: Path, suffixes: tuple[str, ...]) -> bool:
    ending = next((e for e in IMAGES if path.name.endswith(e)), "")
    suffix = path.name.removesuffix(ending).rpartition("_")[2]
    return bool(ending) and suffix in suffixes and path.parts[0].startswith("sub-")


def _entities(name: str) -> dict[str, str]:
    return dict(ENTITY.findall(name.split(".")[0]))


def _row(image: Path, folder: Path, derived: list[Path], analysis: Analysis, series: str) -> dict[str, str]:
    own = _entities(image.name)
    row = {column: f"{key}-{own[key]}" for key, column in NAMES.items() if key in own}
    row[series] = str(image.relative_to(folder))
    inputs = {item.name for item in analysis.inputs}
    found = {
        "events": _events(image, folder, own),
        "confounds": _derived(derived, own, "timeseries", ".tsv", "confounds"),
        "mask": _derived(derived, own, "mask", ".nii.gz", "brain"),
    }
    return row | {name: str(path.relative_to(folder)) for name, path in found.items() if path and name in inputs}


def _events(image: Path, folder: Path, own: dict[str, str]) -> Path | None:
    """Of the run; else the nearest above that names nothing which the run does not."""
    for place in image.parents:
        for path in sorted(place.glob("*_events.tsv"), key=lambda p: -len(p.name)):
            told = _entities(path.name)
            if all(own.get(key) == value for key, value in told.items()):
                return path
        if place == folder:
            break
    return None


def _derived(files: list[Path], own: dict[str, str], suffix: str, ending: str, description: str) -> Path | None:
    for path in files:
        told = _entities(path.name)
        same = all(told.get(key) == value for key, value in own.items())
        # A mask in the space of a template lies on another grid.
        if (
            same
            and told.get("desc") == description
            and path.name.endswith(f"_{suffix}{ending}")
            and "space" not in told
        ):
            return path
    return None
