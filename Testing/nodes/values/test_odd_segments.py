"""Segments without a name, without voxels, or under a transform."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from SpatioTemporalNodes.display.render import render_slice
from SpatioTemporalNodes.series.frames import proxy_of
from SpatioTemporalNodes.series.series_nodes import add_series
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
from SpatioTemporalNodes.values.value_nodes import labels_from_node

import SpatioTemporalLib as st


@pytest.fixture
def grid(geometry):
    return geometry


def drawn(scene, grid, *names):
    """A segmentation whose segments have these names and 16 voxels each, one row of voxels after the other."""
    values = np.zeros(grid.shape, np.uint8)
    for number in range(len(names)):
        values[2, number, :16] = number + 1
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lesion")
    parts = {number: st.Label(f"part {number}") for number in range(1, len(names) + 1)}
    fill_segmentation(node, st.LabelMap(values, grid, parts))
    for number, name in enumerate(names):
        node.GetSegmentation().GetNthSegment(number).SetName(name)
    return node


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ((None,), ["Segment 1"]),
        (("rim", None), ["rim", "Segment 2"]),
        ((None, "core", None), ["Segment 1", "core", "Segment 3"]),
        (("", "core"), ["Segment 1", "core"]),
        (("Segment 2", None), ["Segment 2", "Segment 2 (without a name)"]),
    ],
)
def test_segment_without_a_name_is_read_under_a_made_up_one_and_left_as_it_was(scene, grid, names, read):
    node = drawn(scene, grid, *names)
    for geometry in (grid, None):
        back = labels_from_node(node, geometry)
        assert [label.name for label in back.labels.values()] == read
        assert [np.count_nonzero(back.region(value)) for value in back.labels] == [16] * len(names)
    segments = [node.GetSegmentation().GetNthSegment(n) for n in range(len(names))]
    assert [segment.GetName() for segment in segments] == list(names)


def test_picture_of_a_segment_without_a_name(scene, series):
    sequence, _ = add_series(scene, series)
    node = drawn(scene, series.geometry, None)
    pictures = [render_slice(scene, background=proxy_of(sequence), segmentation=s) for s in (None, node)]
    assert not np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "there are no segments"), (1, "its segment has no"), (3, "none of its 3")]
)
def test_segmentation_without_voxels_is_named_and_refused(scene, grid, count, words):
    node = drawn(scene, grid, *[f"part {number}" for number in range(count)])
    for number in range(count):
        segment = node.GetSegmentation().GetNthSegment(number)
        segment.GetRepresentation("Binary labelmap").GetPointData().GetScalars().Fill(0)
    for geometry in (grid, None):
        with pytest.raises(st.InputError, match=f"^lesion: no segment has voxels: {words}.*E-MASK-EMPTY"):
            labels_from_node(node, geometry)


def test_empty_segment_beside_a_drawn_one_stays_empty(scene, grid):
    node = drawn(scene, grid, "core")
    empty = slicer.vtkSegment()
    empty.SetName("nothing")
    node.GetSegmentation().AddSegment(empty, "nothing")
    back = labels_from_node(node, grid)
    assert [np.count_nonzero(back.region(value)) for value in back.labels] == [16, 0]


def test_segmentation_under_a_transform_is_refused(scene, grid):
    node = drawn(scene, grid, "core")
    node.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift").GetID())
    with pytest.raises(st.GeometryError, match="^lesion: the segmentation is under the transform shift.*E-GEO-TRANSF"):
        labels_from_node(node, grid)


def test_a_segmentation_that_found_nothing_is_an_input_where_that_is_a_finding(scene, geometry):
    import SpatioTemporalNodes.results.runs as runs
    from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation

    values = np.zeros(geometry.shape, np.uint8)
    values[1:3, 4:9, 5:12] = 1
    drawn = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "reader")
    fill_segmentation(drawn, st.LabelMap(values, geometry, {1: st.Label("lesion")}, "reader"))
    nothing = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "network")
    inputs = runs.values_of(st.get("segmentation.comparison"), {"segmentation": nothing, "reference": drawn})
    result = st.run("segmentation.comparison", **inputs)
    assert result["statistics"].columns["value"][0] == 0.0 and inputs["segmentation"].name == "network"
    with pytest.raises(st.InputError, match="E-MASK-EMPTY"):
        runs.values_of(st.get("segmentation.comparison"), {"segmentation": nothing, "reference": nothing})
