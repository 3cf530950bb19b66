"""The inputs of an example as files, and how they are named in Python and in a shell."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Events
from SpatioTemporalLib.kinds.registry import files_of
from SpatioTemporalLib.simulation.bold.files import events_table

from .examples.offer import Example

SIDECAR_NAMES = {
    "flip_angle": "FlipAngle",
    "inversion_time": "InversionTime",
    "repetition_time": "RepetitionTimeExcitation",
}


@dataclass(frozen=True)
class Reference:
    """How an input is given: an expression of Python, and the words of the option."""

    python: str
    shell: str


def reference_to(example: Example, name: str) -> Reference:
    """How one of the inputs is named in the calls on the page."""
    value = example.inputs[name]
    place = example.offer.files.get(name)
    if isinstance(value, st.FollowUp):
        place = place or f"{name}:{value.patient}"
        folder, participant = place.split(":")
        return Reference(f'st.read_participant("{folder}", "{participant}")', place)
    place = place or file_name(name, value)
    return Reference(f'st.{files_of(type(value)).how}("{place}"{_setting(value)})', place)


def file_name(name: str, value: object) -> str:
    """What the file of an input that is not shipped is called."""
    endings = {
        st.FollowUp: "",
        st.Series: ".seq.nrrd",
        st.LabelSeries: ".seq.nrrd",
        st.Curve: ".csv",
        st.Table: ".csv",
        Events: ".csv",
    }
    return name + endings.get(type(value), ".nii.gz")


def write_inputs(example: Example, folder: Path, most_voxels: int | None = None) -> None:
    """Write what the calls on a page read and is not shipped.

    most_voxels : how many of the voxels of a region are kept, evenly spread, where a trial shall be quick.
    """
    for name, value in example.inputs.items():
        if name in example.offer.files:
            continue
        # Regions that a table names have to be there, all of them.
        if isinstance(value, st.LabelMap) and most_voxels is not None and len(value.labels) == 1:
            value = _thinned(value, most_voxels)
        _write(folder / file_name(name, value), value)


def _write(path: Path, value: object) -> None:
    if isinstance(value, st.ImageStack):
        _write_stack(path, value)
        return
    if isinstance(value, st.FollowUp):
        _write_cohort(path, value)
        return
    # The curves of a file are a tuple, as those of a result are.
    writers = {
        st.Series: st.write_series,
        st.Map: st.write_map,
        st.LabelMap: st.write_labels,
        st.LabelSeries: st.write_label_series,
        st.Table: st.write_table,
        Events: lambda path, events: st.write_table(path, events_table(events)),
    }
    if isinstance(value, st.Curve):
        st.write_curves(path, (value,))
    else:
        writers[type(value)](path, value)


def _write_cohort(folder: Path, visits: st.FollowUp) -> None:
    """A cohort of one patient."""
    folder.mkdir()
    first = visits.visits[0]
    columns = {"participant_id": [visits.patient] * len(visits.visits), "days": visits.days.tolist()}
    for kind, images, write in (("image", first.images, st.write_map), ("mask", first.masks, st.write_labels)):
        for name in images:
            files = [f"{name}_{kind}_{n}.nii.gz" for n in range(1, len(visits.visits) + 1)]
            columns[f"{kind}:{name}"] = files
            for visit, file in zip(visits.visits, files):
                write(folder / file, (visit.images if kind == "image" else visit.masks)[name])
    units = {f"image:{name}": image.unit for name, image in first.images.items()}
    st.write_table(folder / "participants.csv", st.Table({"participant_id": [visits.patient]}))
    st.write_table(folder / "timepoints.csv", st.Table(columns, units))


def _write_stack(path: Path, stack: st.ImageStack) -> None:
    """NIfTI with the settings as a list in its side-car."""
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(v.astype(np.float32)) for v in stack.values])
    image.SetSpacing((*map(float, stack.geometry.spacing), 1.0))
    SimpleITK.WriteImage(image, os.fspath(path))
    # Runs are numbered as they come.
    known = SIDECAR_NAMES.get(stack.setting)
    facts = {known: [float(s) for s in stack.settings]} if known else {"Units": stack.unit}
    for field, key in SIDECAR_NAMES.items():
        if field != stack.setting and getattr(stack.acquisition, field, None) is not None:
            facts[key] = getattr(stack.acquisition, field)
    path.with_name(path.name.removesuffix(".nii.gz") + ".json").write_text(json.dumps(facts), encoding="utf-8")


def _setting(value: object) -> str:
    if not isinstance(value, st.ImageStack) or value.setting == "flip_angle":
        return ""
    return f', setting="{value.setting}", setting_unit="{value.setting_unit}"'


def _thinned(region: st.LabelMap, most: int) -> st.LabelMap:
    places = np.flatnonzero(region.values)
    kept = places[:: -(-len(places) // most)]
    values = np.zeros_like(region.values)
    values.flat[kept] = region.values.flat[kept]
    return replace(region, values=values)
