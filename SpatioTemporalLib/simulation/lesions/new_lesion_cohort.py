"""A folder of simulated pairs of visits with new and vanished lesions that `read_cohort` reads back."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
from .new_lesions import SHAPE_3D, LesionPair, draw_pair

SPLITS = ("train", "train", "train", "validation", "test")
MASKS = ("new", "vanished", "persistent")


def write_lesion_cohort(
    folder: str | os.PathLike,
    count: int,
    context: Context,
    *,
    shape: Sequence[int] = SHAPE_3D,
    splits: tuple[str, ...] = SPLITS,
    overwrite: bool = False,
) -> Cohort:
    """Two visits each of so many patients, with the masks in the row of the later one, written as a cohort.

    Parameters
    ----------
    folder : path            New, empty, or that of an earlier cohort; see `output_folder`.
    shape : (K, J, I)        Voxels of 1 mm; a single slice where K is 1.
    splits : given to the patients in turn
    """
    names = [f"pair{n:0{len(str(count))}d}" for n in range(1, count + 1)]
    rows: list[dict] = []
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        for n, name in enumerate(names):
            context.progress(n / count, f"simulating {name}")
            rows += _written(new, name, draw_pair(context.rng, shape))
        people = {ID: names, "split": [splits[n % len(splits)] for n in range(count)]}
        write_table(new / PARTICIPANTS, Table(people))
        units = {"days": "d", "image:flair": "a.u."}
        write_table(new / TIMEPOINTS, Table({key: [row[key] for row in rows] for key in rows[0]}, units))
    return read_cohort(folder)


def _written(folder: Path, name: str, pair: LesionPair) -> list[dict]:
    (folder / name).mkdir()
    grid = Geometry.from_spacing(pair.new.shape)
    for what in MASKS:
        labels = LabelMap(getattr(pair, what).astype(np.uint8), grid, {1: Label(what)}, what)
        write_labels(folder / name / f"{what}.nii.gz", labels)
    rows = []
    for visit, values in enumerate(pair.images):
        image = f"{name}/visit{visit + 1}.nii.gz"
        write_map(folder / image, Map(values, grid, "a.u.", f"visit{visit + 1}"))
        paths = {f"mask:{what}": f"{name}/{what}.nii.gz" if visit else "" for what in MASKS}
        rows.append({ID: name, "days": pair.days if visit else 0.0, "image:flair": image, **paths})
    return rows
