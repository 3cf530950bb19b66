"""A voxel without a value and a measured zero look alike in a view, and are told apart all the same."""

from __future__ import annotations

import numpy as np
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.scene.scene_file import read_scene, write_scene
from SpatioTemporalNodes.values.value_nodes import map_from_node
from SpatioTemporalNodes.values.voxels import node_values, with_nan, without_nan

import SpatioTemporalLib as st

VALUES = np.array([0.0, np.nan, -0.0, 1.5, np.inf, -2.0], dtype=np.float32)


def fitted():
    """A run in which vp is exactly zero in some voxels and not fitted in others."""
    times = np.arange(40) * 5.0
    concentration = np.stack([np.interp(times, [30, 60, 200], [0, 0.5, 0.4])] * 6, axis=1)
    concentration[:, 5] = np.nan
    series = st.Series.from_curves(times, concentration, unit="mmol/L")
    return st.run("kinetics.extended_tofts", series=series)


def test_zero_and_missing_are_told_apart():
    stored = without_nan(VALUES)
    assert np.isfinite(stored).all() and (stored[[0, 1, 2, 4]] == 0).all()
    expected = [0.0, np.nan, 0.0, 1.5, np.nan, -2.0]
    np.testing.assert_array_equal(with_nan(stored), expected)


def test_zeros_of_a_map_are_zeros_when_it_is_read_back(scene):
    result = fitted()
    assert (result.vp.values == 0).any() and np.isnan(result.vp.values).any()
    node = add_result(scene, result).by_output["vp"][0]
    assert np.isfinite(node_values(node)).all()
    np.testing.assert_array_equal(map_from_node(node).values, result.vp.values)


def test_zeros_survive_a_saved_scene(tmp_path):
    result = fitted()
    scene = read_scene(write_scene(tmp_path / "scene.mrb", results=[result]))
    node = next(
        n
        for n in (scene.GetNthNodeByClass(i, "vtkMRMLScalarVolumeNode") for i in range(20))
        if n and n.GetName() == "vp"
    )
    np.testing.assert_array_equal(map_from_node(node).values, result.vp.values)
