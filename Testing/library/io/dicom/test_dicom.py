"""Dynamic DICOM series: place, order and time of the frames."""

from __future__ import annotations

import warnings

import numpy as np
import pydicom.data
import pytest
from library.io.dicom.dicom_phantom import (
    ORIGIN,
    TIMES,
    expected_affine,
    header,
    save,
    voxels,
    write_classic,
    write_enhanced,
)

from SpatioTemporalLib import InputError, read_series


def codes(series) -> list[str]:
    return [finding.code for finding in series.findings]


def test_classic_series_is_sorted_by_place_and_time(tmp_path):
    series = read_series(write_classic(tmp_path))
    np.testing.assert_array_equal(series.values, voxels())
    np.testing.assert_allclose(series.geometry.affine, expected_affine(), atol=1e-6)
    assert series.times.tolist() == list(TIMES)
    assert (series.name, series.time_source) == ("MR series 7", "DICOM AcquisitionTime")
    assert series.acquisition.known() == {
        "modality": "MR",
        "repetition_time": 0.00525,
        "echo_time": 0.0015,
        "flip_angle": 15.0,
        "field_strength": 3.0,
    }
    assert series.findings == ()


def test_enhanced_series_takes_place_time_and_facts_from_its_groups(tmp_path):
    series = read_series(write_enhanced(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(series.values, voxels())
    np.testing.assert_allclose(series.geometry.affine, expected_affine(), atol=1e-6)
    assert series.times.tolist() == list(TIMES)
    assert series.time_source == "DICOM FrameAcquisitionDateTime"
    assert (series.acquisition.repetition_time, series.acquisition.flip_angle) == (0.0045, 20.0)


def test_simpleitk_agrees_on_place_and_values_of_one_volume(tmp_path):
    import SimpleITK as itk

    write_classic(tmp_path, lambda dataset, t, k: t == 2)
    reader = itk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    volume = reader.Execute()
    write_classic(tmp_path)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.values[2], itk.GetArrayFromImage(volume))
    for index in [(0, 0, 0), (4, 3, 2)]:
        ras = np.array(volume.TransformIndexToPhysicalPoint(index)) * [-1, -1, 1]
        np.testing.assert_allclose(series.geometry.ijk_to_ras(index), ras, atol=1e-5)


def test_frames_filed_as_series_of_their_own_are_put_together(tmp_path):
    def split(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.3.1.{t + 1}", 700 + t

    series = read_series(write_classic(tmp_path, split))
    np.testing.assert_array_equal(series.values, voxels())
    assert series.times.tolist() == list(TIMES)


def test_colour_ultrasound_becomes_grey(tmp_path):
    path = pydicom.data.get_testdata_file("examples_ybr_color.dcm", download=False)
    series = read_series(path)
    assert series.values.shape == (30, 1, 240, 320)
    np.testing.assert_allclose(series.times[-1], 29 * 0.033333, rtol=1e-9)
    assert {"R-COLOUR", "W-LOSSY", "W-GEO-ORIENTATION"} <= set(codes(series))
    np.testing.assert_allclose(series.geometry.spacing[:2], 0.5105, atol=1e-4)
    # The first component of YBR is the brightness that was wanted.
    from pydicom.pixels import pixel_array

    brightness = pixel_array(path, index=0, raw=True)[..., 0]
    off = np.abs(series.values[0, 0] - brightness)
    # Colours outside the range of RGB are clipped on the way, which changes a few pixels.
    assert np.quantile(off, 0.999) < 2
    assert off.max() < 8


def test_computed_tomography_is_in_hounsfield_units(tmp_path):
    def tomography(dataset, t, k):
        dataset.Modality, dataset.RescaleSlope, dataset.RescaleIntercept = "CT", 1, -1024
        dataset.ContrastBolusAgent = "iohexol"
        for keyword in ("RepetitionTime", "EchoTime", "FlipAngle"):
            delattr(dataset, keyword)

    series = read_series(write_classic(tmp_path, tomography))
    np.testing.assert_array_equal(series.values, voxels().astype(float) - 1024)
    assert (series.unit, series.acquisition.agent) == ("HU", "iohexol")


def test_files_without_preamble_and_ids_are_read(tmp_path):
    def bare(dataset, t, k):
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
            delattr(dataset, keyword)
        dataset.FlipAngle = 12

    write_classic(tmp_path, bare)
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        # The file meta group is as long as its first element says.
        path.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.values, voxels())
    assert series.acquisition.flip_angle == 12


def test_implicit_encoding_without_preamble(tmp_path):
    from pydicom.filewriter import write_dataset

    write_classic(tmp_path)
    for path in list(tmp_path.iterdir()):
        dataset = pydicom.dcmread(path)
        with open(path, "wb") as stream:
            buffer = pydicom.filebase.DicomFileLike(stream)
            buffer.is_implicit_VR, buffer.is_little_endian = True, True
            write_dataset(buffer, dataset)
    np.testing.assert_array_equal(read_series(tmp_path).values, voxels())


def test_run_length_encoding_is_read(tmp_path):
    def packed(dataset, t, k):
        dataset["PixelData"].VR = "OW"
        dataset.SOPInstanceUID = f"1.2.3.4.{t}.{k + 1}"
        dataset.compress(pydicom.uid.RLELossless)

    np.testing.assert_array_equal(read_series(write_classic(tmp_path, packed)).values, voxels())


def test_copies_of_a_file_are_dropped(tmp_path):
    write_classic(tmp_path)
    first = next(iter(sorted(tmp_path.iterdir())))
    (tmp_path / "copy.dcm").write_bytes(first.read_bytes())
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.values, voxels())
    assert codes(series) == ["R-DICOM-COPY"]


