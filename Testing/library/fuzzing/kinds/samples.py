"""The data that come with the project, damaged: headers and side-cars as real programs wrote them."""

from __future__ import annotations

from pathlib import Path

from library.fuzzing.engine import Kind
from library.fuzzing.kinds import dicom, nrrd, text_tables
from library.fuzzing.kinds.nifti import says_the_same as as_nibabel
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading, reading_of

from SpatioTemporalLib import read_curve, read_map, read_series, read_stack

SAMPLES = Path(__file__).resolve().parents[4] / "Resources" / "SampleData"
# Plain, run-length, JPEG-LS, the other byte order, without VRs.
SCANNED = (
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_bigendian.dcm",
    "CT_small.dcm",
)
SERIES, STACK, PLASMA = "breast_dce.seq.nrrd", "breast_vfa.nii.gz", "breast_plasma.csv"


def kinds() -> list[Kind]:
    return [
        Kind(
            "breast, dynamic",
            _files(SERIES),
            lambda folder: reading_of(read_series(folder / SERIES)),
            lambda folder, found, differ: nrrd.says_the_same(folder / SERIES, found, differ),
            inputs=40,
        ),
        Kind(
            "breast, flip angles",
            _files(STACK, "breast_vfa.json"),
            lambda folder: reading_of(read_stack(folder / STACK)),
            _legal_stack,
            inputs=40,
        ),
        Kind(
            "plasma",
            _files(PLASMA),
            lambda folder: reading_of(read_curve(folder / PLASMA)),
            lambda folder, found, differ: text_tables.says_the_same(folder / PLASMA, found, differ),
        ),
        *(_scanned(name) for name in SCANNED),
    ]


def _scanned(name: str) -> Kind:
    """One image of a scanner, as pydicom's own tests have it."""
    from pydicom.data import get_testdata_file

    data = Path(get_testdata_file(name, download=False)).read_bytes()
    return Kind(
        name, [(name, data)], lambda folder: reading_of(read_map(folder, "a.u.")), dicom.says_the_same, inputs=40
    )


def _files(*names: str) -> list[tuple[str, bytes]]:
    return [(name, (SAMPLES / name).read_bytes()) for name in names]


def _legal_stack(folder: Path, found: Reading, differ: list[str]) -> bool:
    plain = {name: found.facts[name] for name in ("values", "affine")}
    if {"values", "affine"} & set(differ) and not as_nibabel(folder / STACK, Reading(plain, (), found.absurd)):
        return False
    text = (folder / "breast_vfa.json").read_text("utf-8-sig", "replace")
    named = ("settings", "fact repetition_time", "fact echo_time", "fact flip_angle")
    return stands_in(text, {name: found.facts.get(name) for name in differ if name in named}, found)
