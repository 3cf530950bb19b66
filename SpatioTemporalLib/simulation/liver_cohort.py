"""A folder of simulated patients with liver metastases that `read_cohort` reads back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..context import Context
from ..data.cohort import Cohort
from ..data.curve import Table
from ..io.cohort.files import ID, PARTICIPANTS, STRUCTURES, TIMEPOINTS, read_cohort
from ..io.output.folder import output_folder
from ..io.output.write import write_labels, write_map
from ..io.tables.file import write_table
from ..numerics.statistics.growth import equivalent_diameter
from ..steps.structures.roles import PORTAL, TUMOUR
from ..steps.structures.structure_table import COLUMNS, DAYS, LESION, NODE, PLACE, STRUCTURE, units_of
from .liver_images import liver_follow_up
from .liver_metastases import (
    LIVER_RADIUS_MM,
    PORTAL_THICKNESS_MM,
    SCANS_DAYS,
    USUAL,
    Effects,
    LiverPatient,
    draw_patient,
)

TRUTH = "truth.csv"
SPLITS = ("train", "train", "train", "validation", "test")
KNOWN = (DAYS, NODE, STRUCTURE, LESION, *PLACE, "volume", "distance to portal", "distance to capsule")


def write_liver_cohort(
    folder: str | os.PathLike,
    count: int,
    context: Context,
    *,
    effects: Effects = USUAL,
    splits: Sequence[str] = SPLITS,
    images: bool = False,
    overwrite: bool = False,
) -> Cohort:
    """Patients with their clinical facts, recurrence, and the structures of three scans, written as a cohort.

    ``structures.csv`` holds what `prognosis.structures` would measure, and
    ``truth.csv`` each patient's log hazard and the lesion that drives it most.

    Parameters
    ----------
    splits : given to the patients in turn
    images : whether CT-like images with segments are written in place of ``structures.csv``
    """
    names = [f"liver{n:0{len(str(count))}d}" for n in range(1, count + 1)]
    patients = [draw_patient(context.rng, effects) for _ in names]
    rows = [row for name, patient in zip(names, patients) for row in structure_rows(name, patient)]
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        write_table(new / PARTICIPANTS, participants_of(names, patients, splits))
        if images:
            write_table(new / TIMEPOINTS, _written_images(new, names, patients, context))
        else:
            visits = [(name, day) for name in names for day in SCANS_DAYS]
            write_table(new / TIMEPOINTS, Table({ID: [n for n, _ in visits], "days": [d for _, d in visits]}))
            units = {column: unit for column, unit in units_of().items() if column in KNOWN}
            write_table(new / STRUCTURES, Table({c: [row[c] for row in rows] for c in (ID, *KNOWN)}, units))
        truth = {ID: names, "log hazard": [p.log_hazard for p in patients]}
        truth["driver"] = [int(np.argmax(p.drivers)) + 1 for p in patients]
        write_table(new / TRUTH, Table(truth))
    return read_cohort(folder)


def participants_of(names: Sequence[str], patients: Sequence[LiverPatient], splits: Sequence[str]) -> Table:
    """One row a patient: split, clinical facts, months until recurrence and whether it came."""
    clinical = {key: [round(p.clinical[key], 3) for p in patients] for key in patients[0].clinical}
    outcome = {"recurrence_time": [round(p.time, 3) for p in patients]}
    outcome["recurrence_event"] = [int(p.event) for p in patients]
    columns = {ID: list(names), "split": [splits[n % len(splits)] for n in range(len(names))]}
    units = {"recurrence_time": "months", "age": "years", "body_mass_index": "kg/m2"}
    return Table(columns | clinical | outcome, units, "participants")


def structure_rows(name: str, patient: LiverPatient) -> list[dict[str, object]]:
    """Rows of ``structures.csv`` of one patient."""
    rows = []
    for day, log_volumes in zip(SCANS_DAYS, patient.log_volumes):
        base = dict.fromkeys(COLUMNS, float("nan")) | {ID: name, DAYS: day, LESION: 0}
        base |= dict.fromkeys(PLACE, 0.0)
        rows.append(base | {NODE: f"portal, day {day:g}", STRUCTURE: PORTAL})
        for lesion, (place, log_volume) in enumerate(zip(patient.places, log_volumes), start=1):
            own = dict(zip(PLACE, np.round(place, 2).tolist()))
            own |= {NODE: f"lesion {lesion}, day {day:g}", STRUCTURE: TUMOUR, LESION: lesion}
            volume = float(np.exp(log_volume))
            # From surface to surface, as it is measured on images.
            radius = float(equivalent_diameter(volume)) / 2
            to_portal = abs(float(place[2])) - PORTAL_THICKNESS_MM / 2 - radius
            to_capsule = LIVER_RADIUS_MM - float(np.linalg.norm(place)) - radius
            own |= {"volume": round(volume, 5), "distance to portal": round(max(to_portal, 0.0), 3)}
            own["distance to capsule"] = round(max(to_capsule, 0.0), 3)
            rows.append(base | own)
    return rows


def _written_images(folder: Path, names: Sequence[str], patients: Sequence[LiverPatient], context: Context) -> Table:
    """Images and masks of each patient, and the table that names them."""
    rows: list[dict[str, object]] = []
    for n, (name, patient) in enumerate(zip(names, patients)):
        context.progress(n / len(names), f"drawing {name}")
        (folder / name).mkdir()
        for visit in liver_follow_up(patient, context.rng, name).visits:
            prefix = f"{name}/day{visit.days:g}"
            write_map(folder / f"{prefix}_ct.nii.gz", visit.images["ct"])
            row = {ID: name, "days": visit.days, "image:ct": f"{prefix}_ct.nii.gz"}
            for structure, mask in visit.masks.items():
                row[f"mask:{structure}"] = f"{prefix}_{structure}.nii.gz"
                write_labels(folder / row[f"mask:{structure}"], mask)
            rows.append(row)
    columns = dict.fromkeys(key for row in rows for key in row)
    return Table({key: [row.get(key, "") for row in rows] for key in columns}, {"image:ct": "HU"}, "timepoints")
