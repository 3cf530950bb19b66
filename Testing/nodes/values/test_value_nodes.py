"""Nodes as inputs of an analysis, and runs read back from the scene."""

from __future__ import annotations

import numpy as np
import pytest

import SpatioTemporalLib as st


@pytest.fixture
def grid(geometry):
    return geometry


def labels(geometry):
    values = np.zeros(geometry.shape, np.uint8)
    values[1:3, 2:8, 3:9] = 1
    values[4, 10:14, 10:20] = 2
    code = st.Code("49755003", "SCT", "Morphologically Abnormal Structure")
    kind = st.Code("4147007", "SCT", "Mass")
    return st.LabelMap(values, geometry, {1: st.Label("tumour", (0.9, 0.1, 0.1), code, kind), 2: st.Label("rim")})


def test_segmentation_comes_back_with_names_colours_and_codes(scene, grid):
    from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "regions")
    fill_segmentation(node, labels(grid))
    before = scene.GetNumberOfNodes()
    for geometry in (grid, None):
        back = labels_from_node(node, geometry)
        assert np.count_nonzero(back.values) == np.count_nonzero(labels(grid).values)
        assert [label.name for label in back.labels.values()] == ["tumour", "rim"]
        assert back.labels[1].type.meaning == "Mass" and back.labels[2].type is None
        assert back.labels[1].colour == pytest.approx((0.9, 0.1, 0.1))
    assert np.array_equal(labels_from_node(node, grid).values, labels(grid).values)
    assert scene.GetNumberOfNodes() == before


def test_empty_segmentation_is_refused(scene, grid):
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "nothing")
    with pytest.raises(st.InputError, match="E-MASK-EMPTY"):
        labels_from_node(node, grid)


def test_volume_without_a_unit_is_refused_and_says_what_to_do(scene, grid):
    from SpatioTemporalNodes.values.value_nodes import map_from_node
    from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1")
    set_node_values(node, np.ones(grid.shape, np.float32))
    set_node_geometry(node, grid)
    with pytest.raises(st.InputError, match="SpatioTemporal.Unit"):
        map_from_node(node)
    node.SetAttribute("SpatioTemporal.Unit", "s")
    assert map_from_node(node).unit == "s"


def test_curve_of_a_table_is_in_seconds(scene):
    from SpatioTemporalNodes.values.table_nodes import fill_table
    from SpatioTemporalNodes.values.value_nodes import curve_from_node

    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "plasma")
    fill_table(node, st.Table({"time [min]": [0.0, 1.0, 2.0], "Cp [mmol/L]": [0.0, 4.0, 2.0]}))
    curve = curve_from_node(node)
    assert (curve.unit, list(curve.times)) == ("mmol/L", [0, 60, 120])
    fill_table(node, st.Table({"a": [0.0], "b": [1.0]}))
    with pytest.raises(st.InputError, match="time \\[s\\]"):
        curve_from_node(node)


def test_stack_keeps_its_settings(scene, grid):
    from SpatioTemporalNodes.series.stack_nodes import add_stack, stack_from_node

    stack = st.ImageStack(np.random.default_rng(0).random((3, *grid.shape)), [2.0, 5.0, 12.5], grid, name="angles")
    back = stack_from_node(add_stack(scene, stack))
    assert list(back.settings) == [2.0, 5.0, 12.5] and back.setting_unit == "deg"
    assert np.array_equal(back.values, stack.values)


@pytest.mark.parametrize("name", ["inversion_time", "InversionTime", "inversion time"])
def test_times_after_inversion_are_a_setting_whatever_their_unit(scene, grid, name):
    from SpatioTemporalNodes.series.stack_nodes import add_stack, stack_from_node

    values = np.random.default_rng(0).random((3, *grid.shape))
    node = add_stack(scene, st.ImageStack(values, [50.0, 400.0, 2000.0], grid, setting=name, setting_unit="ms"))
    back = stack_from_node(node)
    assert (back.setting, back.setting_unit) == ("inversion_time", "s")
    assert np.allclose(back.settings, [0.05, 0.4, 2.0])


def test_frames_in_time_are_no_stack(scene, series):
    from SpatioTemporalNodes.series.series_nodes import add_series
    from SpatioTemporalNodes.series.stack_nodes import stack_from_node

    with pytest.raises(st.InputError, match="E-STACK"):
        stack_from_node(add_series(scene, series)[0])


def test_probe_gives_the_voxel_under_the_cursor(scene, series):
    from SpatioTemporalNodes.series.curve_probe import probe_frames
    from SpatioTemporalNodes.series.frames import frames_of
    from SpatioTemporalNodes.series.series_nodes import add_series

    sequence, _ = add_series(scene, series)
    probe = probe_frames(frames_of(sequence))
    for k, j, i in ((0, 0, 0), (3, 11, 17), (5, 19, 23)):
        ras = series.geometry.ijk_to_ras((i, j, k))
        assert probe.voxel(ras) == (k, j, i)
        assert np.allclose(probe.curve(ras), series.values[:, k, j, i])
    assert probe.curve(series.geometry.ijk_to_ras((-1, 0, 0))) is None


