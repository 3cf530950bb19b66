"""What is written reads back the same, and appears whole or not at all."""

from __future__ import annotations

import builtins
import errno
import gzip
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library.io.bad_inputs.files import AFFINE, frames

from SpatioTemporalLib import (
    Acquisition,
    Code,
    Curve,
    Finding,
    Geometry,
    InputError,
    Label,
    LabelMap,
    Map,
    Series,
    Severity,
    Table,
    read_curve,
    read_labels,
    read_map,
    read_series,
    read_table,
    write_curves,
    write_labels,
    write_map,
    write_series,
    write_table,
)
from SpatioTemporalLib.io import atomic_path

GRID = Geometry((3, 4, 5), AFFINE)
FACTS = Acquisition("MR", 0.00501, 0.0017, None, 15.1, 2.89, "gadobutrol", 0.1)
numbers = st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: x + 1 / 3)


def dce(**changes) -> Series:
    facts = dict(unit="mmol/L", name="dce", acquisition=FACTS, time_source="DICOM TriggerTime")
    return Series(frames(dtype="float32"), [0, 7.1, 15.2, 22.2, 30, 1e3 / 3], GRID, **facts | changes)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.seq.nrrd"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    axes=st.lists(numbers, min_size=12, max_size=12),
    steps=st.lists(st.floats(1e-3, 60), min_size=2, max_size=2),
    dtype=st.sampled_from(["uint8", "int16", "float32", "float64"]),
)
def test_series_round_trip_is_exact(name, axes, steps, dtype, tmp_path):
    affine = np.eye(4)
    # Diagonally dominant, so that no draw is singular; sheared and turned all the same.
    affine[:3] = np.array(axes).reshape(3, 4) / 1e3 + np.diag([9.0, 9, 9, 0])[:3]
    values = frames((3, 2, 2, 2), dtype)
    series = Series(values, np.cumsum([0.1, *steps]), Geometry((2, 2, 2), affine), "Bq/mL")
    read = read_series(write_series(tmp_path / name, series), confirm_times=True)
    np.testing.assert_array_equal(read.values, values)
    assert read.values.dtype == values.dtype
    assert read.times.tolist() == series.times.tolist()
    np.testing.assert_array_equal(read.geometry.affine, affine)
    assert read.unit == "Bq/mL"


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.seq.nrrd"])
def test_facts_and_time_source_survive(name, tmp_path):
    read = read_series(write_series(tmp_path / name, dce()))
    assert read.acquisition == FACTS
    assert (read.name, read.time_source, read.unit) == ("dce", "DICOM TriggerTime", "mmol/L")


def test_side_car_uses_bids_names_and_keeps_provenance(tmp_path):
    series = replace(dce(), findings=(Finding("W-TIME-GAP", Severity.WARN, "a gap", "dce"),))
    write_series(tmp_path / "a.nii.gz", series, provenance={"analysis": "kinetics.tofts", "seed": 0})
    entries = json.loads((tmp_path / "a.json").read_text())
    assert entries["VolumeTiming"] == series.times.tolist()
    assert (entries["RepetitionTimeExcitation"], entries["EchoTime"], entries["FlipAngle"]) == (0.00501, 0.0017, 15.1)
    assert "RepetitionTime" not in entries
    assert entries["Units"] == "mmol/L"
    assert entries["SpatioTemporal"]["Provenance"] == {"analysis": "kinetics.tofts", "seed": 0}
    assert "a gap" in entries["SpatioTemporal"]["Findings"][0]


def test_pet_times_are_written_as_frame_starts(tmp_path):
    write_series(tmp_path / "a.nii", dce(acquisition=Acquisition("PT")))
    entries = json.loads((tmp_path / "a.json").read_text())
    assert "FrameTimesStart" in entries
    assert "VolumeTiming" not in entries


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_map_round_trip(name, tmp_path):
    values = frames((3, 4, 5), "float32") / 7
    values[0, 0, 0] = np.nan
    read = read_map(write_map(tmp_path / name, Map(values, GRID, "1/min", "ktrans"), {"seed": 1}))
    np.testing.assert_array_equal(read.values, values)
    assert (read.unit, read.name) == ("1/min", "ktrans")
    np.testing.assert_array_equal(read.geometry.affine, AFFINE)
    assert json.loads((tmp_path / "a.json").read_text())["SpatioTemporal"]["Provenance"] == {"seed": 1}


def labels() -> LabelMap:
    values = np.zeros((3, 4, 5), dtype=np.int16)
    values[0, :2], values[2, 1:3] = 1, 7
    tumour = Code("108369006", "SCT", "Neoplasm")
    names = {1: Label("artery", (0.9, 0.1, 0.25)), 7: Label("Tumor, links", None, tumour, tumour)}
    return LabelMap(values, GRID, names, "regions")


@pytest.mark.parametrize("name", ["a.nii.gz", "a.seg.nrrd"])
def test_labels_keep_names_colours_and_codes(name, tmp_path):
    read = read_labels(write_labels(tmp_path / name, labels()))
    np.testing.assert_array_equal(read.values, labels().values)
    assert (read.labels[1].name, read.labels[1].colour) == ("artery", (0.9, 0.1, 0.25))
    assert read.labels[7].name == "Tumor, links"
    assert read.labels[7].type == Code("108369006", "SCT", "Neoplasm")
    assert read.geometry == GRID


