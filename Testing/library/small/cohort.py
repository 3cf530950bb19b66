"""Ten simulated patients on disk, and the options that train a network on them in a second."""

from __future__ import annotations

import csv
from pathlib import Path

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.cohort import Cohort
from SpatioTemporalLib.simulation.nodule_cohort import write_nodule_cohort

# Of these, half of the patients are malignant; each split has both kinds.
SEED, OTHER_SEED = 11, 23
COUNT = 10
REGION = ["--size", "8,16,16", "--spacing", "1.5,1.5,2"]
SMALL_CSFNET = ["--set", "stages=[[8],[8]]", "--set", "width=8"]
BRIEF = ["--epochs", "2", "--batch-size", "4", "--device", "cpu"]


def small_cohort(folder: Path, seed: int = SEED) -> Cohort:
    """Two visits of ten patients each, images of 30 x 30 x 24 mm."""
    return write_nodule_cohort(folder, COUNT, Context(seed=seed), extent=(30.0, 30.0, 24.0))


def train_options(cohort: Path, out: Path, network: str = "csfnet") -> list[str]:
    """What trains a small network on a small cohort."""
    of_network = SMALL_CSFNET if network == "csfnet" else []
    return ["train", network, "--cohort", str(cohort), "--out", str(out), *REGION, *of_network, *BRIEF, "--simulated"]


def change_table(path: Path, change) -> None:
    """Rewrite a table of a cohort; `change` is given its rows, the headings among them, and alters them."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def set_cell(path: Path, row: int, heading: str, text: str) -> None:
    """Write one cell; row 1 is the first below the headings."""

    def change(rows: list[list[str]]) -> None:
        (column,) = [n for n, cell in enumerate(rows[0]) if cell.partition(" ")[0] == heading]
        rows[row][column] = text

    change_table(path, change)
