"""Visits with their masks, stacks of several files, and frames in files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.kinds.nifti import made
from library.fuzzing.kinds.nifti import says_the_same as as_nibabel
from library.fuzzing.kinds.nrrd import read_alike
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading, reading_of
from library.io.bad_inputs.files import frames, nifti, nrrd

from SpatioTemporalLib import read_follow_up, read_participant, read_series, read_stack

MASK = (frames()[0] % 7 == 0).astype(np.uint8)
PARTICIPANTS = "participant_id,sex,age [y]\np1,f,61\n"
TIMEPOINTS = "participant_id,days,image:ct [HU],mask:lesion,dose\np1,0,a.nrrd,m.nrrd,1.5\np1,30,b.nrrd,,2.5\n"
FILES = {"0 image": "a", "0 ct": "a", "1 image": "b", "1 ct": "b", "0 mask": "m", "0 lesion": "m"}


def kinds() -> list[Kind]:
    images = [(f"{name}.nrrd", made("a.nrrd", nrrd, values=frames()[n])) for n, name in enumerate("ab")]
    mask = ("m.nrrd", made("m.nrrd", nrrd, values=MASK))
    volumes = [(f"v{n}.nii", made("v.nii", nifti, values=frames()[n])) for n in range(3)]
    tables = [("participants.csv", PARTICIPANTS.encode()), ("timepoints.csv", TIMEPOINTS.encode())]
    return [
        Kind("visits", [*images, mask], _visits, _legal_visits),
        Kind("participant", [*images, mask, *tables], _participant, _legal_visits),
        Kind("stack of files", volumes, _stack, _legal_volumes),
        Kind("frames of files", volumes, _frames, _legal_volumes),
    ]


def _visits(folder: Path) -> Reading:
    paths = [folder / "a.nrrd", folder / "b.nrrd"]
    return reading_of(read_follow_up(paths, days=[0, 30], masks=[folder / "m.nrrd", None], unit="HU"))


def _participant(folder: Path) -> Reading:
    return reading_of(read_participant(folder, "p1"))


def _stack(folder: Path) -> Reading:
    return reading_of(read_stack(sorted(folder.iterdir()), settings=[2, 5, 10]))


def _frames(folder: Path) -> Reading:
    return reading_of(read_series(sorted(folder.iterdir()), times=[0, 2, 4]))


def _legal_visits(folder: Path, found: Reading, differ: list[str]) -> bool:
    for name, file in (
        ("0 image", "a"),
        ("0 ct", "a"),
        ("1 image", "b"),
        ("1 ct", "b"),
        ("0 mask", "m"),
        ("0 lesion", "m"),
    ):
        own = {key: found.facts[f"{name} {key}"] for key in ("values", "affine") if f"{name} {key}" in found.facts}
        changed = any(fact.startswith(name) for fact in differ)
        # A mask takes the place of its image.
        if changed and own and not read_alike(folder / f"{file}.nrrd", Reading(own, (), found.absurd), ("values",)):
            return False
    if found.absurd:
        return False
    text = " ".join(path.read_text("utf-8-sig", "replace") for path in folder.glob("*.csv"))
    rest = {fact: found.facts.get(fact) for fact in differ if fact == "days" or fact.startswith("covariates")}
    return stands_in(text, rest, found)


def _legal_volumes(folder: Path, found: Reading, differ: list[str]) -> bool:
    paths = sorted(folder.iterdir())
    return all(
        as_nibabel(path, Reading({"values": values, "affine": found.facts["affine"]}, (), found.absurd))
        for path, values in zip(paths, found.facts["values"])
    )
