"""Change in real pairs of visits with multiple sclerosis, beside what experts marked; nothing is trained on them.

``python Testing/experiments/ms_change.py --data DIR --out Resources/Validation/ms_change.csv`` where DIR has a folder a
patient with ``study1_FLAIR.nii.gz``, ``study2_FLAIR.nii.gz``, ``brainmask.nii.gz`` and ``change_mask.nii.gz`` on one
grid: the longitudinal set of Lesjak et al., Neuroinformatics 14:403 (2016), CC BY, whose mask says where lesions
changed in either direction.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice, structures_found
from SpatioTemporalLib.steps.follow_up.matched_difference import Comparison, matched_difference

ANY = 1e-9
DAYS = 365.0


def pair_of(folder: Path):
    """Visits, brain and what changed, of one patient; how many days lie between them does not matter here."""
    images = [st.read_map(folder / f"study{n}_FLAIR.nii.gz", unit="a.u.") for n in (1, 2)]
    visits = tuple(st.Visit(day, {"flair": image}) for day, image in zip((0.0, DAYS), images))
    brain, change = (st.read_labels(folder / f"{name}.nii.gz") for name in ("brainmask", "change_mask"))
    return st.FollowUp(folder.name, visits), brain, change.foreground


def thresholded(visits, brain) -> np.ndarray:
    """Plain difference after a robust line, at four standard deviations."""
    earlier, later = (visit.images["flair"] for visit in visits.visits)
    plain = Comparison(0.0, 0.0, 0.0)
    found = matched_difference(
        earlier.values, later.values, brain.foreground, later.geometry.spacing, plain, visits.patient
    )
    return np.abs(found.z) >= 4.0


def rows(folder: Path):
    """What each method finds."""
    visits, brain, truth = pair_of(folder)
    given = {"visits": visits, "region": brain, "registration": "none"}
    masks = {
        "thresholded difference": thresholded(visits, brain),
        "follow_up.change_map": st.run("follow_up.change_map", **given).changes.foreground,
        "follow_up.change_by_network, change-demo": st.run("follow_up.change_by_network", **given).changes.foreground,
    }
    for method, found in masks.items():
        there, met = structures_found(found, truth, part=ANY)
        parts, right = structures_found(truth, found, part=ANY)
        f1 = 2 * met / (2 * met + parts - right + there - met) if met else 0.0
        yield {
            "patient": folder.name, "method": method, "Dice": dice(found, truth), "lesion F1": f1,
            "changed lesions": there, "found": met, "false positives": parts - right,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    folders = sorted(path.parent for path in arguments.data.glob("*/change_mask.nii.gz"))
    found = [row for folder in folders for row in rows(folder)]
    table = st.Table({name: [row[name] for row in found] for name in found[0]}, name="ms_change")
    st.write_table(arguments.out, table)
    for row in found:
        print(row)


if __name__ == "__main__":
    main()