def test_result_read_back_from_its_nodes_is_the_result(scene, series, result):
    from SpatioTemporalNodes.results.provenance import result_summary
    from SpatioTemporalNodes.results.result_nodes import add_result, remove_nodes
    from SpatioTemporalNodes.results.run_nodes import input_nodes, nodes_of_run, remember_inputs, result_from_nodes
    from SpatioTemporalNodes.series.series_nodes import add_series

    sequence, _ = add_series(scene, series)
    before = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    made = add_result(scene, result, series=sequence)
    remember_inputs(made, {"series": sequence, "mask": None})
    found = nodes_of_run(scene, result_summary(scene)[0].run)
    assert found.folder == made.folder
    assert {o: [n.GetID() for n in ns] for o, ns in found.by_output.items()} == {
        o: [n.GetID() for n in ns] for o, ns in made.by_output.items()
    }
    assert input_nodes(found) == {"series": sequence}
    back = result_from_nodes(found)
    assert back.provenance == result.provenance and back.findings == result.findings
    assert np.allclose(back["ktrans"].values, result["ktrans"].values, equal_nan=True)
    assert back["slope"].unit == result["slope"].unit
    assert np.array_equal(back["regions"].values, result["regions"].values)
    assert np.allclose(back["relative"].values, result["relative"].values)
    assert [c.name for c in back["curves"]] == [c.name for c in result["curves"]]
    for mine, theirs in zip(back["curves"], result["curves"]):
        assert np.allclose(mine.values, theirs.values) and mine.fit_of == theirs.fit_of
    remove_nodes(scene, found)
    assert not result_summary(scene)
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == before


def test_sample_data_arrive_whole(scene):
    from SpatioTemporalNodes.series.frames import browser_of
    from SpatioTemporalNodes.series.sample_nodes import add_sample_data
    from SpatioTemporalNodes.series.series_nodes import series_from_node
    from SpatioTemporalNodes.series.stack_nodes import stack_from_node
    from SpatioTemporalNodes.values.value_nodes import curve_from_node

    sequence = add_sample_data(scene)
    assert series_from_node(sequence).frame_count == 25 and browser_of(sequence) is not None
    assert len(stack_from_node(scene.GetFirstNodeByName("Breast flip angles")).settings) == 10
    assert curve_from_node(scene.GetFirstNodeByName("Breast plasma")).unit == "mmol/L"


def test_changed_sample_file_is_refused(scene, monkeypatch):
    from SpatioTemporalNodes.series import sample_nodes

    monkeypatch.setitem(sample_nodes.SHA256, sample_nodes.SERIES, "0" * 64)
    with pytest.raises(st.InputError, match="E-SAMPLE"):
        sample_nodes.add_sample_data(scene)


def segmentation_of(scene, *parts):
    """A segmentation with one segment for each label map."""
    from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "drawn")
    fill_segmentation(node, parts[0])
    for number, part in enumerate(parts[1:]):
        other = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"other {number}")
        fill_segmentation(other, part)
        segment = other.GetSegmentation().GetNthSegmentID(0)
        node.GetSegmentation().CopySegmentFromSegmentation(other.GetSegmentation(), segment)
    return node


def box(geometry, *place):
    values = np.zeros(geometry.shape, np.uint8)
    values[place] = 1
    return st.LabelMap(values, geometry, {1: st.Label("box")})


def test_segmentation_on_a_finer_grid_is_placed_and_its_volume_change_said(scene):
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    fine = st.Geometry.from_spacing((10, 40, 40), (0.5, 0.5, 1.0))
    coarse = st.Geometry.from_spacing((10, 14, 14), (1.5, 1.5, 1.0))
    node = segmentation_of(scene, box(fine, slice(2, 8), slice(10, 21), slice(10, 21)))
    placed = labels_from_node(node, coarse)
    assert placed.geometry.matches(coarse) and placed.foreground.any()
    drawn, now = 6 * 11 * 11 * 0.25e-3, placed.volume_ml(1)
    assert abs(now - drawn) > 0.02 * drawn
    assert [f.code for f in placed.findings] == ["R-MASK-GRID"]
    assert f"{now:.3g} mL, {drawn:.3g} mL as drawn" in placed.findings[0].message


def test_segmentation_of_another_place_is_refused(scene):
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    here = st.Geometry.from_spacing((10, 20, 20))
    far = st.Geometry.from_spacing((10, 20, 20), origin=(500, 0, 0))
    node = segmentation_of(scene, box(here, slice(2, 8), slice(5, 9), slice(5, 9)))
    with pytest.raises(st.GeometryError, match="outside of the image") as caught:
        labels_from_node(node, far)
    assert caught.value.code == "E-MASK-OUTSIDE"


def test_segmentation_mostly_cut_off_is_said(scene):
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    here = st.Geometry.from_spacing((10, 20, 20))
    shifted = st.Geometry.from_spacing((10, 20, 20), origin=(10, 0, 0))
    node = segmentation_of(scene, box(here, slice(2, 8), slice(5, 9), slice(0, 13)))
    (finding,) = labels_from_node(node, shifted).findings
    assert finding.code == "W-MASK-CLIPPED" and "mL lie inside the image" in finding.message


def test_overlapping_segments_are_counted_and_said(scene):
    from SpatioTemporalNodes.values.value_nodes import labels_from_node

    grid = st.Geometry.from_spacing((10, 20, 20))
    first = box(grid, slice(2, 6), slice(5, 9), slice(5, 9))
    second = box(grid, slice(4, 8), slice(5, 9), slice(5, 9))
    labels = labels_from_node(segmentation_of(scene, first, second), grid)
    (finding,) = labels.findings
    assert finding.code == "W-LABEL-OVERLAP" and finding.message.startswith(f"{2 * 4 * 4} voxels")
    assert np.count_nonzero(labels.values) == 6 * 4 * 4
