"""Times come from what really says so; frame numbers are refused."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from SpatioTemporalNodes.series.series_nodes import add_series, series_from_node
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

import SpatioTemporalLib as st


@pytest.fixture
def sequence(scene, geometry):
    """A sequence as Slicer's DICOM import leaves it: frame numbers without a unit."""
    return numbered(scene, geometry, ["0", "1", "2", "3"])


def numbered(scene, geometry, index, name="", unit=""):
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "DICOM series")
    node.SetIndexName(name)
    node.SetIndexUnit(unit)
    frame = slicer.vtkMRMLScalarVolumeNode()
    set_node_geometry(frame, geometry)
    for value in index:
        set_node_values(frame, np.zeros(geometry.shape, np.int16))
        node.SetDataNodeAtValue(frame, value)
    return node


def label(node, labels, unit="ms", tag="TriggerTime"):
    node.SetAttribute("MultiVolume.FrameLabels", labels)
    node.SetAttribute("MultiVolume.FrameIdentifyingDICOMTagName", tag)
    node.SetAttribute("MultiVolume.FrameIdentifyingDICOMTagUnits", unit)
    node.SetAttribute("MultiVolume.NumberOfFrames", str(labels.count(",") + 1))


@pytest.mark.parametrize(
    ("unit", "index", "seconds"),
    [
        ("s", ["0.0", "5.5", "11.25"], [0, 5.5, 11.25]),
        ("ms", ["0", "500", "1250"], [0, 0.5, 1.25]),
        ("min", ["0", "0.5", "2"], [0, 30, 120]),
        ("Seconds", ["3", "5", "9"], [3, 5, 9]),
    ],
)
def test_numeric_index_with_a_unit_of_time(scene, geometry, unit, index, seconds):
    found = series_from_node(numbered(scene, geometry, index, "time", unit))
    assert found.times == pytest.approx(seconds, abs=1e-12)
    assert found.time_source == f"sequence index ({unit})"


def test_frame_numbers_of_a_dicom_series_are_refused(sequence):
    with pytest.raises(st.InputError) as caught:
        series_from_node(sequence)
    assert caught.value.code == "E-TIME-FRAMES"
    assert caught.value.where == "DICOM series"
    assert "0, 1, ... in no unit" in caught.value.message
    assert "frame_interval" in caught.value.fix and "times=" in caught.value.fix


@pytest.mark.parametrize("index", [["0", "1", "2"], ["1", "2", "3"]])
def test_frame_numbers_with_slicers_default_unit_are_refused(scene, geometry, index):
    # A new sequence node says "time" in "s" by itself, whatever is put into it.
    with pytest.raises(st.InputError, match="as Slicer numbers frames.*E-TIME-FRAMES"):
        series_from_node(numbered(scene, geometry, index, "time", "s"))


def test_numbers_without_a_unit_are_refused_even_when_they_look_like_times(scene, geometry):
    with pytest.raises(st.InputError, match="E-TIME-FRAMES"):
        series_from_node(numbered(scene, geometry, ["0", "5.5", "11"], "frame", ""))


@pytest.mark.parametrize(
    ("name", "unit", "index"),
    [
        ("EchoTime", "ms", ["5", "10.5", "16"]),
        ("echo_time", "s", ["0.005", "0.0105", "0.016"]),
        ("Echo Time (ms)", "ms", ["1.2", "2.4", "3.6"]),
        ("TE", "ms", ["5", "10", "15"]),
        ("repetition_time", "s", ["0.5", "1", "3"]),
        ("inversion time", "ms", ["50", "400", "1100"]),
        ("TI", "s", ["0.05", "0.4", "1.1"]),
        ("spin lock time [ms]", "ms", ["0", "10", "40"]),
        ("post labeling delay", "s", ["0.5", "1", "1.5"]),
        ("frame", "s", ["0", "2", "4"]),
        ("Frame number", "ms", ["5", "6", "7"]),
        ("volume", "s", ["10", "11", "12"]),
        ("Temporal Position Index", "s", ["3", "4", "5"]),
    ],
)
def test_index_that_is_a_setting_or_a_count_is_no_time_whatever_its_unit(scene, geometry, name, unit, index):
    with pytest.raises(st.InputError, match="which is no time.*E-TIME-FRAMES"):
        series_from_node(numbered(scene, geometry, index, name, unit))


@pytest.mark.parametrize("name", ["time", "", "frame", "TriggerTime", "phase", "acquisition time [s]"])
def test_index_of_times_is_believed_whatever_it_is_called(scene, geometry, name):
    found = series_from_node(numbered(scene, geometry, ["0", "2.5", "5.5"], name, "s"))
    assert found.times.tolist() == [0, 2.5, 5.5]


def test_text_index_is_refused(scene, geometry):
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "visits")
    node.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    frame = slicer.vtkMRMLScalarVolumeNode()
    set_node_geometry(frame, geometry)
    set_node_values(frame, np.zeros(geometry.shape, np.int16))
    for visit in ("baseline", "week 3"):
        node.SetDataNodeAtValue(frame, visit)
    with pytest.raises(st.InputError, match="index is text \\(baseline, week 3"):
        series_from_node(node)


def test_labels_of_the_multi_volume_importer_are_times_in_ms(sequence):
    label(sequence, "120,5120,10240,15360.5")
    found = series_from_node(sequence)
    assert found.times == pytest.approx([0.12, 5.12, 10.24, 15.3605], abs=1e-12)
    assert found.time_source == "MultiVolume.FrameLabels: TriggerTime (ms)"