def test_two_patients_are_never_mixed_and_never_named(tmp_path):
    def other(dataset, t, k):
        if t == 2:
            dataset.PatientID = "ZZPHI_OTHER"

    with pytest.raises(InputError, match="more than one patient") as caught:
        read_series(write_classic(tmp_path, other))
    assert caught.value.code == "E-PATIENT-MIX"
    assert "ZZPHI" not in str(caught.value)


def test_nothing_of_the_patient_is_kept(tmp_path):
    folder = write_classic(tmp_path / "ZZPHI_NAME")
    (folder / "ZZPHI notes.txt").write_text("ZZPHI")
    series = read_series(folder)
    kept = f"{series} {series.name} {series.time_source} {series.acquisition} {series.findings}"
    assert "W-FILES-IGNORED" in kept
    for secret in ("ZZPHI", "19610203", "20240229"):
        assert secret not in kept


def test_header_values_reach_neither_log_nor_warnings(tmp_path, caplog, recwarn):
    def odd(dataset, t, k):
        dataset.FlipAngle = "12.00000000000000000000001"
        dataset.add_new(0x00080018, "UI", f"1.2.3.ZZPHI.{t}.{k}")
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.add_new(0x00080060, "CS", "MR ZZPHI lower case")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_classic(tmp_path, odd)
    caplog.clear()
    recwarn.clear()
    read_series(tmp_path)
    assert "ZZPHI" not in caplog.text
    assert not recwarn.list


def test_original_series_is_preferred_to_one_derived_from_it(tmp_path):
    write_classic(tmp_path / "a")

    def derived(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.9", 9
        dataset.ImageType = ["DERIVED", "SECONDARY", "SUBTRACT"]

    write_classic(tmp_path / "b", derived)
    series = read_series(tmp_path)
    assert series.name == "MR series 7"
    assert "series 9" in str(series.findings[0])


def test_gantry_tilt_gives_a_sheared_grid_and_says_so(tmp_path):
    def tilted(dataset, t, k):
        dataset.ImagePositionPatient = [float(x) for x in ORIGIN + [0, 0.4 * k, 3.0 * k]]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]

    series = read_series(write_classic(tmp_path, tilted))
    assert codes(series) == ["W-GEO-SHEAR"]
    np.testing.assert_allclose(series.geometry.affine[:3, 2], [0, -0.4, 3.0])


def test_one_slice_over_time_takes_its_thickness(tmp_path):
    series = read_series(write_classic(tmp_path, slices=(0.0,)))
    assert series.geometry.shape == (1, 4, 5)
    np.testing.assert_allclose(series.geometry.spacing, (2.0, 1.5, 2.5))


def test_single_dicom_image_is_no_series(tmp_path):
    dataset = header()
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    with pytest.raises(InputError) as caught:
        read_series(save(dataset, tmp_path / "a.dcm", voxels()[0, 0]))
    assert caught.value.code == "E-ONE-FRAME"
