"""A cohort from a folder with participants.csv and timepoints.csv."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...data.cohort import Cohort
from ...data.curve import Table
from ...data.follow_up import FollowUp, Visit, order_problem
from ...errors import Finding, InputError
from ...system.plain_text import for_message
from ..files.boundary import existing_file
from ..files.plain_numbers import number as plain_number
from ..tables.delimited import Delimited, name_and_unit, read_delimited
from ..tables.file import read_table
from .checks import Codes, Column, Problems, check_ids, check_known, check_span, day_of, typed_column
from .images import check_files, check_images, check_places, identity_of
from .masks import images_of_visit, masks_of_column, names_of_masks

PARTICIPANTS, TIMEPOINTS, STRUCTURES = "participants.csv", "timepoints.csv", "structures.csv"
ID = "participant_id"
ID_NAMES = (ID, "patient_id", "subject_id", "id")
MISSING = ("", "n/a")
# Longer than anybody lives; larger ones overflow in what is computed from them.
MOST_DAYS = 1e5
# Of the phases of one examination, after injection.
PHASES, SECONDS_PER_DAY = "seconds", 86400.0
SPLIT_NAMES = {"training": "train", "val": "validation", "valid": "validation", "testing": "test"}


@dataclass(frozen=True)
class Files:
    """Image files of the visits: for each kind, name and unit of a column its paths by visit."""

    folder: Path
    columns: list[tuple[str, str, str, list[str]]]

    def of_visit(self, index: int) -> list[tuple[str, str, str, Path]]:
        """(kind, name, unit, path) of what a visit has."""
        return [(kind, name, unit, self.folder / c[index]) for kind, name, unit, c in self.columns if c[index]]


def read_cohort(folder: str | os.PathLike, *, missing: Collection[str] = (), real: Collection[str] = ()) -> Cohort:
    """The participants and visits of a study; images are read when a case is asked for.

    ``participants.csv`` has one row a participant: ``participant_id``, and as
    wanted ``split`` (train, validation, test, external), covariates and outcomes
    with units in the headings (``age [y]``). ``timepoints.csv`` has one row a
    visit, in order of time: ``participant_id``, ``days`` since the first visit or
    ``date`` (YYYY-MM-DD), or for phases of one examination ``seconds`` after
    injection; images as ``image:ct [HU]`` (files, or folders of DICOM files),
    masks as ``mask:lesion``, or as ``mask`` DICOM segmentations of which each segment is a mask of its own name
    (paths from the folder), and covariates of the visit. Identifiers are texts: 007 is not 7.
    ``structures.csv``, where it is there, has one row a structure or lesion and visit, as `prognosis.structures`
    measures them, with ``participant_id`` and ``days``.

    Parameters
    ----------
    folder : path
    missing : texts, optional
        Codes for missing values beside empty cells and ``n/a``, e.g. ``("999",)``.
    real : column names, optional
        Where numbers that look like such codes are values.

    Raises
    ------
    InputError
        One error that tells all problems with their rows; ``E-LEAK`` when a
        participant or an image stands in two places.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise InputError(
            "E-FILE-MISSING",
            "is no folder",
            where=folder.name,
            fix=f"Choose the folder that holds {PARTICIPANTS} and {TIMEPOINTS}.",
        )
    people = read_delimited(existing_file(folder / PARTICIPANTS))
    visits = read_delimited(existing_file(folder / TIMEPOINTS))
    problems, codes = Problems(), Codes((*MISSING, *missing), tuple(real))
    participants = _participants(people, codes, problems)
    table, files, findings = _visits(visits, participants.columns[ID], folder, codes, problems)
    tables = _tables(folder, participants.columns[ID], problems)
    problems.raise_all(folder.name)
    return Cohort(
        name=folder.name,
        participants=participants,
        visits=table,
        load=partial(_load, participants.columns[ID], table, files),
        images=tuple(_described(name, unit) for kind, name, unit, _ in files.columns if kind == "image"),
        masks=names_of_masks(files.folder, files.columns),
        findings=(*people.findings, *visits.findings, *findings),
        identity=partial(_identity, participants.columns[ID], table, files),
        tables=tables,
    )


