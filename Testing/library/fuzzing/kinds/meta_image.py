"""MetaImage volumes and labels, judged by ITK, which is asked only of files that were taken."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, reading_of
from library.io.bad_inputs.files import frames

from SpatioTemporalLib import read_labels, read_map

OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def kinds() -> list[Kind]:
    return [
        _kind("map", ["a.mha"], False, lambda path: read_map(path, "1")),
        _kind("compressed map", ["a.mha"], True, lambda path: read_map(path, "1")),
        _kind("labels", ["a.mha"], False, read_labels),
        _kind("detached map", ["a.mhd", "a.raw"], False, lambda path: read_map(path, "1")),
        _kind("detached labels", ["a.mhd", "a.zraw"], True, read_labels),
    ]


def _kind(name: str, files: list[str], compressed: bool, read) -> Kind:
    return Kind(
        name,
        _written(files, compressed, frames()[0] % 3 if read is read_labels else frames()[0]),
        lambda folder: reading_of(read(folder / files[0])),
        lambda folder, found, differ: says_the_same(folder / files[0], found),
    )


def _written(files: list[str], compressed: bool, values: np.ndarray) -> list[tuple[str, bytes]]:
    import SimpleITK as itk

    image = itk.GetImageFromArray(values)
    image.SetDirection(OBLIQUE)
    image.SetSpacing((2.0, 2.5, 3.0))
    image.SetOrigin((-30.5, 12.25, 7.0))
    with tempfile.TemporaryDirectory() as folder:
        itk.WriteImage(image, str(Path(folder) / files[0]), compressed)
        return [(file, (Path(folder) / file).read_bytes()) for file in files]


def says_the_same(path: Path, found: Reading) -> bool:
    """Whether ITK reads the same values and place, none of them absurd."""
    import SimpleITK as itk

    if found.absurd:
        return False
    try:
        image = itk.ReadImage(str(path))
    except RuntimeError:
        return False
    values = itk.GetArrayFromImage(image)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    affine[:2] *= -1
    same_values = values.shape == found.facts["values"].shape and np.array_equal(
        values, found.facts["values"], equal_nan=values.dtype.kind == "f"
    )
    # ITK turns directions that are not quite at right angles.
    return same_values and np.allclose(affine, found.facts["affine"], rtol=1e-3, atol=1e-3)
