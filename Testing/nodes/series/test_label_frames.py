"""Labels over time as sequences of segmentations that play with the images, and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = [0.0, 0.04, 0.085, 0.13]


def labels(geometry):
    values = np.zeros((4, *geometry.shape), np.uint8)
    for n in range(4):
        values[n, 1:4, 3 : 12 - n, 4:15] = 2
        values[n, 2:3, 5 : 10 - n, 6:12] = 1
    names = {1: st.Label("cavity", (0.8, 0.2, 0.1)), 2: st.Label("wall", (0.9, 0.8, 0.6))}
    return st.LabelSeries(values, TIMES, geometry, names, "heart")


def images(geometry):
    rng = np.random.default_rng(0)
    return st.Series(rng.normal(100, 5, (4, *geometry.shape)).astype(np.float32), TIMES, geometry, name="cine")


def test_labels_come_back_with_names_colours_and_times(scene, geometry):
    from SpatioTemporalNodes.series.label_frames import label_series_from_node
    from SpatioTemporalNodes.series.series_nodes import add_series

    sequence, browser = add_series(scene, labels(geometry))
    for node in (sequence, browser, browser.GetProxyNode(sequence)):
        back = label_series_from_node(node)
        assert np.array_equal(back.values, labels(geometry).values)
        assert back.times == pytest.approx(TIMES) and back.geometry.matches(geometry)
        assert [label.name for label in back.labels.values()] == ["cavity", "wall"]
        assert back.labels[1].colour == pytest.approx((0.8, 0.2, 0.1))


def test_they_play_with_the_images_they_were_made_from(scene, geometry):
    from SpatioTemporalNodes.series.series_nodes import add_series, refill_series

    sequence, browser = add_series(scene, images(geometry))
    drawn, same = add_series(scene, labels(geometry), name="propagated", browser=browser)
    assert same is browser
    proxy = browser.GetProxyNode(drawn)
    assert proxy.IsA("vtkMRMLSegmentationNode") and proxy.GetName() == "propagated"
    sizes = []
    for n in range(4):
        browser.SetSelectedItemNumber(n)
        from SpatioTemporalNodes.values.value_nodes import labels_from_node

        shown = labels_from_node(browser.GetProxyNode(drawn), geometry)
        sizes.append(np.count_nonzero(shown.values))
    assert sizes == [np.count_nonzero(frame) for frame in labels(geometry).values]
    fewer = replace(labels(geometry), values=labels(geometry).values[:3], times=TIMES[:3])
    _, other = refill_series(drawn, browser, fewer)
    assert other is not browser and drawn.GetNumberOfDataNodes() == 3


def test_sequences_of_label_volumes_are_read_too(scene, geometry):
    import slicer
    from SpatioTemporalNodes.series.label_frames import label_series_from_node
    from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

    for kind in ("vtkMRMLLabelMapVolumeNode", "vtkMRMLScalarVolumeNode"):
        sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "drawn")
        sequence.SetIndexName("time")
        sequence.SetIndexUnit("ms")
        volume = getattr(slicer, kind)()
        set_node_geometry(volume, geometry)
        for time, frame in zip(TIMES, labels(geometry).values):
            set_node_values(volume, frame)
            sequence.SetDataNodeAtValue(volume, repr(1000 * time))
        back = label_series_from_node(sequence)
        assert np.array_equal(back.values, labels(geometry).values) and back.times == pytest.approx(TIMES)


def test_segmentations_that_were_drawn_in_slicer_need_no_common_extent(scene, geometry):
    """Slicer crops each segment to where it lies; frames are put together by their voxels."""
    import slicer
    from SpatioTemporalNodes.series.label_frames import label_series_from_node
    from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation

    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "drawn")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    whole = labels(geometry)
    for n, time in enumerate(TIMES):
        frame = slicer.vtkMRMLSegmentationNode()
        start = (1, 3 - n % 2, 4)
        affine = geometry.affine.copy()
        affine[:3, 3] = geometry.ijk_to_ras(start[::-1])
        part = whole.values[n][start[0] :, start[1] :, start[2] :]
        fill_segmentation(frame, st.LabelMap(part, st.Geometry(part.shape, affine), whole.labels, "part"))
        sequence.SetDataNodeAtValue(frame, repr(time))
    back = label_series_from_node(sequence)
    assert [np.count_nonzero(frame) for frame in back.values] == [np.count_nonzero(frame) for frame in whole.values]
    assert back.volumes_ml(1) == pytest.approx(whole.volumes_ml(1))
    on_grid = label_series_from_node(sequence, geometry)
    assert np.array_equal(on_grid.values, whole.values)


def test_without_times_those_of_the_images_are_taken_or_it_is_said_what_to_do(scene, geometry):
    from SpatioTemporalNodes.series.label_frames import label_series_from_node
    from SpatioTemporalNodes.series.series_nodes import add_series

    drawn, own = add_series(scene, labels(geometry))
    numbered = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "numbered")
    for n in range(4):
        numbered.SetDataNodeAtValue(drawn.GetNthDataNode(n), str(n))
    with pytest.raises(st.InputError, match="E-TIME-FRAMES"):
        label_series_from_node(numbered)
    _, browser = add_series(scene, images(geometry))
    browser.AddSynchronizedSequenceNode(numbered)
    assert label_series_from_node(numbered).times == pytest.approx(TIMES)


def test_what_is_no_sequence_of_labels_is_refused_in_words(scene, geometry):
    from SpatioTemporalNodes.series.label_frames import label_series_from_node
    from SpatioTemporalNodes.series.series_nodes import add_series

    with pytest.raises(st.InputError, match="E-KIND"):
        label_series_from_node(scene.AddNewNodeByClass("vtkMRMLTableNode", "table"))
    sequence, _ = add_series(scene, images(geometry))
    with pytest.raises(st.InputError, match="not whole numbers"):
        label_series_from_node(sequence)
    empty = replace(labels(geometry), values=np.zeros_like(labels(geometry).values))
    with pytest.raises(st.InputError, match="E-MASK-EMPTY"):
        label_series_from_node(add_series(scene, empty)[0])


def test_a_saved_scene_keeps_them(tmp_path, scene, geometry):
    from SpatioTemporalNodes.scene.scene_file import read_scene, write_scene
    from SpatioTemporalNodes.series.label_frames import label_series_from_node

    path = write_scene(tmp_path / "heart.mrb", series=[images(geometry), labels(geometry)])
    saved = read_scene(path)
    nodes = saved.GetNodesByClass("vtkMRMLSequenceNode")
    nodes.UnRegister(None)
    sequences = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
    drawn = next(node for node in sequences if node.GetName().startswith("heart"))
    back = label_series_from_node(drawn, geometry)
    assert np.array_equal(back.values, labels(geometry).values) and back.times == pytest.approx(TIMES)
