"""Frame intervals that are the pulse's, indices that are no times, and files in the order of letters."""

from __future__ import annotations

import nrrd
import numpy as np
import pytest
from library.io.bad_inputs.files import frames, nifti, sidecar

import SpatioTemporalLib as st
from SpatioTemporalLib import InputError, read_series

PULSE = {"Modality": "MR", "EchoTime": 0.0017, "FlipAngle": 12}


def codes(series):
    return {finding.code for finding in series.findings}


def test_an_interval_that_programs_write_where_they_know_none_is_told(tmp_path):
    path = nifti(tmp_path / "a.nii", pixdim={4: 1.0})
    assert "W-TIME-DEFAULT" in codes(read_series(path))
    assert "W-TIME-DEFAULT" not in codes(read_series(path, frame_interval=1))
    assert "W-TIME-DEFAULT" not in codes(read_series(sidecar(path, Modality="MR", RepetitionTime=1.0)))
    assert "W-TIME-DEFAULT" not in codes(read_series(nifti(tmp_path / "b.nii", pixdim={4: 1.5})))


@pytest.mark.parametrize("interval", [0.006, 0.053])
@pytest.mark.parametrize("key", ["RepetitionTime", "RepetitionTimeExcitation"])
def test_an_interval_that_repeats_the_repetition_time_of_the_pulse_is_refused(interval, key, tmp_path):
    path = sidecar(nifti(tmp_path / "a.nii", pixdim={4: interval}), **PULSE, **{key: interval})
    with pytest.raises(InputError, match=f"repeats the pulse's {key}") as caught:
        read_series(path)
    assert caught.value.code == "E-TIME-MISSING"
    series = read_series(path, frame_interval=5)
    assert (series.intervals[0], series.acquisition.repetition_time) == (5, interval)


@pytest.mark.parametrize("interval", [0.006, 0.053])
def test_a_header_alone_with_so_short_an_interval_is_told_and_no_kinetics_run_on_it(interval, tmp_path):
    series = read_series(nifti(tmp_path / "a.nii", pixdim={4: interval}))
    assert "W-TIME-PULSE" in codes(series)
    with pytest.raises(InputError, match="repetition time of the pulse") as caught:
        st.run("kinetics.enhancement", series=series)
    assert caught.value.code == "E-TIME-INTERVAL"


def test_milliseconds_taken_for_seconds_are_refused_by_kinetics():
    series = st.Series.from_curves(np.arange(10) * 5000.0, np.linspace(1, 2, 10))
    with pytest.raises(InputError, match="5000 s apart.*milliseconds") as caught:
        st.run("kinetics.enhancement", series=series)
    assert caught.value.code == "E-TIME-INTERVAL"


@pytest.mark.parametrize("key", ["EchoTime", "FlipAngle", "InversionTime"])
def test_frames_that_differ_in_a_setting_are_no_times(key, tmp_path):
    path = sidecar(nifti(tmp_path / "a.nii"), Modality="MR", RepetitionTime=2.0, **{key: [2, 4, 6, 8, 10, 12]})
    with pytest.raises(InputError, match=f"its frames differ in {key}"):
        read_series(path)


def sequence(path, index, label="time", **keys):
    header = {
        "space": "left-posterior-superior",
        "kinds": ["domain", "domain", "domain", "list"],
        "space directions": [[2, 0, 0], [0, 2, 0], [0, 0, 3], [np.nan] * 3],
        "space origin": [0, 0, 0],
        "labels": ["", "", "", label],
        "units": ["", "", "", "ms" if label != "time" else "s"],
        "axis 3 index type": "numeric",
        "axis 3 index values": index,
    }
    nrrd.write(str(path), np.moveaxis(frames(), 0, -1).astype(np.float32), {**header, **keys})
    return path


@pytest.mark.parametrize("index", ["0 1 2 3 4 5", "1 2 3 4 5 6"])
def test_frame_numbers_in_a_file_are_no_seconds(index, tmp_path):
    with pytest.raises(InputError, match="as Slicer numbers frames.*--frame-interval"):
        read_series(sequence(tmp_path / "a.seq.nrrd", index))