@pytest.mark.slicer
def test_slicer_reads_the_segmentation(tmp_path):
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLSegmentationStorageNode

    write_labels(tmp_path / "a.seg.nrrd", labels())
    scene, node, storage = vtkMRMLScene(), vtkMRMLSegmentationNode(), vtkMRMLSegmentationStorageNode()
    scene.AddNode(node)
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "a.seg.nrrd"))
    assert storage.ReadData(node)
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
    assert [(s.GetName(), s.GetLabelValue()) for s in segments] == [("artery", 1), ("Tumor, links", 7)]
    np.testing.assert_allclose(segments[0].GetColor(), (0.9, 0.1, 0.25))
    storage.SetFileName(str(tmp_path / "b.seg.nrrd"))
    assert storage.WriteData(node)
    again = read_labels(tmp_path / "b.seg.nrrd")
    assert [label.name for label in again.labels.values()] == ["artery", "Tumor, links"]
    for value in (1, 7):
        assert again.volume_ml(value) == pytest.approx(labels().volume_ml(value))


def test_curves_round_trip_with_other_times_and_spread(tmp_path):
    first = Curve([0, 1 / 3, 2], [1e-17, np.pi, 3], "mmol/L", "Cp", spread=[0.1, 0.2, 0.3])
    second = Curve([0.5, 2], [7, 8], "a.u.", "signal")
    path = write_curves(tmp_path / "a.csv", [first, second])
    for curve in (first, second):
        read = read_curve(path, curve.name)
        assert (read.times.tolist(), read.values.tolist()) == (curve.times.tolist(), curve.values.tolist())
        assert (read.unit, read.name) == (curve.unit, curve.name)
    assert read_curve(path, "Cp spread").values.tolist() == [0.1, 0.2, 0.3]


def test_table_round_trip_keeps_units_leading_zeros_and_gaps(tmp_path):
    columns = {"id": ["007", "8"], "Ktrans": [0.1, float("nan")], "voxels": [3, 4], "note": ["a, b", 'say "x"']}
    read = read_table(write_table(tmp_path / "a.csv", Table(columns, {"Ktrans": "1/min"})))
    assert read.units == {"Ktrans": "1/min"}
    assert read.columns["id"] == ["007", "8"]
    assert read.columns["note"] == columns["note"]
    assert read.columns["voxels"] == [3, 4]
    np.testing.assert_array_equal(read.columns["Ktrans"], columns["Ktrans"])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_behind_when_writing_is_interrupted(error, tmp_path):
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(error):
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise error
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "before"


WRITERS = {
    "a.nii": lambda p: write_series(p, dce()),
    "a.nii.gz": lambda p: write_series(p, dce()),
    "a.seq.nrrd": lambda p: write_series(p, dce()),
    "map.nrrd": lambda p: write_map(p, Map(frames()[0], GRID, "1")),
    "a.seg.nrrd": lambda p: write_labels(p, labels()),
    "curves.csv": lambda p: write_curves(p, [Curve([0, 1], [0, 1], "1")]),
    "table.csv": lambda p: write_table(p, Table({"a": [1]})),
}


class FullDisk:
    """A file whose k-th write, counted over all files, finds the disk full."""

    left = 0

    def __init__(self, file):
        self.file = file

    def write(self, data):
        FullDisk.left -= 1
        if FullDisk.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


@pytest.mark.parametrize("name", WRITERS)
def test_full_disk_leaves_no_part_of_a_file(name, tmp_path, monkeypatch):
    really_open = builtins.open

    def opened(file, mode="r", *args, **kwargs):
        stream = really_open(file, mode, *args, **kwargs)
        return FullDisk(stream) if "w" in mode and str(tmp_path) in str(file) else stream

    monkeypatch.setattr(builtins, "open", opened)
    monkeypatch.setattr("io.open", opened)
    failures = 0
    for allowed in range(100):
        FullDisk.left = allowed
        try:
            WRITERS[name](tmp_path / name)
            break
        except InputError as error:
            assert error.code == "E-DISK-FULL"
            assert name in str(error) or name.split(".")[0] + ".json" in str(error)
            assert "Free some space" in str(error)
            assert list(tmp_path.iterdir()) == []
            failures += 1
    assert failures > 0
    assert (tmp_path / name).exists()


def test_full_disk_found_when_flushing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError) as caught:
        write_series(tmp_path / "a.nii", dce())
    assert caught.value.code == "E-DISK-FULL"
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.*Check that the folder exists") as caught:
        write_series(tmp_path / "nowhere" / "a.nii", dce())
    assert caught.value.code == "E-WRITE"


def test_unknown_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=".nii.gz or .nrrd"):
        write_series(tmp_path / "a.tiff", dce())
    assert list(tmp_path.iterdir()) == []


def test_boolean_and_half_precision_values_are_widened(tmp_path):
    mask = write_map(tmp_path / "mask.nii", Map(frames()[0] > 5, GRID, "1"))
    assert read_map(mask).values.dtype == np.uint8
    half = write_map(tmp_path / "half.nrrd", Map(frames()[0].astype(np.float16), GRID, "1"))
    assert read_map(half).values.dtype == np.float32


def test_compressed_streams_hold_no_time_stamp(tmp_path):
    path = write_series(tmp_path / "a.nii.gz", dce())
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress(path.read_bytes())[:4] == (348).to_bytes(4, "little")
