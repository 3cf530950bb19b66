"""JSON side-cars of NIfTI images: times, facts, names of labels, settings; judged by what stands in the text."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.kinds.nifti import made
from library.fuzzing.kinds.nifti import says_the_same as nibabel_says_the_same
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading, reading_of
from library.io.bad_inputs.files import frames, nifti

from SpatioTemporalLib import Code, Geometry, Label, LabelMap, read_labels, read_map, read_series, read_stack
from SpatioTemporalLib import write_labels as labels_to_file
from SpatioTemporalLib.io import write_series

TIMED = {"VolumeTiming": [0, 2, 4, 6, 8.5, 11], "Modality": "MR", "EchoTime": 0.0015, "FlipAngle": 15, "Units": "a.u."}
PET = {
    **{"Modality": "PT", "TracerRadionuclide": "F18", "FrameTimesStart": [0, 10, 20, 30, 50, 70], "Units": "Bq/mL"},
    **{"FrameDuration": [10, 10, 10, 20, 20, 20], "InjectionStart": -5, "ScanStart": 0, "ImageDecayCorrected": True},
    **{"ImageDecayCorrectionTime": 0, "RadionuclideHalfLife": 6586.2},
}
ANGLES = {"FlipAngle": [2, 5, 10, 15, 20, 30], "RepetitionTimeExcitation": 0.005, "Units": "a.u."}
BOLD = {"RepetitionTime": 2, "TaskName": "rest", "EchoTime": 0.03}
LABELS = frames()[0] % 3
JUDGED_OTHERWISE = ("values", "source", "affine", "unit", "name", "durations")


def kinds() -> list[Kind]:
    image = made("a.nii", nifti)
    return [
        _kind("times", image, TIMED, read_series),
        _kind("tracer", image, PET, read_series),
        _kind("repetition time", image, BOLD, read_series),
        _kind("flip angles", image, ANGLES, read_stack),
        _kind("unit of a map", made("a.nii", nifti, values=frames()[0]), {"Units": "1/min"}, read_map),
        _ours("our own series", lambda path: write_series(path, _series()), read_series),
        _ours("our own labels", lambda path: labels_to_file(path, _labels()), read_labels),
        _ours(
            "image and side-car of labels", lambda path: labels_to_file(path, _labels()), read_labels, image_too=True
        ),
    ]


def _series():
    with tempfile.TemporaryDirectory() as folder:
        path = nifti(Path(folder) / "a.nii")
        path.with_suffix(".json").write_text(json.dumps(TIMED))
        series = read_series(path)
        return type(series)(np.array(series.values), series.times, series.geometry, acquisition=series.acquisition)


def _labels() -> LabelMap:
    named = {1: Label("a\nb", (1.0, 0.5, 0.0), Code("1", "SCT", "Tissue")), 2: Label("c")}
    return LabelMap(LABELS.astype(np.uint8), Geometry.from_spacing((3, 4, 5), (2, 2.5, 3)), named)


def _kind(name: str, image: bytes, entries: dict, read) -> Kind:
    files = [("a.nii", image), ("a.json", json.dumps(entries, indent=1).encode())]
    return Kind(name, files, _reader(read, "a.nii"), _legal, fixed=("a.nii",))


def _ours(name: str, write, read, image_too: bool = False) -> Kind:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "a.nii")
        files = [(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    return Kind(name, files, _reader(read, "a.nii"), _legal, fixed=() if image_too else ("a.nii",))


def _reader(read, name: str):
    return lambda folder: reading_of(read(folder / name))


def _legal(folder: Path, found: Reading, differ: list[str]) -> bool:
    if {"values", "affine"} & set(differ) and not _as_nibabel(folder / "a.nii", found):
        return False
    try:
        # What was read is compared with the text as it stands once its escapes are undone.
        text = json.dumps(json.loads((folder / "a.json").read_text("utf-8-sig")), ensure_ascii=False)
    except ValueError:
        return False
    facts = {name: found.facts.get(name) for name in differ if name not in JUDGED_OTHERWISE}
    if "source" in differ and str(found.facts["source"]).startswith("NIfTI"):
        # Without an entry that is known, the image's header says when frames were taken.
        shifted = {"times": found.facts["times"] - found.facts["times"][0]}
        return nibabel_says_the_same(folder / "a.nii", Reading(found.facts | shifted, (), found.absurd))
    if "labels" in facts and not json.loads(text).get("SpatioTemporal", {}).get("Labels"):
        # Without an entry that is known, labels are called after their image.
        del facts["labels"]
    if "times" in facts and "RepetitionTime" in text:
        facts["times"] = np.diff(facts["times"])
    if "fact half_life" in facts and "TracerRadionuclide" in text:
        # By the name of the isotope.
        del facts["fact half_life"]
    for fact in ("times", "fact decay_corrected_to"):
        if fact in facts and "InjectionStart" in text:
            # Times count from the injection, which may have moved.
            facts.pop(fact)
    if "fact modality" in facts:
        del facts["fact modality"]
    return stands_in(text, facts, found)


def _as_nibabel(path: Path, found: Reading) -> bool:
    """Values and place only: times and names come from the side-car."""
    plain = {"values": found.facts["values"], "affine": found.facts["affine"]}
    # Labels that a scaling puts a little off are rounded.
    return nibabel_says_the_same(path, Reading(plain, (), found.absurd), off=1e-3 if "labels" in found.facts else 0.0)
