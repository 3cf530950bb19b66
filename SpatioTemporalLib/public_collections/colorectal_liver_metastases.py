"""The collection Colorectal-Liver-Metastases (doi 10.7937/QXK2-QG03) as a cohort: one CT before the operation each.

Simpson et al., Scientific Data 11 (2024), doi 10.1038/s41597-024-02981-2. Segments are the liver, its future remnant,
hepatic and portal veins, and a segment for each metastasis; they overlap.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..context import Context
from ..data.cohort import Cohort
from ..data.curve import Table
from ..data.follow_up import FollowUp, Visit
from ..errors import Finding, InputError, Severity
from ..io.cohort.files import ID, PARTICIPANTS, STRUCTURES, TIMEPOINTS, read_cohort
from ..io.files.boundary import real_path
from ..io.output.folder import output_folder, require_free
from ..io.reading.masks import read_masks
from ..io.reading.volumes import read_map
from ..io.tables.file import write_table
from ..steps.structures.structure_table import structure_table
from .clinical_facts import Facts, clinical_facts
from .folders import Case, beside, case_in, folders_below

AFTERWARDS_FILE, LEFT_OUT = "afterwards.csv", "left_out.csv"
UNIT = "HU"


@dataclass(frozen=True)
class Converted:
    """One patient who can be read. structures : what was measured, where that was asked for."""

    case: Case
    structures: Table | None


def convert_colorectal_liver_metastases(
    folder: str | os.PathLike,
    clinical: str | os.PathLike,
    out: str | os.PathLike,
    context: Context | None = None,
    *,
    measure: bool = False,
    overwrite: bool = False,
) -> Cohort:
    """A cohort of the patients of a download; images stay where they are, and the cohort names them.

    ``participants.csv`` holds what was known before the operation and, as
    ``overall_survival``, ``dfs`` and ``liver_dfs``, time [months] and event of
    three endpoints; ``afterwards.csv`` pathology of what was resected, which
    no prediction may use. Patients whose images are absent or cannot be read
    are told, listed in ``left_out.csv``, and left out.

    Parameters
    ----------
    folder : path
        With the folders of the patients in it, however deep.
    clinical : path
        The collection's spreadsheet, or its sheet as CSV.
    out : path
        Folder of the cohort.
    measure : bool
        Whether ``structures.csv`` is written as well: size, shape, intensities and
        distances of all segments, from which networks for survival learn.

    Raises
    ------
    InputError
        ``E-OUTCOME`` with all rows in which a time is not above 0 or an event is neither 0 nor 1; ``E-COLLECTION``
        when no patient is left.
    """
    context = context or Context()
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise InputError("E-FILE-MISSING", "is no folder", where=folder.name, fix="Give the folder of the download.")
    require_free(out, "cohort", overwrite=overwrite)
    found = folders_below(folder)
    facts = clinical_facts(clinical, found)
    converted, left_out = _readable(found, facts, context, measure)
    if not converted:
        first = next(iter(left_out.items()), ("", ""))
        raise InputError(
            "E-COLLECTION",
            f"no patient could be read; of {first[0]}: {first[1]}" if left_out else "no patient was found",
            where=folder.name,
            fix="Give the folder in which the download put the patients' folders.",
        )
    with output_folder(out, "cohort", overwrite=overwrite) as new:
        _write(new, real_path(out), facts, converted, left_out)
    told = [Finding("W-CASE-LEFT-OUT", Severity.WARN, f"{why}; left out", name) for name, why in left_out.items()]
    cohort = read_cohort(out)
    return replace(cohort, findings=(*facts.findings, *told, *cohort.findings))


def _readable(
    found: dict[str, list[Path]], facts: Facts, context: Context, measure: bool
) -> tuple[list[Converted], dict[str, str]]:
    """Who can be read, and why not of the others, by name."""
    converted: list[Converted] = []
    left_out: dict[str, str] = {}
    for n, name in enumerate(facts.names):
        context.progress(n / len(facts.names), f"reading {name}")
        places = found.get(name, [])
        try:
            if len(places) != 1:
                what = f"stands in {len(places)} places" if places else "has no folder in the download"
                raise InputError("E-COLLECTION", what, where=name, fix="Keep one of them.")
            part = context.part(n / len(facts.names), (n + 1) / len(facts.names))
            converted.append(_converted(case_in(name, places[0]), part, measure))
        except InputError as error:
            left_out[name] = error.message if error.where in ("", name) else f"{error.where} {error.message}"
    own = [place for name in facts.names for place in found.get(name, [])]
    for name in sorted(beside(own) - set(facts.names)):
        left_out[name] = f"has no row in {facts.file}"
    return converted, left_out


def _converted(case: Case, context: Context, measure: bool) -> Converted:
    """A patient whose image and segments were read whole, which tells what is broken."""
    image = read_map(case.image, UNIT, "ct", segmentation=case.segmentation)
    visit = Visit(0.0, {"ct": image}, read_masks(case.segmentation))
    visits = FollowUp(case.name, (visit,))
    return Converted(case, structure_table(visits, context)[0] if measure else None)


def _write(new: Path, target: Path, facts: Facts, converted: list[Converted], left_out: dict[str, str]) -> None:
    names = [each.case.name for each in converted]
    write_table(new / PARTICIPANTS, facts.before(names))
    if facts.columns_afterwards:
        write_table(new / AFTERWARDS_FILE, facts.afterwards(names))
    images = [_from(target, each.case.image) for each in converted]
    masks = [_from(target, each.case.segmentation) for each in converted]
    columns = {ID: names, "days": [0] * len(names), "image:ct": images, "mask": masks}
    write_table(new / TIMEPOINTS, Table(columns, {"image:ct": UNIT}, "timepoints"))
    measured = [each.structures for each in converted if each.structures is not None]
    if measured:
        ids = [each.case.name for each in converted for _ in range(each.structures.row_count)]
        own = {column: [cell for table in measured for cell in table.columns[column]] for column in measured[0].columns}
        write_table(new / STRUCTURES, Table({ID: ids, **own}, measured[0].units, "structures"))
    if left_out:
        write_table(new / LEFT_OUT, Table({ID: list(left_out), "reason": list(left_out.values())}, {}, "left out"))


def _from(folder: Path, path: Path) -> str:
    """A path as it is named in the tables of a folder."""
    path = real_path(path)
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        # Another drive.
        return str(path)