def test_one_frame_a_second_that_was_written_here_is_believed(tmp_path):
    series = st.Series(frames(), np.arange(6.0), st.Geometry.from_spacing(frames().shape[1:]), time_source="given")
    assert st.read_series(st.write_series(tmp_path / "a.seq.nrrd", series)).times.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("label", ["EchoTime", "Echo Time", "inversion_time"])
def test_an_index_that_is_a_setting_is_no_time(label, tmp_path):
    with pytest.raises(InputError, match=f"index is {label}"):
        read_series(sequence(tmp_path / "a.seq.nrrd", "2 4 6 8 10 12", label))


def test_labels_that_are_echo_times_are_no_times(tmp_path):
    keys = {
        "MultiVolume.FrameIdentifyingDICOMTagName": "EchoTime",
        "MultiVolume.FrameIdentifyingDICOMTagUnits": "ms",
        "MultiVolume.FrameLabels": "2,4,6,8,10,12",
    }
    with pytest.raises(InputError, match="differ in EchoTime"):
        read_series(sequence(tmp_path / "a.nrrd", "0 1 2 3 4 5", **keys))


def numbered(folder, names):
    geometry = st.Geometry.from_spacing((2, 3, 4))
    return [
        st.write_map(folder / f"{n}.nii.gz", st.Map(np.full((2, 3, 4), float(n[1:]), np.float32), geometry, "a.u."))
        for n in names
    ]


def test_volumes_from_a_shell_pattern_are_put_in_the_order_of_their_numbers(tmp_path):
    paths = numbered(tmp_path, ["v1", "v10", "v11", "v2", "v3"])
    series = read_series(paths, frame_interval=5)
    assert series.values[:, 0, 0, 0].tolist() == [1, 2, 3, 10, 11]
    assert "R-FILE-ORDER" in codes(series)
    # With a time for each, or in an order somebody chose, they stay.
    timed = read_series(paths, times=[0, 5, 10, 15, 20])
    assert timed.values[:, 0, 0, 0].tolist() == [1, 10, 11, 2, 3]
    assert "W-FILE-ORDER" in codes(timed)
    chosen = read_series(paths[::-1], frame_interval=5)
    assert (chosen.values[:, 0, 0, 0].tolist(), codes(chosen) & {"R-FILE-ORDER"}) == ([3, 2, 11, 10, 1], set())


def test_stacks_and_visits_in_the_order_of_letters_are_told_and_left(tmp_path):
    paths = numbered(tmp_path, ["v1", "v10", "v2"])
    stack = st.read_stack(paths, settings=[2, 10, 5])
    assert (stack.values[:, 0, 0, 0].tolist(), codes(stack) & {"W-FILE-ORDER"}) == ([1, 10, 2], {"W-FILE-ORDER"})
    visits = st.read_follow_up(paths, days=[0, 30, 60])
    assert "given day" in next(f.message for f in visits.findings if f.code == "W-FILE-ORDER")
    assert "W-FILE-ORDER" not in codes(st.read_follow_up([paths[0], paths[2], paths[1]], days=[0, 30, 60]))


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii.gz", "a.mha"])
def test_vectors_are_frames_when_times_are_given(name, tmp_path):
    import SimpleITK as itk

    values = np.arange(6 * 2 * 3 * 4, dtype=np.float32).reshape(6, 2, 3, 4)
    image = itk.GetImageFromArray(np.ascontiguousarray(np.moveaxis(values, 0, -1)), isVector=True)
    image.SetSpacing((2, 2, 3))
    itk.WriteImage(image, str(tmp_path / name))
    series = read_series(tmp_path / name, frame_interval=5)
    np.testing.assert_array_equal(series.values, values)
    assert series.geometry.spacing == (2, 2, 3)
    with pytest.raises(InputError, match="frame-interval") as caught:
        read_series(tmp_path / name)
    assert caught.value.code == "E-VECTOR"


def test_an_sform_that_contradicts_the_voxel_size_is_told(tmp_path):
    path = nifti(tmp_path / "a.nii", pixdim={1: 2.0, 2: 2.0, 3: 3.0})
    told = next(f for f in read_series(path).findings if f.code == "W-GEO-SPACING")
    assert "2×2×3 mm by pixdim" in told.message and "factor of" in told.message
