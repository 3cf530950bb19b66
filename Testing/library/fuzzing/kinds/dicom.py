"""DICOM files, classic and with many frames, judged by the elements that pydicom finds in them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, reading_of
from library.io.dicom.dicom_phantom import (
    TIMES,
    US_CINE,
    header,
    save,
    voxels,
    write_cine,
    write_classic,
    write_enhanced,
)

from SpatioTemporalLib import read_map, read_series


def kinds() -> list[Kind]:
    return [
        _kind("cine", lambda folder: write_cine(folder / "a.dcm"), read_series),
        _kind("enhanced", lambda folder: write_enhanced(folder / "a.dcm"), read_series),
        _kind("classic", lambda folder: write_classic(folder, times=TIMES[:2]), read_series),
        _kind("volume", lambda folder: write_classic(folder, times=(0.0,)), lambda folder: read_map(folder, "1")),
        _kind("deflated cine", lambda folder: _other_syntax(folder, "1.2.840.10008.1.2.1.99"), read_series),
        _kind("implicit cine", lambda folder: _other_syntax(folder, "1.2.840.10008.1.2"), read_series),
    ]


def _other_syntax(folder: Path, syntax: str) -> Path:
    dataset = header(US_CINE, Modality="US", NumberOfFrames=6, FrameTime=33.5)
    dataset.file_meta.TransferSyntaxUID = syntax
    return save(dataset, folder / "a.dcm", voxels(6, 1)[:, 0])


def _kind(name: str, write, read) -> Kind:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        files = [(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    return Kind(name, files, lambda folder: reading_of(read(folder)), says_the_same, inputs=100)


def says_the_same(folder: Path, found: Reading, differ: list[str]) -> bool:
    """Whether what differs stands in the files: each value, number and word."""
    import pydicom

    if found.absurd:
        return False
    try:
        # From memory: a damaged length makes room for itself where it is read from a file.
        datasets = [pydicom.dcmread(io.BytesIO(path.read_bytes())) for path in sorted(folder.iterdir())]
        pixels = np.concatenate([_pixels(dataset) for dataset in datasets])
        numbers, words = elements(datasets)
    except Exception:  # noqa: BLE001 - what it cannot read says nothing plainly
        return False
    return all(_stands(name, found.facts.get(name), pixels, numbers, words) for name in differ)


def _pixels(dataset) -> np.ndarray:
    values = dataset.pixel_array.astype(np.float64) * float(dataset.get("RescaleSlope", 1) or 1)
    return (values + float(dataset.get("RescaleIntercept", 0) or 0)).ravel()


def elements(datasets) -> tuple[np.ndarray, set[str]]:
    numbers, words = [0.0], set()
    for dataset in datasets:
        for value in _values_of(dataset):
            words.add(str(value))
            try:
                numbers.append(float(value))
            except (TypeError, ValueError):
                continue
    return np.array(numbers), words | {"DICOM"}


def _values_of(dataset):
    """All values of a dataset and of what lies in it; damaged elements have none."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            values = list(element.value) if element.VM > 1 or element.VR == "SQ" else [element.value]
        except Exception:  # noqa: BLE001, S112 - what it cannot read says nothing
            continue
        for value in values if element.VR not in ("OW", "OB") else ():
            yield from _values_of(value) if element.VR == "SQ" else [value]


def _stands(name: str, fact, pixels: np.ndarray, numbers: np.ndarray, words: set[str]) -> bool:
    if name == "values":
        return np.array_equal(np.sort(fact.astype(np.float64).ravel()), np.sort(pixels))
    if fact is None or name in ("source", "times", "durations", "unit"):
        # Times are differences and sums of many elements; those that cannot be are absurd, or refused.
        return True
    if isinstance(fact, str):
        return all(any(part in word for word in words) for part in fact.removesuffix(" series").split(" series "))
    if name == "affine":
        spacing = np.linalg.norm(fact[:3, :3], axis=0)
        return are_near(np.abs(fact[:3, 3]), np.abs(numbers)) and are_near(spacing[:2], numbers)
    return are_near(np.array([fact]), np.concatenate([numbers, numbers / 1000]))


def are_near(values: np.ndarray, numbers: np.ndarray) -> bool:
    return bool((np.abs(values[:, None] - numbers[None]).min(axis=1) <= 1e-5 * np.maximum(1, np.abs(values))).all())
