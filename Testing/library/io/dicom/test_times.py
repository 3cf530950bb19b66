"""Times of DICOM frames: which tag is believed, and when none is."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import (
    TIMES,
    clock,
    voxels,
    write_cine,
    write_classic,
    write_enhanced,
)

from SpatioTemporalLib import InputError, read_series
from SpatioTemporalLib.io.dicom.headers.clocks import DAY, date_time, time_of_day


def test_trigger_time_goes_before_acquisition_time(tmp_path):
    def triggered(dataset, t, k):
        dataset.TriggerTime = TIMES[t] * 1000 + 250

    series = read_series(write_classic(tmp_path, triggered))
    assert series.times.tolist() == [t + 0.25 for t in TIMES]
    assert (series.time_source, series.findings) == ("DICOM TriggerTime", ())


def test_a_tag_that_does_not_tell_frames_apart_is_passed_over(tmp_path):
    def idle(dataset, t, k):
        dataset.TriggerTime = 12.5
        dataset.AcquisitionDateTime = "20240229100000"

    assert read_series(write_classic(tmp_path, idle)).time_source == "DICOM AcquisitionTime"


def test_slices_taken_one_after_another_give_the_start_of_each_volume(tmp_path):
    def one_by_one(dataset, t, k):
        dataset.AcquisitionTime = clock(TIMES[t] + (2 - k) * 1.5)

    assert read_series(write_classic(tmp_path, one_by_one)).times.tolist() == list(TIMES)


def test_times_that_run_slice_by_slice_are_no_times_of_volumes(tmp_path):
    def slice_by_slice(dataset, t, k):
        dataset.AcquisitionTime = clock(100 * k + TIMES[t])

    with pytest.raises(InputError, match="AcquisitionTime: runs slice by slice"):
        read_series(write_classic(tmp_path, slice_by_slice))


def test_temporal_position_and_resolution_give_times(tmp_path):
    def positions(dataset, t, k):
        del dataset.AcquisitionTime
        dataset.TemporalPositionIdentifier, dataset.TemporalResolution = t + 1, 6500

    series = read_series(write_classic(tmp_path, positions))
    assert series.times.tolist() == [0, 6.5, 13, 19.5]
    assert series.time_source == "DICOM TemporalPositionIdentifier × TemporalResolution"


def test_order_alone_suffices_when_times_are_given(tmp_path):
    def only_order(dataset, t, k):
        del dataset.AcquisitionTime
        dataset.TemporalPositionIdentifier = t + 1

    folder = write_classic(tmp_path, only_order)
    series = read_series(folder, times=[0, 4, 9, 15])
    np.testing.assert_array_equal(series.values, voxels())
    assert (series.times.tolist(), series.time_source) == ([0, 4, 9, 15], "given")
    with pytest.raises(InputError, match="--frame-interval"):
        read_series(folder)


def test_without_any_order_given_times_are_refused(tmp_path):
    def nothing(dataset, t, k):
        del dataset.AcquisitionTime

    with pytest.raises(InputError) as caught:
        read_series(write_classic(tmp_path, nothing), frame_interval=5.0)
    assert caught.value.code == "E-DICOM-ORDER"


def test_cine_takes_frame_time_or_its_vector(tmp_path):
    series = read_series(write_cine(tmp_path / "a.dcm"))
    np.testing.assert_allclose(series.times, np.arange(6) * 0.0335, rtol=1e-12)
    assert series.time_source == "DICOM FrameTime"
    uneven = write_cine(tmp_path / "b.dcm", FrameTimeVector=[0, 30, 30, 60, 30, 30])
    series = read_series(uneven)
    np.testing.assert_allclose(series.times, [0, 0.03, 0.06, 0.12, 0.15, 0.18], rtol=1e-12)
    assert series.time_source == "DICOM FrameTimeVector"


def test_temporal_index_of_enhanced_frames_gives_times(tmp_path):
    def undated(dataset):
        dataset.TemporalResolution = 2500
        for group in dataset.PerFrameFunctionalGroupsSequence:
            del group.FrameContentSequence[0].FrameAcquisitionDateTime

    series = read_series(write_enhanced(tmp_path / "a.dcm", undated))
    assert series.times.tolist() == [0, 2.5, 5, 7.5]
    np.testing.assert_array_equal(series.values, voxels())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("101530", 36930), ("101530.25", 36930.25), ("10:15:30.5", 36930.5), ("10", 36000), ("", None), ("abc", None)],
)
def test_times_of_day(text, seconds):
    assert time_of_day(text) == (None if seconds is None else seconds * 1e6)


def test_date_times_leave_out_the_zone_and_refuse_impossible_days():
    assert date_time("20240229000001.5+0100") % DAY == 1_500_000
    assert date_time("20230229000001") is None
