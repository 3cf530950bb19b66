"""Frame times of a series: where they come from, and when they are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, frames, nifti, sidecar, text

from SpatioTemporalLib import InputError, read_series
from SpatioTemporalLib.io.images.time_axis import check_plausible_interval, repair_time_axis


@pytest.mark.parametrize(
    ("unit", "interval", "word"), [(8, 2.5, "sec"), (16, 2500.0, "msec"), (24, 2.5e6, "usec")], ids=["s", "ms", "us"]
)
def test_interval_in_the_header_is_converted_by_its_unit(unit, interval, word, tmp_path):
    series = read_series(nifti(tmp_path / "a.nii", pixdim={4: interval}, xyzt_units=unit + 2))
    np.testing.assert_allclose(series.times, np.arange(6) * 2.5, rtol=1e-12)
    assert series.time_source == f"NIfTI pixdim[4] ({word})"


def test_volume_timing_goes_before_the_header_and_is_exact(tmp_path):
    times = [0, 2.0000000000000004, 4.1, 6.3, 8.7, 11.123456789012345]
    series = read_series(sidecar(nifti(tmp_path / "a.nii"), VolumeTiming=times))
    assert series.times.tolist() == times
    assert series.time_source == "BIDS VolumeTiming"


def test_pet_frames_start_when_the_side_car_says(tmp_path):
    path = sidecar(
        nifti(tmp_path / "a.nii"), Modality="PT", Units="Bq/mL", FrameTimesStart=[0, 10, 30, 60, 120, 300],
        FrameDuration=[10, 20, 30, 60, 180, 300],
    )  # fmt: skip
    series = read_series(path)
    assert series.times.tolist() == [0, 10, 30, 60, 120, 300]
    assert (series.unit, series.time_source) == ("Bq/mL", "BIDS FrameTimesStart")


def test_repetition_time_of_a_series_is_its_interval_not_the_pulses(tmp_path):
    path = sidecar(
        nifti(tmp_path / "a_dce.nii", pixdim={4: 0}),
        RepetitionTime=3.5, RepetitionTimeExcitation=0.0042, FlipAngle=12, EchoTime=0.0018, MagneticFieldStrength=3,
        Modality="MR",
    )  # fmt: skip
    series = read_series(path)
    np.testing.assert_array_equal(series.times, np.arange(6) * 3.5)
    assert series.time_source == "BIDS RepetitionTime"
    assert series.acquisition.known() == {
        "modality": "MR",
        "repetition_time": 0.0042,
        "echo_time": 0.0018,
        "flip_angle": 12.0,
        "field_strength": 3.0,
    }


def test_repetition_time_of_bold_is_the_pulses_too(tmp_path):
    series = read_series(sidecar(nifti(tmp_path / "sub-01_bold.nii"), RepetitionTime=2.0))
    assert series.acquisition.repetition_time == 2.0


def test_pulse_repetition_time_is_not_taken_for_the_interval(tmp_path):
    path = sidecar(nifti(tmp_path / "a.nii", pixdim={4: 0}), RepetitionTime=0.0042)
    with pytest.raises(InputError, match="pulse sequence.*--frame-interval") as caught:
        read_series(path)
    assert caught.value.code == "E-TIME-MISSING"
    series = read_series(path, frame_interval=3.0)
    assert (series.times[1], series.acquisition.repetition_time) == (3.0, 0.0042)
    nifti(path, pixdim={4: 3.5})
    assert read_series(path).time_source == "NIfTI pixdim[4] (sec)"


def test_disagreeing_header_and_side_car_are_told(tmp_path):
    series = read_series(sidecar(nifti(tmp_path / "a.nii"), RepetitionTime=3.0))
    (finding,) = series.findings
    assert finding.code == "W-TIME-DISAGREE"
    assert "3 s by RepetitionTime" in finding.message
    assert "2 s by NIfTI pixdim[4]" in finding.message


def test_given_times_and_interval_go_before_the_file(tmp_path):
    path = nifti(tmp_path / "a.nii")
    assert read_series(path, times=[0, 1, 2, 4, 8, 16]).times.tolist() == [0, 1, 2, 4, 8, 16]
    by_interval = read_series(path, frame_interval=0.7)
    assert by_interval.times.tolist() == [n * 0.7 for n in range(6)]
    assert by_interval.time_source == "given frame interval"
    with pytest.raises(InputError, match="both"):
        read_series(path, times=range(6), frame_interval=1.0)


def test_list_of_volumes_with_times(tmp_path):
    paths = [nifti(tmp_path / f"v{n}.nii", frames()[n]) for n in range(3)]
    series = read_series(paths, times=[0, 2.5, 7])
    np.testing.assert_array_equal(series.values, frames()[:3])
    assert series.name == "v0"
    with pytest.raises(InputError, match="v0.nii.*no frame times") as caught:
        read_series(paths)
    assert caught.value.code == "E-TIME-MISSING"


@pytest.mark.parametrize(
    ("content", "times"),
    [
        ("time [s],a [mM],b [mM]\n0,1,4\n1.5,2,5\n4,3,6\n", [0, 1.5, 4]),
        ("time [min]\ta [mM]\tb [mM]\n0\t1\t4\n0.5\t2\t5\n2\t3\t6\n", [0, 30, 120]),
        ("\ufeffTime (ms);a [mM];b [mM]\r\n0;1,0;4,0\r\n1500;2,0;5,0\r\n4000;3,0;6,0\r\n", [0, 1.5, 4]),
    ],
    ids=["comma", "tabs in minutes", "byte order mark, semicolons, decimal commas, ms"],
)
def test_curves_in_a_table_become_voxels(content, times, tmp_path):
    name = "a.tsv" if "\t" in content else "a.csv"
    series = read_series(text(tmp_path / name, content))
    assert series.times.tolist() == times
    assert (series.unit, series.geometry.shape) == ("mM", (1, 1, 2))
    np.testing.assert_array_equal(series.values[:, 0, 0], [[1, 4], [2, 5], [3, 6]])


def test_name_is_the_files_unless_given(tmp_path):
    path = nifti(tmp_path / "dce.nii.gz")
    assert read_series(path).name == "dce"
    assert read_series(path, name="left breast").name == "left breast"


def test_exact_affine_of_a_side_car_is_used_only_when_it_fits_the_header(tmp_path):
    exact = AFFINE.copy()
    exact[0, 3] += 1e-9
    path = sidecar(nifti(tmp_path / "a.nii"), SpatioTemporal={"Affine": exact.tolist()})
    np.testing.assert_array_equal(read_series(path).geometry.affine, exact)
    exact[0, 3] += 1
    sidecar(path, SpatioTemporal={"Affine": exact.tolist()})
    stale = read_series(path)
    np.testing.assert_array_equal(stale.geometry.affine, AFFINE)
    assert [f.code for f in stale.findings] == ["W-SIDECAR-STALE"]


@pytest.mark.parametrize(
    "content", ["not json", "[1, 2]", json.dumps({"FlipAngle": "twelve"}), json.dumps({"VolumeTiming": [[0, 1]]})]
)
def test_broken_side_car_is_named(content, tmp_path):
    path = nifti(tmp_path / "a.nii")
    text(tmp_path / "a.json", content)
    with pytest.raises(InputError, match="a.json") as caught:
        read_series(path)
    assert caught.value.code == "E-SIDECAR"


def test_time_axis_leaves_good_times_alone():
    times, keep, findings = repair_time_axis([0, 1, 2.5], None, "a")
    assert (times.tolist(), keep.tolist(), findings) == ([0, 1, 2.5], [0, 1, 2], ())


def test_time_axis_sorts_then_drops_copies():
    values = np.array([[3.0], [1.0], [1.0], [np.nan]])
    times, keep, findings = repair_time_axis([3, 1, 1, 2], values, "a")
    assert (times.tolist(), keep.tolist()) == ([1, 2, 3], [1, 3, 0])
    assert [f.code for f in findings] == ["R-TIME-ORDER", "R-TIME-DUP"]


def test_interval_of_an_unknown_kind_is_doubted_not_refused():
    (finding,) = check_plausible_interval(np.array([0, 5000.0]), None, "a")
    assert finding.code == "W-TIME-UNIT"
    assert "does not say what kind" in finding.message
    assert check_plausible_interval(np.array([0, 5.0]), None, "a") == ()
