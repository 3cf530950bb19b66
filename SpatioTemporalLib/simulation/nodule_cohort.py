"""A folder of simulated follow-up CT that `read_cohort` reads back."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..context import Context
from ..data.cohort import Cohort
from ..data.curve import Table
from ..io.cohort.files import ID, PARTICIPANTS, TIMEPOINTS, read_cohort
from ..io.output.folder import output_folder
from ..io.output.write import write_labels, write_map
from ..io.tables.file import write_table
from .lung_anatomy import LungAnatomy, draw_anatomy
from .lung_ct import SCANNERS, scan_lung
from .nodule_growth import POPULATION, TWO_VISITS, NoduleHistory, NodulePopulation, VisitPlan, draw_nodules

TRUTH = "truth.csv"
SPLITS = ("train", "train", "train", "validation", "test")


def write_nodule_cohort(
    folder: str | os.PathLike,
    count: int,
    context: Context,
    *,
    population: NodulePopulation = POPULATION,
    plan: VisitPlan = TWO_VISITS,
    extent: tuple[float, float, float] = (80.0, 80.0, 60.0),
    unknown: float = 0.0,
    overwrite: bool = False,
) -> Cohort:
    """CT and masks of so many patients with one nodule each, written as a cohort.

    Each patient keeps the anatomy; place, scanner and noise change from visit
    to visit, and have nothing to do with malignancy. ``participants.csv`` holds
    age, sex, split and malignancy; ``timepoints.csv`` the scanner and the
    nodule's middle; ``truth.csv`` what no reader knows: growth and log-odds.

    Parameters
    ----------
    folder : path            New, empty, or that of an earlier cohort; see `output_folder`.
    context : Context        Its random numbers, progress and cancellation.
    extent : R, A, S mm of each image.
    unknown : 0..1 of the covariates that are left empty.
    overwrite : bool         Whether an earlier cohort may be replaced.

    Notes
    -----
    Where the first visit did not take place, days count from the one that did.
    """
    history = draw_nodules(count, context.rng, population, plan)
    names = [f"nodule{n:0{len(str(count))}d}" for n in range(1, count + 1)]
    rows: list[dict] = []
    with output_folder(folder, "cohort", overwrite=overwrite) as new:
        for n, name in enumerate(names):
            context.progress(n / count, f"simulating {name}")
            anatomy = draw_anatomy(context.rng)
            rows += _written_visits(new, n, history, anatomy, context.rng, name=name, extent=extent)
        sex = np.where(context.rng.random(count) < 0.5, "F", "M").tolist()
        known = {"age": np.round(history.age, 1).tolist(), "sex": sex}
        if unknown > 0:
            known = {name: _thinned(cells, unknown, context.rng) for name, cells in known.items()}
        _write_tables(new, history, names, known, rows)
    return read_cohort(folder)


def _write_tables(
    folder: Path, history: NoduleHistory, names: list[str], known: dict[str, list], rows: list[dict]
) -> None:
    people = {
        ID: names,
        "split": _splits(history.malignant),
        **known,
        "malignant": history.malignant.astype(int).tolist(),
    }
    write_table(folder / PARTICIPANTS, Table(people, {"age": "y"}))
    units = {"image:ct": "HU", "centre_r": "mm", "centre_a": "mm", "centre_s": "mm"}
    write_table(folder / TIMEPOINTS, Table({key: [row[key] for row in rows] for key in rows[0]}, units))
    truth = {ID: names, "growth": history.growth.tolist(), "log_odds": history.log_odds.tolist()}
    radii = {f"radius_{v + 1}": history.radius[:, v].tolist() for v in range(history.radius.shape[1])}
    write_table(folder / TRUTH, Table(truth | radii, dict.fromkeys(radii, "mm")))


def _thinned(cells: list, unknown: float, rng: np.random.Generator) -> list:
    """Cells of which some are empty."""
    return ["" if drawn < unknown else cell for cell, drawn in zip(cells, rng.random(len(cells)))]


def _splits(malignant: np.ndarray) -> list[str]:
    """A split of each patient, with either class spread evenly over the splits."""
    splits = np.empty(len(malignant), dtype=object)
    for kind in (False, True):
        rows = np.flatnonzero(malignant == kind)
        splits[rows] = [SPLITS[n % len(SPLITS)] for n in range(len(rows))]
    return splits.tolist()


def _written_visits(
    folder: Path,
    n: int,
    history: NoduleHistory,
    anatomy: LungAnatomy,
    rng: np.random.Generator,
    *,
    name: str,
    extent: tuple[float, float, float],
) -> list[dict]:
    (folder / name).mkdir()
    visits = np.flatnonzero(history.observed[n])
    rows = []
    for visit in visits:
        scanner = SCANNERS[rng.integers(len(SCANNERS))]
        scan = scan_lung(anatomy, history.radius[n, visit], scanner, rng, extent=extent)
        image, mask = f"{name}/visit{visit + 1}_ct.nii.gz", f"{name}/visit{visit + 1}_nodule.nii.gz"
        write_map(folder / image, scan.ct)
        write_labels(folder / mask, scan.nodule)
        rows.append(
            {
                ID: name,
                "days": round(float(history.days[n, visit] - history.days[n, visits[0]])),
                "image:ct": image,
                "mask:nodule": mask,
                "scanner": scanner.name,
                **{f"centre_{axis}": round(float(x), 3) for axis, x in zip("ras", scan.centre)},
            }
        )
    return rows