def test_labels_in_seconds(sequence):
    label(sequence, "0,5,10,15", unit="sec", tag="DeltaStartTime")
    assert series_from_node(sequence).times.tolist() == [0, 5, 10, 15]


def test_index_in_seconds_goes_before_labels(scene, geometry):
    node = numbered(scene, geometry, ["0", "2.5", "5"], "time", "s")
    label(node, "0,9000,18000")
    assert series_from_node(node).times.tolist() == [0, 2.5, 5]


@pytest.mark.parametrize(
    ("tag", "unit"),
    [
        ("EchoTime", "ms"),
        ("RepetitionTime", "ms"),
        ("InversionTime", "ms"),
        ("TemporalPositionIdentifier", "count"),
        ("FlipAngle", "degrees"),
        ("B-value", "sec/mm2"),
        ("EffectiveEchoTime", "ms"),
        ("Echo Time", "ms"),
        ("TemporalPositionIdentifier", "ms"),
    ],
)
def test_labels_that_are_no_time_are_refused(sequence, tag, unit):
    label(sequence, "10,20,30,40", unit, tag)
    with pytest.raises(st.InputError, match=f"{tag} in {unit}, which is no time"):
        series_from_node(sequence)


@pytest.mark.parametrize("labels", ["0,5000,10000", "0,5000,x,15000"])
def test_labels_that_do_not_fit_the_frames_are_refused(sequence, labels):
    label(sequence, labels)
    with pytest.raises(st.InputError, match="not one number a frame"):
        series_from_node(sequence)


def test_labels_that_do_not_rise_are_refused_with_the_frame(sequence):
    label(sequence, "0,5000,5000,15000")
    with pytest.raises(st.InputError, match="frame 1 is at 5 s, frame 2 at 5 s.*E-TIME-FRAMES"):
        series_from_node(sequence)


def test_gap_between_frames_is_a_finding(sequence):
    label(sequence, "0,5000,10000,25000")
    assert [f.code for f in series_from_node(sequence).findings] == ["W-TIME-GAP"]


def multi_volume(scene, geometry, frame_count=4):
    """What the multi-volume importer makes: frames as components of one volume."""
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "multi-volume")
    values = np.arange(np.prod(geometry.shape) * frame_count, dtype=np.float32)
    values = values.reshape(frame_count, *geometry.shape)
    set_components(node, np.moveaxis(values, 0, -1))
    set_node_geometry(node, geometry)
    return node, values


def set_components(node, values):
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    image = vtk.vtkImageData()
    image.SetDimensions(*values.shape[2::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(values.reshape(-1, values.shape[-1]).copy(), deep=True))
    node.SetAndObserveImageData(image)


def test_multi_volume_gives_its_components_as_frames(scene, geometry):
    node, values = multi_volume(scene, geometry)
    label(node, "0,5000,10000,15000", tag="AcquisitionTime")
    node.SetAttribute("MultiVolume.DICOM.RepetitionTime", "4.5")
    found = series_from_node(node)
    assert np.array_equal(found.values, values)
    assert found.times.tolist() == [0, 5, 10, 15]
    assert found.acquisition.repetition_time == 0.0045
    assert found.geometry == geometry


def test_multi_volume_over_echo_times_is_refused(scene, geometry):
    node, _ = multi_volume(scene, geometry)
    label(node, "10,20,30,40", tag="EchoTime")
    with pytest.raises(st.InputError, match="E-TIME-FRAMES"):
        series_from_node(node)


def test_vector_volume_without_multi_volume_attributes_is_no_series(scene, geometry):
    node, _ = multi_volume(scene, geometry)
    with pytest.raises(st.InputError, match="E-ONE-FRAME"):
        series_from_node(node)


def test_given_times_go_before_everything(scene, geometry):
    node = numbered(scene, geometry, ["0", "2.5", "5"], "time", "s")
    found = series_from_node(node, times=[0, 3, 7])
    assert (found.times.tolist(), found.time_source) == ([0, 3, 7], "given")
    found = series_from_node(node, frame_interval=2.0)
    assert (found.times.tolist(), found.time_source) == ([0, 2, 4], "given frame interval 2 s")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"times": [0, 3]}, "E-TIME-COUNT"),
        ({"times": [0, 3, 3]}, "E-TIME-DUP"),
        ({"times": [0, 3, 5], "frame_interval": 2.0}, "E-TIME-GIVEN"),
        ({"frame_interval": 0.0}, "E-TIME-GIVEN"),
        ({"frame_interval": float("nan")}, "E-TIME-GIVEN"),
    ],
)
def test_given_times_that_do_not_fit_are_refused(scene, geometry, given, code):
    with pytest.raises(st.InputError) as caught:
        series_from_node(numbered(scene, geometry, ["0", "1", "2"]), **given)
    assert caught.value.code == code


def test_single_frame_needs_no_time(scene, geometry):
    assert series_from_node(numbered(scene, geometry, ["0"])).times.tolist() == [0]


def test_proxy_of_a_dicom_series_is_refused_too(scene, sequence):
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.AddSynchronizedSequenceNode(sequence)
    add_series(scene, st.Series.from_curves([0.0, 1.0], np.zeros(2)))
    with pytest.raises(st.InputError, match="E-TIME-FRAMES"):
        series_from_node(browser.GetProxyNode(sequence))
