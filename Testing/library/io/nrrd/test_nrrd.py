"""NRRD files as pynrrd and Slicer understand them."""

from __future__ import annotations

import nrrd as pynrrd
import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, frames, nrrd

from SpatioTemporalLib import (
    Acquisition,
    Geometry,
    InputError,
    Map,
    Series,
    read_map,
    read_series,
    write_map,
    write_series,
)
from SpatioTemporalLib.io.nrrd.file import read_nrrd


def test_pynrrd_reads_what_was_written(tmp_path):
    series = Series(frames(dtype="float32"), [0, 1.5, 3, 4.75, 6, 9], Geometry((3, 4, 5), AFFINE), unit="mmol/L")
    values, header = pynrrd.read(str(write_series(tmp_path / "a.seq.nrrd", series)))
    np.testing.assert_array_equal(values.T, series.values)
    assert header["space"] == "left-posterior-superior"
    assert header["kinds"] == ["domain", "domain", "domain", "list"]
    assert header["axis 3 index values"] == "0.0 1.5 3.0 4.75 6.0 9.0"
    assert header["units"][3] == "s"
    np.testing.assert_array_equal(header["space origin"], AFFINE[:3, 3] * [-1, -1, 1])


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("frame_axis", ["first", "last"])
def test_reads_what_pynrrd_wrote_with_frames_first_or_last(encoding, frame_axis, tmp_path):
    # Arrays of pynrrd list the fastest axis first.
    values = frames().T
    none, directions, kinds = [np.nan] * 3, np.diag([2.0, 2.5, 3.0]).tolist(), ["domain"] * 3
    axis = 3
    if frame_axis == "first":
        values, axis = np.moveaxis(values, 3, 0), 0
        directions, kinds = [none, *directions], ["list", *kinds]
    else:
        directions, kinds = [*directions, none], [*kinds, "list"]
    units = ["", "", "", ""]
    units[axis] = "ms"
    header = {
        "space": "right-anterior-superior",
        "space directions": np.array(directions),
        "kinds": kinds,
        "units": units,
        "encoding": encoding,
        "space origin": [1.0, 2.0, 3.0],
        f"axis {axis} index values": "0 1500 3000 4500 6000 7500",
    }
    pynrrd.write(str(tmp_path / "a.nrrd"), np.asfortranarray(values), header)
    series = read_series(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(series.values, frames())
    np.testing.assert_array_equal(series.times, np.arange(6) * 1.5)
    assert series.geometry.spacing == (2.0, 2.5, 3.0)
    assert series.time_source == "sequence index (ms)"


@pytest.mark.parametrize(
    ("space", "signs"),
    [("left-posterior-superior", (-1, -1, 1)), ("LAS", (-1, 1, 1)), ("right-anterior-superior", (1, 1, 1))],
)
def test_spaces_are_turned_into_ras(space, signs, tmp_path):
    series = read_series(nrrd(tmp_path / "a.seq.nrrd", space=space))
    np.testing.assert_array_equal(series.geometry.affine, np.diag([*signs, 1]) @ AFFINE)


def test_four_dimensional_images_of_itk_need_times(tmp_path):
    import SimpleITK as itk

    image = itk.JoinSeries([itk.GetImageFromArray(volume) for volume in frames()])
    image.SetSpacing((2, 2.5, 3, 4))
    itk.WriteImage(image, str(tmp_path / "a.nrrd"))
    with pytest.raises(InputError, match="--frame-interval") as caught:
        read_series(tmp_path / "a.nrrd")
    assert caught.value.code == "E-TIME-MISSING"
    series = read_series(tmp_path / "a.nrrd", frame_interval=4.0)
    np.testing.assert_array_equal(series.values, frames())
    assert series.geometry.spacing == (2.0, 2.5, 3.0)
    assert "W-GEO-ORIENTATION" in [finding.code for finding in series.findings]


def test_keys_called_like_fields_do_not_change_the_space(tmp_path):
    path = nrrd(tmp_path / "a.nrrd", frames()[0], keys="space:=left-posterior-superior\n")
    np.testing.assert_array_equal(read_nrrd(path).geometry.affine, AFFINE)


def test_detached_data_file_and_big_endian(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"skip" + frames().astype(">i2").tobytes())
    path = nrrd(tmp_path / "a.nhdr", data_file="a.raw", byte_skip="4", endian="big")
    np.testing.assert_array_equal(read_series(path).values, frames())
    last = nrrd(tmp_path / "b.nhdr", data_file="a.raw", byte_skip="-1", endian="big")
    np.testing.assert_array_equal(read_series(last).values, frames())


def test_uncompressed_voxels_stay_on_disk(tmp_path):
    assert isinstance(read_nrrd(nrrd(tmp_path / "a.seq.nrrd")).values, np.memmap)


def test_frame_numbers_are_not_times_but_frame_labels_are(tmp_path):
    # What Slicer's DICOM import leaves: numbers as index without unit, times in MultiVolume.*
    keys = "axis 3 index values:=0 1 2 3 4 5\nMultiVolume.FrameLabels:=0,4500,9100,13500,18000,22500\n"
    keys += "MultiVolume.FrameIdentifyingDICOMTagName:=AcquisitionTime\n"
    keys += "MultiVolume.FrameIdentifyingDICOMTagUnits:=ms\nMultiVolume.DICOM.RepetitionTime:=5.1\n"
    series = read_series(nrrd(tmp_path / "a.seq.nrrd", keys=keys, units=None))
    np.testing.assert_array_equal(series.times, [0, 4.5, 9.1, 13.5, 18, 22.5])
    assert series.time_source == "MultiVolume.FrameLabels: AcquisitionTime (ms)"
    assert series.acquisition.repetition_time == pytest.approx(0.0051)


def test_flip_angles_as_frame_labels_are_not_times(tmp_path):
    keys = "MultiVolume.FrameLabels:=2,5,10,15,20,25\nMultiVolume.FrameIdentifyingDICOMTagName:=FlipAngle\n"
    keys += "MultiVolume.FrameIdentifyingDICOMTagUnits:=degrees\n"
    with pytest.raises(Exception, match="frames differ in FlipAngle .*which is no time.*--frame-interval"):
        read_series(nrrd(tmp_path / "a.nrrd", keys=keys))


def test_oblique_affine_and_awkward_names_survive(tmp_path):
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * [1 / 3, 0.1, 7.7], [np.pi, -np.e, 1e-7]
    image = Map(frames()[0], Geometry((3, 4, 5), affine), "1/min", 'Ktrans \\ "β"\nsecond line')
    read = read_map(write_map(tmp_path / "a.nrrd", image))
    np.testing.assert_array_equal(read.geometry.affine, affine)
    assert (read.unit, read.name) == (image.unit, image.name)


@pytest.mark.slicer
def test_slicer_reads_and_writes_the_same_sequence(tmp_path):
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLSequenceNode, vtkMRMLVolumeSequenceStorageNode

    facts = Acquisition(modality="MR", repetition_time=0.0043, flip_angle=12.0)
    geometry = Geometry((3, 4, 5), AFFINE)
    series = Series(frames(dtype="float32"), [0, 1.5, 3, 4.75, 6, 9], geometry, "mmol/L", "dce", facts)
    write_series(tmp_path / "a.seq.nrrd", series)
    scene, sequence, storage = vtkMRMLScene(), vtkMRMLSequenceNode(), vtkMRMLVolumeSequenceStorageNode()
    scene.AddNode(sequence)
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "a.seq.nrrd"))
    assert storage.ReadData(sequence)
    assert sequence.GetNumberOfDataNodes() == 6
    assert (sequence.GetIndexName(), sequence.GetIndexUnit()) == ("time", "s")
    assert [float(sequence.GetNthIndexValue(n)) for n in range(6)] == series.times.tolist()
    assert isinstance(sequence.GetNthDataNode(0), vtkMRMLScalarVolumeNode)
    assert sequence.GetAttribute("MultiVolume.DICOM.FlipAngle") == "12.0"
    storage.SetFileName(str(tmp_path / "b.seq.nrrd"))
    assert storage.WriteData(sequence)
    again = read_series(tmp_path / "b.seq.nrrd")
    np.testing.assert_array_equal(again.values, series.values)
    np.testing.assert_array_equal(again.times, series.times)
    assert again.geometry == geometry