def _tables(folder: Path, known: list[str], problems: Problems) -> dict[str, Table]:
    """What is measured of the participants already, by the name of its file."""
    if not (folder / STRUCTURES).exists():
        return {}
    read = read_delimited(existing_file(folder / STRUCTURES))
    ids = _named_columns(read)[ID][1]
    check_known(ids, [row for row, _ in read.rows], known, STRUCTURES, problems)
    measured = read_table(folder / STRUCTURES)
    # Identifiers are texts, whatever they look like.
    columns = {ID: ids} | {name: cells for name, cells in measured.columns.items() if name.lower() not in ID_NAMES}
    return {
        Path(STRUCTURES).stem: Table(columns, {n: u for n, u in measured.units.items() if n in columns}, STRUCTURES)
    }


def _participants(people: Delimited, codes: Codes, problems: Problems) -> Table:
    columns = _named_columns(people)
    rows = [row for row, _ in people.rows]
    splits = [SPLIT_NAMES.get(s.lower(), s.lower()) for s in columns.get("split", ("", []))[1]]
    check_ids(columns[ID][1], rows, splits, PARTICIPANTS, problems)
    typed, units = {ID: columns[ID][1]}, {}
    for name, (unit, cells) in columns.items():
        if name == "split":
            typed[name] = splits
        elif name != ID:
            typed[name] = typed_column(Column(PARTICIPANTS, name, rows, cells), codes, problems)
            units |= {name: unit} if unit else {}
    return Table(typed, units, "participants")


def _visits(
    visits: Delimited, known: list[str], folder: Path, codes: Codes, problems: Problems
) -> tuple[Table, Files, list[Finding]]:
    columns = _named_columns(visits)
    rows, ids = [row for row, _ in visits.rows], columns[ID][1]
    check_known(ids, rows, known, TIMEPOINTS, problems)
    days, findings = _days(columns, ids, rows, problems)
    # A phase before injection is often put at -1 s, which is no code.
    codes = replace(codes, real=(*codes.real, PHASES))
    typed, units = {ID: ids, "days": days}, {"days": "d"}
    files = Files(folder, [])
    for name, (unit, cells) in columns.items():
        kind, colon, label = name.partition(":")
        if name in (ID, "days", "date"):
            continue
        if kind in ("image", "mask") and (colon or name == kind):
            paths = ["" if cell in codes.missing else cell for cell in cells]
            if any((kind, label or kind) == column[:2] for column in files.columns):
                problems.add("E-TABLE-HEADING", TIMEPOINTS, None, f"two columns hold the {kind} {label or kind}")
            files.columns.append((kind, label or kind, unit, paths))
            typed[name] = paths
        else:
            typed[name] = typed_column(Column(TIMEPOINTS, name, rows, cells), codes, problems)
        units |= {name: unit} if unit else {}
    for kind, label, unit, _ in files.columns:
        if kind == "image" and not unit:
            text = f"the images {label} have no unit; head the column image:{label} [HU], [a.u.], …"
            problems.add("E-UNIT", TIMEPOINTS, None, text)
    listed = [(n, kind, path) for n in range(len(rows)) for kind, *_, path in files.of_visit(n)]
    check_files([(rows[n], path) for n, _, path in listed], TIMEPOINTS, problems)
    check_images([(ids[n], rows[n], path) for n, kind, path in listed if kind == "image"], TIMEPOINTS, problems)
    findings += check_places([(rows[n], path) for n, _, path in listed], folder, TIMEPOINTS)
    return Table(typed, units, "visits"), files, findings


