"""A series becomes nodes that Slicer plays, and comes back exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk
from SpatioTemporalNodes.scene.application import sequences_logic
from SpatioTemporalNodes.series.frames import proxy_of
from SpatioTemporalNodes.series.series_nodes import add_series, refill_series, series_from_node
from SpatioTemporalNodes.values.voxels import node_geometry, node_values, set_node_geometry, set_node_values

import SpatioTemporalLib as st


def assert_same(found: st.Series, expected: st.Series):
    assert np.array_equal(found.values, expected.values)
    assert np.array_equal(found.times, expected.times)
    assert found.geometry.shape == expected.geometry.shape
    # Spacing and direction are stored apart: their product differs in the last bits.
    assert np.abs(found.geometry.affine - expected.geometry.affine).max() < 1e-12


@pytest.mark.parametrize("left_handed", [False, True])
def test_round_trip_is_exact_on_an_oblique_anisotropic_grid(scene, make, left_handed):
    series = make.uptake(make.oblique(left_handed=left_handed), [0.0, 0.1, 7.25, 1 / 3 + 40])
    sequence, _ = add_series(scene, series)
    assert_same(series_from_node(sequence), series)


def test_round_trip_keeps_unit_name_acquisition_source_and_findings(shown, series):
    _, sequence, _, _ = shown
    found = series_from_node(sequence)
    assert_same(found, series)
    for fact in ("unit", "name", "acquisition", "time_source", "findings"):
        assert getattr(found, fact) == getattr(series, fact)


def test_round_trip_keeps_durations_and_what_is_known_of_decay(scene):
    facts = st.Acquisition(modality="PT", half_life=6586.2, decay_corrected=True, decay_corrected_to=30.0)
    times, durations = [-5.0, 5.0, 15.0, 45.0], [10.0, 10.0, 20.0, 60.0]
    series = st.Series.from_curves(times, np.arange(4.0), unit="Bq/mL", durations=durations, acquisition=facts)
    sequence, browser = add_series(scene, series)
    found = series_from_node(sequence)
    assert found.durations.tolist() == durations
    assert (found.acquisition, found.times.tolist()) == (facts, times)
    # With other times the durations say nothing; another series in the same nodes has none.
    assert series_from_node(sequence, frame_interval=60).durations is None
    refill_series(sequence, browser, st.Series.from_curves(times, np.arange(4.0)))
    assert series_from_node(sequence).durations is None


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.float64, np.uint8])
def test_round_trip_keeps_the_type_of_the_values(scene, geometry, dtype):
    values = np.arange(2 * np.prod(geometry.shape)).reshape(2, *geometry.shape) % 100
    sequence, _ = add_series(scene, st.Series(values.astype(dtype), [0.0, 5.0], geometry))
    found = series_from_node(sequence)
    assert found.values.dtype == dtype
    assert np.array_equal(found.values, values)


def test_many_frames(scene):
    series = st.Series.from_curves(np.arange(200) * 0.7, np.arange(200.0))
    assert_same(series_from_node(add_series(scene, series)[0]), series)


def test_fact_of_a_later_version_is_left_out(scene, make, geometry):
    sequence, _ = add_series(scene, make.uptake(geometry, [0.0, 5.0]))
    sequence.SetAttribute("SpatioTemporal.Acquisition", '{"modality": "CT", "later": 1}')
    assert series_from_node(sequence).acquisition == st.Acquisition(modality="CT")


def test_frames_closer_than_slicers_tolerance_stay_apart(scene, make, geometry):
    series = make.uptake(geometry, np.arange(5) * 2e-4)
    sequence, _ = add_series(scene, series)
    assert_same(series_from_node(sequence), series)


def test_frames_one_second_apart_are_not_mistaken_for_frame_numbers(scene, make, geometry):
    series = make.uptake(geometry, [0.0, 1.0, 2.0], time_source="BIDS RepetitionTime")
    sequence, _ = add_series(scene, series)
    found = series_from_node(sequence)
    assert_same(found, series)
    assert found.time_source == "BIDS RepetitionTime"


def test_sequence_says_time_in_seconds_and_other_modules_find_tr_te_and_flip_angle(shown):
    _, sequence, _, _ = shown
    assert (sequence.GetIndexName(), sequence.GetIndexUnit()) == ("time", "s")
    assert sequence.GetNthIndexValue(5) == repr(1 / 3 + 40)
    assert sequence.GetAttribute("MultiVolume.DICOM.RepetitionTime") == "4.6"
    assert sequence.GetAttribute("MultiVolume.DICOM.EchoTime") == "1.23"
    assert sequence.GetAttribute("MultiVolume.DICOM.FlipAngle") == "12.5"


def test_acquisition_is_read_from_multi_volume_attributes_in_ms(scene, make, geometry):
    sequence, _ = add_series(scene, make.uptake(geometry, [0.0, 5.0]))
    sequence.RemoveAttribute("SpatioTemporal.Acquisition")
    sequence.SetAttribute("MultiVolume.DICOM.RepetitionTime", "5.2")
    sequence.SetAttribute("MultiVolume.DICOM.FlipAngle", "")
    assert series_from_node(sequence).acquisition == st.Acquisition(repetition_time=0.0052)


@pytest.mark.parametrize("pick", ["browser", "proxy"])
def test_browser_and_the_volume_in_the_slice_view_stand_for_the_sequence(shown, series, pick):
    _, sequence, browser, _ = shown
    assert_same(series_from_node({"browser": browser, "proxy": proxy_of(sequence)}[pick]), series)


def test_moving_the_browser_moves_the_volume_but_not_its_window(shown, series):
    _, sequence, browser, _ = shown
    proxy = proxy_of(sequence)
    before = proxy.GetDisplayNode().GetWindow(), proxy.GetDisplayNode().GetLevel()
    for item in (4, 0):
        browser.SetSelectedItemNumber(item)
        assert np.array_equal(node_values(proxy), series.values[item])
    assert (proxy.GetDisplayNode().GetWindow(), proxy.GetDisplayNode().GetLevel()) == before
    assert not proxy.GetDisplayNode().GetAutoWindowLevel()
    low, high = proxy.GetDisplayNode().GetWindowLevelMin(), proxy.GetDisplayNode().GetWindowLevelMax()
    assert series.values.min() <= low < high <= series.values.max()
    assert proxy.GetVoxelValueUnits().GetCodeValue() == "mmol/L"


def test_series_at_the_same_times_share_a_browser_and_others_do_not(scene, make, geometry):
    first, browser = add_series(scene, make.uptake(geometry, [0.0, 5.0, 9.0]))
    second, shared = add_series(scene, make.uptake(geometry, [0.0, 5.0, 9.0], name="B"), browser=browser)
    third, own = add_series(scene, make.uptake(geometry, [0.0, 5.0, 9.5], name="C"), browser=browser)
    assert shared is browser and own is not browser
    browser.SetSelectedItemNumber(2)
    assert np.array_equal(node_values(proxy_of(second)), node_values(first.GetNthDataNode(2)))
    assert series_from_node(third).times[2] == 9.5


def test_refilled_sequence_keeps_its_volume(scene, make, geometry):
    sequence, browser = add_series(scene, make.uptake(geometry, [0.0, 5.0]))
    proxy = proxy_of(sequence)
    other = make.uptake(geometry, [0.0, 5.0], name="again", unit="%")
    assert refill_series(sequence, browser, other) == (sequence, browser)
    assert proxy_of(sequence) is proxy
    assert_same(series_from_node(proxy), other)


def volumes(scene, geometries):
    nodes = []
    for index, geometry in enumerate(geometries):
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"frame {index}")
        set_node_values(node, np.full(geometry.shape, index, np.int16))
        set_node_geometry(node, geometry)
        nodes.append(node)
    return nodes


def test_list_of_volumes_with_times(scene, geometry):
    nodes = volumes(scene, [geometry] * 3)
    found = series_from_node(nodes, times=[0, 4, 9.5])
    assert found.values.mean(axis=(1, 2, 3)).tolist() == [0, 1, 2]
    assert found.times.tolist() == [0, 4, 9.5]
    assert series_from_node(nodes, frame_interval=2.5).times.tolist() == [0, 2.5, 5]


def test_frame_that_lies_elsewhere_is_named(scene, geometry):
    moved = geometry.affine.copy()
    moved[0, 3] += 2
    nodes = volumes(scene, [geometry, geometry, st.Geometry(geometry.shape, moved)])
    with pytest.raises(st.GeometryError, match="frame 2 of frame 0.*2 mm"):
        series_from_node(nodes, frame_interval=1.0)


def test_frame_of_another_size_is_named(scene, geometry):
    nodes = volumes(scene, [geometry, st.Geometry((6, 20, 25), geometry.affine)])
    with pytest.raises(st.GeometryError, match="frame 1.*25×20×6.*24×20×6"):
        series_from_node(nodes, frame_interval=1.0)


def test_volume_under_a_transform_is_refused(scene, geometry):
    nodes = volumes(scene, [geometry, geometry])
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    nodes[1].SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(st.GeometryError, match="under the transform moved.*Harden"):
        series_from_node(nodes, frame_interval=1.0)


@pytest.fixture
def moved(scene, geometry, make):
    """A series whose shown volume is under a transform: the sequence, its browser and the volume."""
    sequence, browser = add_series(scene, make.uptake(geometry, [0.0, 5.0]))
    proxy = browser.GetProxyNode(sequence)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
    transform.GetMatrixTransformToParent().SetElement(0, 3, 2.0)
    proxy.SetAndObserveTransformNodeID(transform.GetID())
    return sequence, browser, proxy


@pytest.mark.parametrize("entrance", range(3), ids=["sequence", "browser", "volume"])
def test_series_under_a_transform_is_refused(moved, entrance):
    with pytest.raises(st.GeometryError, match="under the transform shift.*Harden.*E-GEO-TRANSFORM"):
        series_from_node(moved[entrance])
    moved[2].SetAndObserveTransformNodeID(None)
    assert series_from_node(moved[entrance]).frame_count == 2


def test_second_volume_that_shows_a_series_may_not_be_under_a_transform_either(scene, moved):
    sequence, _, first = moved
    transform = first.GetTransformNodeID()
    first.SetAndObserveTransformNodeID(None)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "second")
    browser.AddSynchronizedSequenceNode(sequence)
    sequences_logic(scene).UpdateProxyNodesFromSequences(browser)
    browser.GetProxyNode(sequence).SetAndObserveTransformNodeID(transform)
    with pytest.raises(st.GeometryError, match="E-GEO-TRANSFORM"):
        series_from_node(browser.GetProxyNode(sequence))


def test_frames_in_colour_are_refused(scene, geometry):
    nodes = []
    for index in range(2):
        node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", f"photo {index}")
        set_node_geometry(node, geometry)
        image = vtk.vtkImageData()
        image.SetDimensions(*geometry.shape[::-1])
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
        node.SetAndObserveImageData(image)
        nodes.append(node)
    with pytest.raises(st.InputError, match="holds 3 values"):
        series_from_node(nodes, frame_interval=1.0)


@pytest.mark.parametrize(
    ("class_name", "code"),
    [
        ("vtkMRMLScalarVolumeNode", "E-ONE-FRAME"),
        ("vtkMRMLSequenceNode", "E-NO-FRAMES"),
        ("vtkMRMLTableNode", "E-KIND"),
    ],
)
def test_nodes_without_frames_are_refused(scene, class_name, code):
    with pytest.raises(st.InputError) as caught:
        series_from_node(scene.AddNewNodeByClass(class_name, "empty"))
    assert caught.value.code == code
    assert caught.value.where == "empty"


def test_single_volume_is_refused(scene, geometry):
    with pytest.raises(st.InputError, match="single volume.*E-ONE-FRAME"):
        series_from_node(volumes(scene, [geometry])[0])


def test_empty_list_is_refused():
    with pytest.raises(st.InputError, match="no volumes"):
        series_from_node([])


def test_sequence_of_transforms_is_refused(scene):
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "motion")
    sequence.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    with pytest.raises(st.InputError, match="vtkMRMLLinearTransformNode, not volumes"):
        series_from_node(sequence)


def test_node_keeps_its_own_copy_of_the_values(scene, geometry):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "copy")
    values = np.zeros(geometry.shape, np.float32)
    set_node_values(node, values)
    set_node_geometry(node, geometry)
    values += 1
    assert node_values(node).max() == 0
    assert node_geometry(node) == geometry


def test_round_trip_keeps_when_slices_were_acquired(scene, make, geometry):
    series = make.uptake(geometry, [0.0, 5.0])
    facts = st.Acquisition("MR", slice_times=tuple(0.1 * n for n in range(geometry.shape[0])))
    sequence, _ = add_series(scene, replace(series, acquisition=facts))
    assert series_from_node(sequence).acquisition == facts
    sequence.SetAttribute("SpatioTemporal.Acquisition", '{"slice_times": [0.0, "late"]}')
    with pytest.raises(st.InputError, match="slice_times"):
        series_from_node(sequence)
