"""Damaged files are read or refused: never another error, never a crash."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from library.bad_inputs import nifti, nrrd, text
from library.io.dicom_phantom import write_classic, write_enhanced

from SpatioTemporalLib import InputError, read_series

MUTANTS = 60
EXTREMES = (b"\xff" * 4, b"\0" * 4, struct.pack("<i", -5), struct.pack("<f", float("nan")), b"\x80\0\0\0", b"99999")


def one_slice_of_a_study(folder: Path) -> Path:
    write_classic(folder / "study")
    return sorted((folder / "study").iterdir())[4]


MAKERS: dict[str, Callable[[Path], Path]] = {
    "nii": lambda folder: nifti(folder / "a.nii"),
    "nii.gz": lambda folder: nifti(folder / "a.nii.gz"),
    "seq.nrrd": lambda folder: nrrd(folder / "a.seq.nrrd"),
    "gzip nrrd": lambda folder: nrrd(folder / "a.seq.nrrd", encoding="gzip"),
    "csv": lambda folder: text(folder / "a.csv", "time [s],a [mM],b [mM]\n0,1,2\n1.5,3,4\n3,5,6\n"),
    "enhanced dicom": lambda folder: write_enhanced(folder / "a.dcm"),
    "classic dicom": one_slice_of_a_study,
}


def mutant(data: bytes, chance: random.Random) -> bytes:
    """A copy with bytes flipped, a field set to an extreme, a part cut out, repeated or cut off."""
    changed = bytearray(data)
    # Most of what a file says stands at its beginning.
    reach = len(data) if chance.random() < 0.3 else min(len(data), 700)
    place = chance.randrange(reach)
    kind = chance.randrange(5)
    if kind == 0:
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    elif kind == 1:
        extreme = chance.choice(EXTREMES)
        changed[place : place + len(extreme)] = extreme
    elif kind == 2:
        del changed[place : place + chance.randint(1, 64)]
    elif kind == 3:
        changed[place:place] = changed[place : place + chance.randint(1, 64)]
    else:
        del changed[place:]
    return bytes(changed)


@pytest.mark.parametrize("name", MAKERS)
def test_damaged_files_are_read_or_refused(name, tmp_path):
    path = MAKERS[name](tmp_path)
    target = path.parent if name == "classic dicom" else path
    whole, chance = path.read_bytes(), random.Random(name)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(MUTANTS):
        path.write_bytes(mutant(whole, chance))
        try:
            series = read_series(target)
            # Values that are mapped from disk must really be there.
            assert series.values.sum() is not None
            outcomes["read"] += 1
        except InputError as error:
            assert error.code and error.fix
            outcomes["refused"] += 1
    assert sum(outcomes.values()) == MUTANTS
    assert outcomes["refused"] > 0
