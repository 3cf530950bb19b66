"""NRRD sequences, volumes and segmentations, judged by pynrrd."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.kinds.nifti import made
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading, reading_of
from library.io.bad_inputs.files import frames, nrrd

from SpatioTemporalLib import Geometry, Label, LabelMap, read_labels, read_map, read_series, write_labels, write_series

KEYS = (
    "MultiVolume.FrameLabels:=0,2000,4000,6000,8000,10000\n"
    "MultiVolume.FrameIdentifyingDICOMTagName:=AcquisitionTime\n"
    "MultiVolume.FrameIdentifyingDICOMTagUnits:=ms\nMultiVolume.DICOM.EchoTime:=1.5\n"
    "MultiVolume.DICOM.RepetitionTime:=5.25\nMultiVolume.DICOM.FlipAngle:=15\n"
)
JUDGED_OTHERWISE = ("values", "affine", "labels", "unit", "source", "setting", "fact modality")
SIGNS = {"left-posterior-superior": (-1, -1, 1), "right-anterior-superior": (1, 1, 1)}


def kinds() -> list[Kind]:
    plain = "a.seq.nrrd"
    return [
        _kind("sequence", plain, made(plain, nrrd), read_series),
        _kind("gzipped sequence", plain, made(plain, nrrd, encoding="gzip"), read_series),
        _kind("multi-volume", "a.nrrd", made("a.nrrd", nrrd, keys=KEYS), read_series),
        _kind("our own sequence", plain, _written(plain), read_series),
        _kind("map", "a.nrrd", made("a.nrrd", nrrd, values=frames()[0]), lambda path: read_map(path, "1")),
        _kind("labels", "a.nrrd", made("a.nrrd", nrrd, values=frames()[0] % 3), read_labels),
        _kind("segmentation", "a.seg.nrrd", _segmentation(), read_labels),
        Kind(
            "detached",
            [
                ("a.nhdr", made("a.nhdr", nrrd, values=frames()[0][:, :0], data_file="a.raw", sizes="5 4 3")),
                ("a.raw", frames()[0].tobytes()),
            ],
            lambda folder: reading_of(read_map(folder / "a.nhdr", "1")),
            lambda folder, found, differ: says_the_same(folder / "a.nhdr", found, differ),
        ),
    ]


def _kind(name: str, file: str, data: bytes, read) -> Kind:
    return Kind(
        name,
        [(file, data)],
        lambda folder: reading_of(read(folder / file)),
        lambda folder, found, differ: says_the_same(folder / file, found, differ),
    )


def _written(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        series = read_series(nrrd(Path(folder) / "a.nrrd", keys=KEYS))
        return write_series(Path(folder) / name, series).read_bytes()


def _segmentation() -> bytes:
    labels = LabelMap(frames()[0] % 3, Geometry.from_spacing((3, 4, 5)), {1: Label("a\\b", (1, 0, 0)), 2: Label("c")})
    with tempfile.TemporaryDirectory() as folder:
        return write_labels(Path(folder) / "a.seg.nrrd", labels).read_bytes()


def says_the_same(path: Path, found: Reading, differ: list[str]) -> bool:
    """Whether pynrrd reads the same values and place, and the rest stands in the header."""
    if {"values", "affine"} & set(differ) and not read_alike(path, found):
        return False
    text = path.read_bytes().split(b"\n\n")[0].decode("utf-8", "replace") + path.name
    rest = {k: v for k, v in found.facts.items() if k in differ and k not in JUDGED_OTHERWISE}
    if "name" in rest:
        rest["name"] = str(rest["name"]).removesuffix("…")
    if "labels" in differ and "Segment" in text:
        rest["labels"] = _named(found.facts["labels"])
    return stands_in(text, rest, found)


def read_alike(path: Path, found: Reading, judged: tuple[str, ...] = ("values", "affine")) -> bool:
    """Whether pynrrd reads the same values and, if that is asked, the same place."""
    import nrrd as pynrrd

    try:
        data, header = pynrrd.read(str(_in_small_letters(path)), index_order="C")
        affine = _affine(header)
    except Exception:  # noqa: BLE001 - what it cannot read says nothing plainly
        return False
    values = found.facts["values"]
    same_values = data.size == values.size and np.array_equal(data.reshape(values.shape), values, equal_nan=True)
    if "affine" not in judged:
        return same_values
    return same_values and np.allclose(affine, found.facts["affine"], rtol=1e-9, atol=1e-9)


def _in_small_letters(path: Path) -> Path:
    """A copy with fields in small letters: unlike the format's own library, pynrrd knows no others."""
    header, empty, data = path.read_bytes().partition(b"\n\n")
    lines = [line if b":=" in line or b"file" in line.lower() else line.lower() for line in header.split(b"\n")]
    copy = path.with_name(f"plain.{path.name}")
    copy.write_bytes(b"NRRD" + b"\n".join(lines)[4:] + empty + data)
    return copy


def _named(labels: dict) -> dict:
    """Names, colours and codes that were not made up for segments without."""
    return {n: {k: v for k, v in label.items() if v != f"label {n}"} for n, label in labels.items()}


def _affine(header) -> np.ndarray:
    affine = np.eye(4)
    vectors = np.asarray(header["space directions"], dtype=float)
    affine[:3, :3] = vectors[~np.isnan(vectors).any(axis=1)].T
    affine[:3, 3] = np.asarray(header["space origin"], dtype=float)[:3]
    affine[:3] *= np.array(SIGNS[header["space"]])[:, None]
    return affine
