"""Bad time axes: rows 1 to 15 of the table of bad inputs in the reliability specification."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import (
    Bad,
    assert_refused,
    assert_told,
    csv,
    dicom,
    frames,
    nifti,
    nrrd,
    series_of,
    sidecar,
)
from library.io.dicom.dicom_phantom import write_classic

from SpatioTemporalLib import read_series


def past_midnight(dated: bool):
    def edit(dataset, t, k):
        dataset.AcquisitionTime = ["235950", "235957", "000004", "000011"][t]
        dataset.AcquisitionDate = "20240301" if dated and t > 1 else "20240229"

    return edit


def jump(dataset, t, k):
    dataset.TriggerTime = [0, 9000, 18000, 27000][t]


def duplicated() -> np.ndarray:
    values = frames()
    values[3] = values[2]
    return values


REFUSED = [
    Bad(3, "same time, other frame", series_of(nifti, times=[0, 1, 2, 2, 3, 4]), "E-TIME-DUP", ("frames 2 and 3",)),
    Bad(6, "fewer times than frames", series_of(nifti, times=[0, 1, 2, 3]), "E-TIME-COUNT", ("4 frame times for 6",)),
    Bad(6, "more times than frames", series_of(nifti, times=range(9)), "E-TIME-COUNT", ("9 frame times for 6",)),
    Bad(
        6,
        "fewer times in the side-car",
        lambda d: read_series(sidecar(nifti(d / "a.nii"), VolumeTiming=[0, 1])),
        "E-TIME-COUNT",
        ("2 frame times",),
    ),
    Bad(7, "NaN time", series_of(nifti, times=[0, 1, np.nan, 3, 4, 5]), "E-TIME-VALUE", ("frame 2 is 'nan'",)),
    Bad(7, "negative time", series_of(nifti, times=[-5, 1, 2, 3, 4, 5]), "E-TIME-VALUE", ("frame 0 is '-5'",)),
    Bad(7, "time that is a word", csv("time [s],a [mM]\n0,1\nlate,2\n"), "E-TIME-VALUE", ("row 3", "'late'")),
    Bad(
        7,
        "infinite index",
        series_of(nrrd, name="a.seq.nrrd", keys="axis 3 index values:=0 1 2 inf 4 5\n"),
        "E-TIME-VALUE",
        ("frame 3",),
    ),
    Bad(
        8,
        "BOLD in ms taken for s",
        series_of(nifti, name="a_bold.nii", pixdim={4: 2500.0}),
        "E-TIME-UNIT",
        ("2500 s apart", "milliseconds", "--confirm-times"),
    ),
    Bad(
        8,
        "DCE in minutes taken for s",
        lambda d: read_series(sidecar(nifti(d / "a_dce.nii"), VolumeTiming=[0, 0.083, 0.167, 0.25, 0.333, 0.417])),
        "E-TIME-UNIT",
        ("minutes",),
    ),
    Bad(
        8,
        "MR of Slicer in ms taken for s",
        series_of(
            nrrd,
            name="a.seq.nrrd",
            keys="MultiVolume.DICOM.FlipAngle:=15\naxis 3 index values:=0 4000 8000 12000 16000 20000\n",
        ),
        "E-TIME-UNIT",
        ("4000 s apart",),
    ),
    Bad(9, "pixdim[4] = 0", series_of(nifti, pixdim={4: 0}), "E-TIME-MISSING", ("pixdim[4] = 0", "--frame-interval")),
    Bad(
        9,
        "pixdim[4] = 1 without unit",
        series_of(nifti, pixdim={4: 1}, xyzt_units=2),
        "E-TIME-MISSING",
        ("without a unit", "--times"),
    ),
    Bad(9, "pixdim[4] in hertz", series_of(nifti, xyzt_units=34), "E-TIME-MISSING", ("without a unit of time",)),
    Bad(
        9,
        "sequence without index",
        series_of(nrrd, name="a.nrrd", keys="note:=none\n"),
        "E-TIME-MISSING",
        ("no index values", "MultiVolume.FrameLabels"),
    ),
    Bad(11, "single frame", series_of(nifti, frames()[0]), "E-ONE-FRAME", ("at least two frames", "read_map")),
    Bad(
        13, "past midnight without dates", dicom(past_midnight(dated=False)), "E-TIME-MIDNIGHT", ("no date", "--times")
    ),
    Bad(15, "all times equal", series_of(nifti, times=[3] * 6), "E-TIME-CONSTANT", ("all 6 frames",)),
]

TOLD = [
    Bad(1, "times out of order", series_of(nifti, times=[2, 1, 3, 5, 4, 0]), "R-TIME-ORDER", ("5, 1, 0, 2, 4, 3",)),
    Bad(
        2,
        "same time, same frame",
        series_of(nifti, duplicated(), times=[0, 1, 2, 2, 3, 4]),
        "R-TIME-DUP",
        ("dropped: 3",),
    ),
    Bad(5, "missing frame", series_of(nifti, times=[0, 2, 4, 8, 10, 12]), "W-TIME-GAP", ("between 4 and 8 s",)),
    Bad(7, "decimal commas", csv("time [s];a [mM]\n0,0;1\n1,5;2\n4,25;3\n"), "R-DECIMAL-COMMA"),
    Bad(7, "decimal commas given", series_of(nifti, times=["0", "1,5", "3", "4,5", "6", "7,5"]), "R-DECIMAL-COMMA"),
    Bad(
        8,
        "odd interval of unknown kind",
        series_of(nifti, times=[n * 5000 for n in range(6)]),
        "W-TIME-UNIT",
        ("5000 s",),
    ),
    Bad(13, "past midnight with dates", dicom(past_midnight(dated=True)), "R-TIME-MIDNIGHT", ("AcquisitionTime",)),
    Bad(
        14,
        "tags disagree",
        dicom(jump),
        "W-TIME-DISAGREE",
        ("TriggerTime says every 9 s", "AcquisitionTime says every 5.5 s"),
    ),
]


@pytest.mark.parametrize("bad", REFUSED, ids=str)
def test_is_refused_with_what_where_and_what_to_do(bad, tmp_path):
    assert_refused(bad, tmp_path)


@pytest.mark.parametrize("bad", TOLD, ids=str)
def test_is_read_and_told(bad, tmp_path):
    assert_told(bad, tmp_path)


def test_sorted_frames_equal_those_that_came_in_order(tmp_path):
    order = [2, 1, 3, 5, 4, 0]
    shuffled = read_series(nifti(tmp_path / "a.nii", frames()[order]), times=[float(n) for n in order])
    np.testing.assert_array_equal(shuffled.values, frames())
    assert shuffled.times.tolist() == [0, 1, 2, 3, 4, 5]


def test_uneven_times_are_kept_as_they_are(tmp_path):
    times = [0, 1.7, 3.1, 5.6, 6.9, 8.8]
    series = read_series(nifti(tmp_path / "a.nii"), times=times)
    assert (series.times.tolist(), series.findings) == (times, ())


def test_confirmed_times_are_believed(tmp_path):
    path = nifti(tmp_path / "a_bold.nii", pixdim={4: 2500.0})
    assert read_series(path, confirm_times=True).intervals[0] == 2500


def test_frames_past_midnight_follow_those_before(tmp_path):
    series = read_series(write_classic(tmp_path, past_midnight(dated=True)))
    assert series.times.tolist() == [0, 7, 14, 21]
