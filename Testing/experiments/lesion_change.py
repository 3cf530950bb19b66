"""What seeing both visits is worth to a network that looks for new lesions in simulated pairs of brain-like images.

Lesions that are there at both visits look like new ones; brightness, contrast, bias and place differ between scans.
Compared with the same network that sees the later visit only, and with the difference of both after matching, at the
threshold that is best on the training patients.

``python Testing/experiments/lesion_change.py --work out/change --out Resources/Validation/lesion_change.csv`` writes
the table, ``--device cuda --jobs 12`` quicker; ``make experiments`` trains for one seed in 2D and compares.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[2]))

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.bundle.facts import Architecture
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.tasks.change import CHANGE, answer, lesion_counts
from SpatioTemporalLib.networks.training.plan import Plan, Surroundings
from SpatioTemporalLib.networks.training.procedure import train_cohort
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice
from SpatioTemporalLib.simulation.lesions.new_lesion_cohort import write_lesion_cohort
from SpatioTemporalLib.simulation.lesions.new_lesions import SHAPE_2D, SHAPE_3D
from SpatioTemporalLib.steps.follow_up.visit_pair import PairSettings

# Of every nine patients: six to train on, one to choose the epoch by, two to test.
SPLITS = ("train",) * 6 + ("validation",) + ("test",) * 2
SHAPES, PATIENTS, EPOCHS = {"2D": SHAPE_2D, "3D": SHAPE_3D}, {"2D": 360, "3D": 180}, {"2D": 60, "3D": 60}
NETWORKS = {
    "DuSTiLNet": Architecture("dustilnet"),
    "DuSTiLNet, later visit only": Architecture("dustilnet", "latest_visit"),
    "Siamese U-transformer": Architecture("siamese_utransformer"),
}
DIFFERENCE = "thresholded difference"
SETTINGS = TrainingSettings(batch_size=8, learning_rate=3e-3, patience=100, rotation=15.0, shift=2.0, balance=False)


def prepared(folder: Path, shape: str, seed: int):
    """The patients of a seed, written once."""
    path = folder / f"cohort-{shape}-{seed}"
    if path.exists():
        return st.read_cohort(path)
    context = Context(seed=2000 + seed)
    return write_lesion_cohort(path, PATIENTS[shape], context, shape=SHAPES[shape], splits=SPLITS)


def trained_bundle(folder: Path, shape: str, kind: str, seed: int, device: str) -> Path:
    """The bundle of one training, taken again where it is there."""
    name = f"{shape}-{kind.replace(' ', '_').replace(',', '')}-{seed}"
    if (folder / name).exists():
        return folder / name
    plan = Plan(
        NETWORKS[kind],
        shown=PairSettings(shape=SHAPES[shape]),
        settings=replace(SETTINGS, epochs=EPOCHS[shape], seed=seed),
        data="new-lesion",
        simulated=True,
        task=CHANGE.name,
    )
    cache = folder / f"cache-{shape}-{seed}-{name}"
    surroundings = Surroundings(folder / name, folder / f"{name}_training", cache, device=device)
    report = Context(report=lambda fraction, message: print(name, message, flush=True))
    train_cohort(prepared(folder, shape, seed), plan, surroundings, report)
    return folder / name


def measured(folder: Path, shape: str, kind: str, seed: int, device: str) -> dict[str, object]:
    """What a method finds in the test patients of a seed, as they came and with their visits swapped."""
    cohort = prepared(folder, shape, seed)
    if kind == DIFFERENCE:
        find = _difference_finder(cohort, folder, shape, seed)
    else:
        networks = read_bundle(trained_bundle(folder, shape, kind, seed, device)).networks

        def find(cases, n):
            return answer(networks, cases, n, device)[0]

    rows = [n for n, split in enumerate(cohort.participants.columns["split"]) if split == "test"]
    cases = _cases(cohort, folder, shape, seed, rows)
    counts, overlaps, quiet, swapped = [], [], [], []
    for n in range(len(cases)):
        classes = cases.volumes(n)[1].astype(int)
        scores = find(cases, n)
        counts.append(lesion_counts(scores, classes))
        if (classes == 1).any():
            overlaps.append(counts[-1]["Dice"])
            reverse = find(_Swapped(cases), n)
            swapped.append(dice(reverse.argmax(axis=0) == 2, classes == 1))
        if not (classes > 0).any():
            quiet.append(counts[-1]["false positives"])
    there, met, wrong = (
        sum(row[name] for row in counts) for name in ("new lesions", "new lesions found", "false positives")
    )
    return {
        "dimensions": shape, "method": kind, "seed": seed, "patients": len(cases), "Dice": float(np.mean(overlaps)),
        "lesion F1": 2 * met / (2 * met + wrong + there - met), "new lesions": there, "found": met,
        "false positives": wrong, "false positives a pair without change": float(np.mean(quiet)),
        "Dice of vanished, visits swapped": float(np.mean(swapped)),
    }  # fmt: skip


class _Swapped:
    """The same cases with the later visit first."""

    def __init__(self, cases):
        self.times, self.shape, self.volumes_as_they_are = cases.times, cases.shape, cases.volumes

    def volumes(self, row: int):
        images, classes = self.volumes_as_they_are(row)
        return images[::-1].copy(), classes


def _cases(cohort, folder: Path, shape: str, seed: int, rows):
    cache = folder / f"cache-{shape}-{seed}-test"
    return CHANGE.cases(cohort, PairSettings(shape=SHAPES[shape]), (), "new", cache=cache, context=Context(), rows=rows)


def _difference_finder(cohort, folder: Path, shape: str, seed: int):
    """Scores by the smoothed difference of the matched visits against the threshold with the best mean Dice."""
    rows = [n for n, split in enumerate(cohort.participants.columns["split"]) if split == "train"]
    cases = _cases(cohort, folder, shape, seed, rows)
    pairs = [cases.volumes(n) for n in range(len(cases))]
    pairs = [(_difference(images), classes == 1) for images, classes in pairs if (classes == 1).any()]
    best = max(np.arange(0.5, 12.0, 0.25), key=lambda t: np.mean([dice(d > t, new) for d, new in pairs]))

    def find(cases, n):
        change = _difference(cases.volumes(n)[0])
        return np.stack([np.full_like(change, best), change, -change])

    return find


def _difference(images: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(images[1] - images[0], [0.6 * (n > 1) for n in images.shape[1:]])


def verdicts(rows: list[dict]) -> dict[str, bool]:
    """What was to be shown, by each network for every seed that was measured."""
    value = {(row["dimensions"], row["method"], row["seed"]): row for row in rows}
    others, found = (DIFFERENCE, "DuSTiLNet, later visit only"), {}
    for shape in sorted({row["dimensions"] for row in rows}):
        for kind in ("DuSTiLNet", "Siamese U-transformer"):
            own = {seed: row for (s, k, seed), row in value.items() if (s, k) == (shape, kind)}
            beside = [
                row["Dice"] - value[shape, other, seed]["Dice"]
                for seed, row in own.items()
                for other in others
                if (shape, other, seed) in value
            ]
            shown = {
                "lesion F1 at least 0.8": [row["lesion F1"] >= 0.8 for row in own.values()],
                "Dice at least 0.6": [row["Dice"] >= 0.6 for row in own.values()],
                "Dice 0.15 above one visit and difference": [gain >= 0.15 for gain in beside],
                "at most 0.3 false positives a pair without change": [
                    row["false positives a pair without change"] <= 0.3 for row in own.values()
                ],
                "swapped visits turn new into vanished": [
                    row["Dice of vanished, visits swapped"] >= row["Dice"] - 0.1 for row in own.values()
                ],
            }
            found |= {f"{shape} {kind}: {text}": all(holds) for text, holds in shown.items() if holds}
    return found


def all_measured(folder: Path, shapes: list[str], seeds: list[int], device: str, jobs: int) -> list[dict]:
    """A row a number of dimensions, seed and method; several trainings at a time where that is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    cohorts = [(folder, shape, seed) for shape in shapes for seed in seeds]
    wanted = [(folder, shape, kind, seed, device) for _, shape, seed in cohorts for kind in (*NETWORKS, DIFFERENCE)]
    if jobs == 1:
        return [measured(*one) for one in wanted]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        list(pool.map(prepared, *zip(*cohorts)))
        return list(pool.map(measured, *zip(*wanted)))


def test_seeing_both_visits_is_worth_what_is_said_of_it(tmp_path):
    found = verdicts(all_measured(tmp_path, ["2D"], [0], "cpu", 1))
    assert all(found.values()), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shapes", default="2D,3D")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    rows = all_measured(arguments.work, arguments.shapes.split(","), seeds, arguments.device, arguments.jobs)
    st.write_table(arguments.out, st.Table({name: [row[name] for row in rows] for name in rows[0]}, name="change"))
    for row in rows:
        print(row)
    for text, holds in verdicts(rows).items():
        print(f"{text}: {'yes' if holds else 'NO'}")


if __name__ == "__main__":
    main()