def _days(columns: dict, ids: list[str], rows: list[int], problems: Problems) -> tuple[list[float], list[Finding]]:
    """Days since each participant's first visit, in the order of the file."""
    if "days" not in columns and "date" not in columns and PHASES in columns:
        columns = {**columns, "days": ("d", _days_of_phases(columns, ids))}
    by_date = "days" not in columns
    if by_date and "date" not in columns:
        raise InputError(
            "E-TABLE-HEADING",
            "has neither a column days nor a column date",
            where=TIMEPOINTS,
            fix="Add days since the first visit, or dates as YYYY-MM-DD; for phases of one examination, a column "
            "seconds after injection.",
        )
    cells = columns["date" if by_date else "days"][1]
    if by_date:
        days = [day_of(cell, row, TIMEPOINTS, problems) for cell, row in zip(cells, rows)]
    else:
        days = [_number(cell, row, problems) for cell, row in zip(cells, rows)]
    findings = []
    for participant in dict.fromkeys(ids):
        at = [n for n, other in enumerate(ids) if other == participant]
        if by_date:
            first = days[at[0]]
            for n in at:
                days[n] -= first
        own = [days[n] for n in at]
        if np.isfinite(own).all():
            problem = order_problem(own)
            if problem:
                text = f"visits of participant {participant} are out of order: {problem}"
                problems.add("E-VISIT-ORDER", TIMEPOINTS, rows[at[-1]], text)
            findings += check_span(own, participant, TIMEPOINTS)
    return days, findings


def _days_of_phases(columns: dict, ids: list[str]) -> list[str]:
    """Days since each participant's first phase; what is no number stays as it is, and is told as one."""
    cells, first, found = columns[PHASES][1], {}, []
    for participant, cell in zip(ids, cells):
        seconds = plain_number(cell)
        if seconds is None:
            found.append(cell)
            continue
        found.append(repr((seconds - first.setdefault(participant, seconds)) / SECONDS_PER_DAY))
    return found


def _number(cell: str, row: int, problems: Problems) -> float:
    number = plain_number(cell)
    if number is None or abs(number) > MOST_DAYS:
        problems.add("E-DATE", TIMEPOINTS, row, f"days is {cell[:40]!r}, a number was expected")
        return np.nan
    return number


def _named_columns(table: Delimited) -> dict[str, tuple[str, list[str]]]:
    """Unit and cells by name, the identifier always under the same name."""
    columns = {}
    for index, heading in enumerate(table.headings):
        name, unit = name_and_unit(heading)
        name = ID if name.lower() in ID_NAMES and ID not in columns else name
        if name in columns:
            raise InputError(
                "E-TABLE-HEADING",
                f"two columns are called {for_message(name)!r} and differ only in their unit",
                where=table.path.name,
                fix="Rename one of them.",
            )
        columns[name] = (unit, table.column(index))
    if ID not in columns:
        raise InputError(
            "E-TABLE-HEADING",
            f"has no column {ID} (found {', '.join(columns)})",
            where=table.path.name,
            fix=f"Name the column of identifiers {ID}.",
        )
    return columns


def _described(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _identity(ids: list[str], visits: Table, files: Files, i: int) -> str:
    """Names, sizes and dates of the files of a participant."""
    rows = [n for n, participant in enumerate(visits.columns[ID]) if participant == ids[i]]
    return "; ".join(identity_of(path) for n in rows for *_, path in files.of_visit(n))


def _load(ids: list[str], visits: Table, files: Files, i: int) -> FollowUp:
    loaded = []
    paths = {f"{kind}:{name}" for kind, name, _, _ in files.columns} | {kind for kind, *_ in files.columns}
    for n, participant in enumerate(visits.columns[ID]):
        if participant != ids[i]:
            continue
        found = files.of_visit(n)
        images = [(name, unit, path) for kind, name, unit, path in found if kind == "image"]
        masks = [(name, path) for kind, name, _, path in found if kind == "mask"]
        loaded.append(
            Visit(
                days=float(visits.columns["days"][n]),
                images=images_of_visit(images, [path for _, path in masks]),
                masks={own: mask for name, path in masks for own, mask in masks_of_column(name, path).items()},
                covariates={c: v[n] for c, v in visits.columns.items() if c not in (ID, "days") and c not in paths},
            )
        )
    read = [value for visit in loaded for value in (*visit.images.values(), *visit.masks.values())]
    findings = tuple(dict.fromkeys(finding for value in read for finding in value.findings))
    return FollowUp(ids[i], tuple(loaded), findings)
