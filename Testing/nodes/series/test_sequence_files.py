"""Slicer reads the sequence files the library writes, and the other way round."""

from __future__ import annotations

import numpy as np
import slicer
from SpatioTemporalNodes.series.series_nodes import add_series, series_from_node

import SpatioTemporalLib as st


def storage(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLVolumeSequenceStorageNode")
    node.SetFileName(str(path))
    return node


def test_slicer_reads_what_the_library_writes(scene, series, tmp_path):
    path = st.write_series(tmp_path / "dce.seq.nrrd", series)
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "loaded")
    assert storage(scene, path).ReadData(sequence)
    found = series_from_node(sequence)
    assert np.array_equal(found.values, series.values)
    assert np.array_equal(found.times, series.times)
    assert np.abs(found.geometry.affine - series.geometry.affine).max() < 1e-9
    assert (found.unit, found.time_source) == (series.unit, series.time_source)
    assert found.acquisition == series.acquisition


def test_library_reads_what_slicer_writes(scene, series, tmp_path):
    sequence, _ = add_series(scene, series)
    path = tmp_path / "dce.seq.nrrd"
    assert storage(scene, path).WriteData(sequence)
    found = st.read_series(path)
    assert np.array_equal(found.values, series.values)
    assert np.array_equal(found.times, series.times)
    assert found.geometry == series.geometry
    assert (found.unit, found.time_source) == (series.unit, series.time_source)
    assert found.acquisition == series.acquisition


def test_frame_numbers_written_by_slicer_are_frame_numbers_after_reading(scene, series, tmp_path):
    sequence, _ = add_series(scene, series)
    numbered = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "numbered")
    numbered.SetIndexName("")
    numbered.SetIndexUnit("")
    for item in range(3):
        numbered.SetDataNodeAtValue(sequence.GetNthDataNode(item), str(item))
    path = tmp_path / "numbered.seq.nrrd"
    assert storage(scene, path).WriteData(numbered)
    loaded = slicer.vtkMRMLSequenceNode()
    assert storage(scene, path).ReadData(scene.AddNode(loaded))
    try:
        series_from_node(loaded)
    except st.InputError as error:
        assert error.code == "E-TIME-FRAMES"
    else:
        raise AssertionError("frame numbers were taken for times")
