"""A folder of simulated patients with liver metastases that `read_cohort` reads back."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ..context import Context
from ..data.cohort import Cohort
from ..data.curve import Table
from ..io.cohort.files import ID, PARTICIPANTS, STRUCTURES, TIMEPOINTS, read_cohort
from ..io.output.folder import output_folder
from ..io.tables.file import write_table
from ..numerics.statistics.growth import equivalent_diameter
from ..steps.structures.roles import PORTAL, TUMOUR
from ..steps.structures.structure_table import COLUMNS, DAYS, LESION, NODE, PLACE, STRUCTURE, units_of
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
    overwrite: bool = False,
) -> Cohort:
    """Patients with their clinical facts, recurrence, and the structures of three scans, written as a cohort.

    There are no images: ``structures.csv`` holds what `prognosis.structures`
    would measure of them, and ``truth.csv`` each patient's log hazard and the
    lesion that drives it most.

    Parameters
    ----------
    splits : given to the patients in turn
    """
    names = [f"liver{n:0{len(str(count))}d}" for n in range(1, count + 1)]
    patients = [draw_patient(context.rng, effects) for _ in names]
    rows = [row for name, patient in zip(names, patients) for row in structure_rows(name, patient)]
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        context.progress(0.5, "writing tables")
        write_table(new / PARTICIPANTS, participants_of(names, patients, splits))
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
