"""A DICOM series or folder for each time or flip angle, stopped scans, and images that are only numbered."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import SLICES, TIMES, clock, voxels, write_classic, write_enhanced

from SpatioTemporalLib import InputError, read_series, read_stack


def codes(image) -> set[str]:
    return {finding.code for finding in image.findings}


def only(frame, folder, edit=None):
    """One time of the phantom as a series and a study of its own."""

    def phase(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = f"1.2.3.7.{frame}", f"1.2.3.8.{frame}"
        dataset.SeriesNumber, dataset.InstanceNumber = 10 + frame, k + 1
        if edit:
            edit(dataset, t, k)
        return t == frame

    return write_classic(folder, phase)


def phases(folder, edit=None):
    return [only(t, folder / f"phase{t}", edit) for t in range(len(TIMES))]


def untimed(dataset, t, k):
    del dataset.AcquisitionTime, dataset.AcquisitionDate


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_a_list_of_folders_is_one_series_in_order_of_time(order, tmp_path):
    folders = phases(tmp_path)
    series = read_series([folders[n] for n in order])
    np.testing.assert_array_equal(series.values, voxels())
    assert series.times.tolist() == list(TIMES)
    assert codes(series) == {"R-DICOM-PHASES"}


def test_one_folder_with_a_series_for_each_time_is_one_series(tmp_path):
    phases(tmp_path)
    np.testing.assert_array_equal(read_series(tmp_path).values, voxels())


def test_the_list_orders_folders_that_no_tag_does(tmp_path):
    folders = phases(tmp_path, untimed)
    with pytest.raises(InputError, match="--frame-interval"):
        read_series(folders)
    series = read_series(folders[::-1], frame_interval=60)
    np.testing.assert_array_equal(series.values, voxels()[::-1])
    assert "W-DICOM-ORDER" in codes(series)


def test_a_list_in_the_order_of_letters_is_put_in_that_of_its_numbers_where_no_tag_orders_it(tmp_path):
    made = [only(t, tmp_path / f"phase{n}", untimed) for t, n in enumerate((1, 2, 10, 11))]
    by_letters = sorted(made, key=str)
    assert by_letters != made
    series = read_series(by_letters, frame_interval=60)
    np.testing.assert_array_equal(series.values, voxels())
    assert "R-FILE-ORDER" in codes(series)
    given = read_series(by_letters, times=[0, 60, 120, 180])
    np.testing.assert_array_equal(given.values, voxels()[[0, 2, 3, 1]])
    assert "W-FILE-ORDER" in codes(given)


def test_series_that_nothing_else_orders_are_ordered_by_their_numbers_and_told(tmp_path):
    def of_one_study(dataset, t, k):
        untimed(dataset, t, k)
        dataset.StudyInstanceUID = "1.2.3.8"

    for t in range(len(TIMES)):
        only(t, tmp_path / f"p{t}", of_one_study)
    with pytest.raises(InputError, match="--frame-interval"):
        read_series(tmp_path)
    series = read_series(tmp_path, frame_interval=60)
    np.testing.assert_array_equal(series.values, voxels())
    assert any("SeriesNumber" in f.message for f in series.findings if f.code == "W-DICOM-ORDER")


def test_the_times_of_series_are_used_where_images_have_none_and_told(tmp_path):
    def began(dataset, t, k):
        untimed(dataset, t, k)
        dataset.SeriesDate, dataset.SeriesTime = "20240229", clock(90 * t)

    series = read_series(phases(tmp_path, began))
    assert series.times.tolist() == [0, 90, 180, 270]
    assert "W-TIME-CONTENT" in codes(series)


def test_series_of_different_days_are_no_times_of_one_series(tmp_path):
    def other_day(dataset, t, k):
        dataset.AcquisitionDate = f"2024030{1 + t}"

    phases(tmp_path, other_day)
    with pytest.raises(InputError, match="more than half a day apart.*--visits") as caught:
        read_series(tmp_path)
    assert caught.value.code == "E-DICOM-PHASES"


def test_a_volume_before_contrast_belongs_to_the_dynamic_series_that_is_alike(tmp_path):
    only(0, tmp_path / "before")

    def rest(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "1.2.3.7.9", "1.2.3.8.9"
        return t > 0

    write_classic(tmp_path / "after", rest)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.values, voxels())


def test_two_dynamic_series_that_are_alike_stay_two(tmp_path):
    for number in (1, 2):

        def run(dataset, t, k, number=number):
            dataset.SeriesInstanceUID = f"1.2.3.7.{number}"
            dataset.AcquisitionTime = clock(1000 * number + TIMES[t])

        write_classic(tmp_path / str(number), run)
    with pytest.raises(InputError, match="2 dynamic series"):
        read_series(tmp_path)


@pytest.mark.parametrize("left_out", [{(3, 1)}, {(3, 0), (3, 2)}, {(2, 1), (3, 1)}])
def test_a_stopped_scan_gives_its_whole_volumes(left_out, tmp_path):
    def stopped(dataset, t, k):
        dataset.AcquisitionTime = clock(TIMES[t] + 0.7 * k)
        return (t, k) not in left_out

    whole = min(t for t, _ in left_out)
    series = read_series(write_classic(tmp_path, stopped))
    np.testing.assert_array_equal(series.values, voxels()[:whole])
    assert series.times.tolist() == list(TIMES[:whole])
    assert codes(series) == {"W-DICOM-STOPPED"}


def test_an_enhanced_file_of_a_stopped_scan_gives_its_whole_volumes(tmp_path):
    def stopped(dataset):
        dataset.NumberOfFrames = len(TIMES) * len(SLICES) - 1
        dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:-1]
        dataset.PixelData = dataset.PixelData[: -4 * 5 * 2]

    np.testing.assert_array_equal(read_series(write_enhanced(tmp_path / "a.dcm", stopped)).values, voxels()[:3])


@pytest.mark.parametrize("missing", [(1, 1), (0, 2)])
def test_an_image_that_is_missing_before_the_end_is_refused(missing, tmp_path):
    with pytest.raises(InputError, match="has no image at") as caught:
        read_series(write_classic(tmp_path, lambda dataset, t, k: (t, k) != missing))
    assert caught.value.code == "E-DICOM-GRID"


@pytest.mark.parametrize("number", [lambda t, k: 3 * t + k, lambda t, k: 4 * k + t], ids=["by volume", "by slice"])
def test_numbers_of_images_order_them_when_times_are_given(number, tmp_path):
    def numbered(dataset, t, k):
        untimed(dataset, t, k)
        dataset.InstanceNumber = 1 + number(t, k)

    series = read_series(write_classic(tmp_path, numbered), frame_interval=5)
    np.testing.assert_array_equal(series.values, voxels())
    assert "W-DICOM-ORDER" in codes(series)


def test_the_time_of_storing_is_the_last_resort_and_told(tmp_path):
    def stored(dataset, t, k):
        untimed(dataset, t, k)
        dataset.ContentDate, dataset.ContentTime = "20240229", clock(2 * TIMES[t])

    series = read_series(write_classic(tmp_path / "a", stored))
    assert (series.times.tolist(), codes(series)) == ([2 * t for t in TIMES], {"W-TIME-CONTENT"})

    def positioned(dataset, t, k):
        stored(dataset, t, k)
        dataset.TemporalPositionIdentifier, dataset.TemporalResolution = t + 1, 6500

    series = read_series(write_classic(tmp_path / "b", positioned))
    assert (series.times.tolist(), codes(series)) == ([0, 6.5, 13, 19.5], set())


ANGLES = (15.0, 2.0, 5.0)


def flip_angles(folder, together):
    for n, angle in enumerate(ANGLES):

        def angled(dataset, t, k, n=n, angle=angle):
            dataset.FlipAngle = angle
            dataset.SeriesInstanceUID = "1.2.3.7" if together else f"1.2.3.7.{n}"
            return t == n

        write_classic(folder if together else folder / f"fa{angle:g}", angled)
    return folder


@pytest.mark.parametrize("together", [True, False])
def test_one_folder_of_flip_angles_is_a_stack_in_rising_order(together, tmp_path):
    stack = read_stack(flip_angles(tmp_path, together))
    assert stack.settings.tolist() == [2, 5, 15]
    np.testing.assert_array_equal(stack.values, voxels()[[1, 2, 0]])
    assert stack.acquisition.repetition_time == 0.00525


def test_a_folder_for_each_flip_angle_is_a_stack_in_the_order_given(tmp_path):
    flip_angles(tmp_path, together=False)
    stack = read_stack([tmp_path / f"fa{angle:g}" for angle in ANGLES])
    assert stack.settings.tolist() == list(ANGLES)
    np.testing.assert_array_equal(stack.values, voxels()[:3])


def test_images_that_do_not_differ_in_the_setting_are_no_stack(tmp_path):
    with pytest.raises(InputError, match="do not differ in flip_angle, which is 15"):
        read_stack(write_classic(tmp_path))
    flip_angles(tmp_path / "b", together=False)
    with pytest.raises(InputError, match="do not differ in inversion_time, which is not given"):
        read_stack(tmp_path / "b", setting="inversion_time", setting_unit="s")
