"""Series, maps and labels to files; each appears whole or not at all."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ...data.geometry import Geometry
from ...data.result import Provenance
from ...data.series import Series
from ...data.volumes import LabelMap, LabelSeries, Map
from ...errors import InputError
from ..files.atomic import atomic_path
from ..nifti.file import require_storable, write_nifti
from ..nrrd.facts import OWN, sequence_entries
from ..nrrd.file import write_nrrd
from ..sidecars.images import OWN_SECTION, series_entries, sidecar_path, write_json
from ..sidecars.label_names import label_keys, segment_keys, sidecar_entries
from ..sidecars.pet import pet_entries

# Intervals that differ by less than this share are even: the header holds but one.
EVEN_TOLERANCE = 1e-6


def write_series(path: str | os.PathLike, series: Series, provenance: Provenance | dict | None = None) -> Path:
    """Write a series so that reading it gives back equal values, times and place.

    Parameters
    ----------
    path : path
        ``.nii`` or ``.nii.gz`` (with a JSON side-car in BIDS names), or
        ``.seq.nrrd`` / ``.nrrd`` as Slicer's volume sequences.
    provenance : Provenance or dict, optional
        How the series was made; kept in the side-car.
    """
    return _write_frames(Path(path), series, {}, {}, provenance)


def write_label_series(
    path: str | os.PathLike, labels: LabelSeries, provenance: Provenance | dict | None = None
) -> Path:
    """Write labels over time with their names, as 4-D NIfTI with side-car or as Slicer's sequence of label volumes."""
    series = Series(
        _narrow(labels.values), labels.times, labels.geometry, "1", labels.name, time_source=labels.time_source
    )
    own = {"Labels": sidecar_entries(labels)}
    return _write_frames(Path(path), series, own, label_keys(labels), provenance)


def _write_frames(path: Path, series: Series, own: dict, more: dict[str, str], provenance) -> Path:
    """own : for our section of a side-car; more : for the header of a sequence."""
    require_storable(series.values, series.name)
    if image_format(path) == "nrrd":
        fields, keys = sequence_entries(series)
        keys |= more
        with ExitStack() as files:
            _json_beside(files, path, provenance)
            temporary = files.enter_context(atomic_path(path))
            write_nrrd(temporary, series.values, series.geometry.affine, fields=fields, keys=keys)
        return path
    steps = series.intervals
    even = len(steps) > 0 and np.ptp(steps) <= EVEN_TOLERANCE * steps[0]
    with ExitStack() as files:
        image, sidecar = _image_and_sidecar(files, path)
        entries = series_entries(series) | pet_entries(series)
        if own:
            entries[OWN_SECTION] = entries.get(OWN_SECTION, {}) | own
        write_json(sidecar, _with_provenance(entries, provenance))
        interval = float(np.mean(steps)) if even else None
        write_nifti(image, series.values, series.geometry.affine, interval=interval, packed=_packed(path))
    return path


def write_map(path: str | os.PathLike, map: Map, provenance: Provenance | dict | None = None) -> Path:
    """Write a map with its unit, as NIfTI with side-car or as NRRD."""
    path = Path(path)
    require_storable(map.values, map.name)
    if image_format(path) == "nrrd":
        keys = {OWN + "Name": map.name, OWN + "Unit": map.unit}
        with ExitStack() as files:
            _json_beside(files, path, provenance)
            temporary = files.enter_context(atomic_path(path))
            write_nrrd(temporary, map.values, map.geometry.affine, fields={}, keys=keys)
        return path
    own = {"Name": map.name, "Affine": map.geometry.affine.tolist()}
    _write_volume(path, map.values, map.geometry, _with_provenance({"Units": map.unit, OWN_SECTION: own}, provenance))
    return path


def write_labels(path: str | os.PathLike, labels: LabelMap, provenance: Provenance | dict | None = None) -> Path:
    """Write labels with names, colours and codes, as NIfTI with side-car or as Slicer's .seg.nrrd."""
    path = Path(path)
    if image_format(path) == "nrrd":
        keys = segment_keys(labels) | {OWN + "Name": labels.name}
        with ExitStack() as files:
            _json_beside(files, path, provenance)
            temporary = files.enter_context(atomic_path(path))
            write_nrrd(temporary, _narrow(labels.values), labels.geometry.affine, fields={}, keys=keys)
        return path
    own = {"Name": labels.name, "Affine": labels.geometry.affine.tolist(), "Labels": sidecar_entries(labels)}
    _write_volume(path, _narrow(labels.values), labels.geometry, _with_provenance({OWN_SECTION: own}, provenance))
    return path


def _write_volume(path: Path, values: np.ndarray, geometry: Geometry, entries: dict) -> None:
    with ExitStack() as files:
        image, sidecar = _image_and_sidecar(files, path)
        write_json(sidecar, entries)
        write_nifti(image, values, geometry.affine, interval=None, packed=_packed(path))


def _image_and_sidecar(files: ExitStack, path: Path) -> tuple[Path, Path]:
    """Temporary paths for both; neither gets its name before both are written."""
    image = files.enter_context(atomic_path(path))
    return image, files.enter_context(atomic_path(sidecar_path(path)))


def _json_beside(files: ExitStack, path: Path, provenance: Provenance | dict | None) -> None:
    if provenance is not None:
        write_json(files.enter_context(atomic_path(sidecar_path(path))), _with_provenance({}, provenance))


def _with_provenance(entries: dict, provenance: Provenance | dict | None) -> dict:
    if provenance is None:
        return entries
    record = provenance if isinstance(provenance, dict) else provenance.as_dict()
    return entries | {OWN_SECTION: entries.get(OWN_SECTION, {}) | {"Provenance": record}}


def _narrow(values: np.ndarray) -> np.ndarray:
    """Labels in the smallest type that other programs read."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    fitting = (t for t in (np.uint8, np.int16, np.int32) if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return values.astype(next(fitting, np.int64))


def _packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def image_format(path: Path) -> str:
    """What an image of that name is written as, "nifti" or "nrrd"; ``E-FILE-KIND`` for other endings."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return "nifti"
    if name.endswith(".nrrd"):
        return "nrrd"
    raise InputError(
        "E-FILE-KIND",
        f"images are written as .nii, .nii.gz or .nrrd, not as {path.suffix or 'a name without ending'}",
        where=path.name,
        fix="Choose one of these endings (.seq.nrrd for series, .seg.nrrd for labels in Slicer).",
    )
