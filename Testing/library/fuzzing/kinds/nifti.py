"""NIfTI images as series, judged by nibabel."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, reading_of
from library.io.bad_inputs.files import nifti

from SpatioTemporalLib import read_series

SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}


def made(name: str, make, **options) -> bytes:
    """The bytes that a maker of small files writes."""
    with tempfile.TemporaryDirectory() as folder:
        return make(Path(folder) / name, **options).read_bytes()


def kinds() -> list[Kind]:
    return [
        Kind(f"{name} series", [(name, made(name, nifti))], _reader(name), _legal(name))
        for name in ("a.nii", "a.nii.gz")
    ]


def _reader(name: str):
    return lambda folder: reading_of(read_series(folder / name))


def _legal(name: str):
    return lambda folder, found, differ: says_the_same(folder / name, found)


def says_the_same(path: Path, found: Reading, off: float = 0.0) -> bool:
    """Whether nibabel reads the same values, place and interval, none of them absurd."""
    import nibabel

    if found.absurd:
        return False
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    try:
        image = nibabel.Nifti1Image.from_bytes(data)
        values = np.asanyarray(image.dataobj).T
        header, affine = image.header, image.affine
    except Exception:  # noqa: BLE001 - what it cannot read says nothing plainly
        return False
    values = values.reshape(found.facts["values"].shape) if values.size == found.facts["values"].size else values
    interval = float(header["pixdim"][4]) * SECONDS.get(int(header["xyzt_units"]) & 0x38, np.nan)
    times = found.facts.get("times")
    clock = times is None or np.allclose(times, interval * np.arange(len(times)), rtol=1e-6)
    return (
        values.shape == found.facts["values"].shape
        and np.allclose(values, found.facts["values"], rtol=1e-6, atol=off or 1e-8, equal_nan=True)
        and np.allclose(affine, found.facts["affine"], rtol=1e-5, atol=1e-5)
        and clock
    )
