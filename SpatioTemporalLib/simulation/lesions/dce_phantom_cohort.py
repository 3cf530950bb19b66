"""A folder of simulated dynamic series with lesions that `read_cohort` reads back."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...context import Context
from ...data.cohort import Cohort
from ...data.curve import Table
from ...data.geometry import Geometry
from ...data.volumes import Label, LabelMap, Map
from ...io.cohort.files import ID, PARTICIPANTS, TIMEPOINTS, read_cohort
from ...io.output.folder import output_folder
from ...io.output.write import write_labels, write_map
from ...io.tables.file import write_table
from .dce_phantom import RANDOM, SIZE, DcePhantom, Protocol, draw_phantom

SPLITS = ("train", "train", "train", "validation", "test")


def write_dce_cohort(
    folder: str | os.PathLike,
    count: int,
    context: Context,
    *,
    protocol: Protocol = RANDOM,
    size: int = SIZE,
    splits: tuple[str, ...] = SPLITS,
    overwrite: bool = False,
) -> Cohort:
    """Three phases and the masks of so many patients, written as a cohort.

    ``timepoints.csv`` has one row a phase with its time in seconds after
    injection; the masks of lesions and of look-alikes stand in the first row
    of a patient and hold for all of its phases.

    Parameters
    ----------
    folder : path            New, empty, or that of an earlier cohort; see `output_folder`.
    size : voxels of 1 mm along each axis
    splits : given to the patients in turn
    """
    names = [f"dce{n:0{len(str(count))}d}" for n in range(1, count + 1)]
    rows: list[dict] = []
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        for n, name in enumerate(names):
            context.progress(n / count, f"simulating {name}")
            rows += _written(new, name, draw_phantom(context.rng, protocol, size))
        people = {ID: names, "split": [splits[n % len(splits)] for n in range(count)]}
        write_table(new / PARTICIPANTS, Table(people))
        units = {"seconds": "s", "image:mr": "a.u."}
        write_table(new / TIMEPOINTS, Table({key: [row[key] for row in rows] for key in rows[0]}, units))
    return read_cohort(folder)


def _written(folder: Path, name: str, phantom: DcePhantom) -> list[dict]:
    (folder / name).mkdir()
    grid = Geometry.from_spacing(phantom.lesion.shape)
    masks = {"lesion": phantom.lesion, "look_alike": phantom.look_alike}
    for what, mask in masks.items():
        labels = LabelMap(mask.astype(np.uint8), grid, {1: Label(what)}, what)
        write_labels(folder / name / f"{what}.nii.gz", labels)
    rows = []
    for phase, (values, seconds) in enumerate(zip(phantom.phases, phantom.seconds)):
        image = f"{name}/phase{phase}.nii.gz"
        write_map(folder / image, Map(values, grid, "a.u.", f"phase{phase}"))
        paths = {f"mask:{what}": f"{name}/{what}.nii.gz" if phase == 0 else "" for what in masks}
        rows.append({ID: name, "seconds": round(float(seconds), 1), "image:mr": image, **paths})
    return rows
