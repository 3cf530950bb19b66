"""NIfTI files as nibabel understands them."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, frames, nifti

from SpatioTemporalLib import Geometry, Map, Series, read_map, read_series, write_map, write_series
from SpatioTemporalLib.io.nifti.file import read_nifti

OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.5) @ np.diag([1.1, -2.2, 3.3]), [1 / 3, -20.7, 30.1]
)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64", "int64"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_reads_what_nibabel_wrote(dtype, ending, tmp_path):
    image = nibabel.Nifti1Image(frames(dtype=dtype).T, OBLIQUE, dtype=dtype)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_zooms((1.1, 2.2, 3.3, 2.5))
    image.to_filename(tmp_path / f"a{ending}")
    series = read_series(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(series.values, frames(dtype=dtype))
    assert series.values.dtype == dtype
    np.testing.assert_allclose(series.geometry.affine, image.affine, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(series.times, np.arange(6) * 2.5)
    assert series.time_source == "NIfTI pixdim[4] (sec)"


def test_reads_nifti_2_and_big_endian_files(tmp_path):
    nibabel.Nifti2Image(frames().T, OBLIQUE).to_filename(tmp_path / "two.nii")
    big = nibabel.Nifti1Image(frames().T, OBLIQUE, nibabel.Nifti1Header(endianness=">"))
    big.to_filename(tmp_path / "big.nii")
    for name in ("two.nii", "big.nii"):
        series = read_series(tmp_path / name, frame_interval=2.0)
        np.testing.assert_array_equal(series.values, frames())
        assert series.values.dtype.isnative
        np.testing.assert_allclose(series.geometry.affine, OBLIQUE, atol=1e-5)


def test_applies_scaling_like_nibabel(tmp_path):
    path = nifti(tmp_path / "a.nii", scl_slope=0.37, scl_inter=-12.5)
    expected = np.asarray(nibabel.load(path).dataobj).T
    np.testing.assert_allclose(read_series(path).values, expected, rtol=1e-6)


def test_takes_qform_like_nibabel_when_there_is_no_sform(tmp_path):
    image = nibabel.Nifti1Image(frames().T, None)
    image.set_qform(OBLIQUE, 1)
    image.set_sform(None, 0)
    image.to_filename(tmp_path / "a.nii")
    series = read_series(tmp_path / "a.nii", frame_interval=1.0)
    np.testing.assert_allclose(series.geometry.affine, nibabel.load(tmp_path / "a.nii").affine, atol=1e-6)


@pytest.mark.parametrize("affine", [OBLIQUE, AFFINE, np.diag([-1.0, 2, 3, 1])])
def test_nibabel_reads_what_was_written(affine, tmp_path):
    series = Series(frames(dtype="float32"), np.arange(6) * 1.5, Geometry((3, 4, 5), affine))
    image = nibabel.load(write_series(tmp_path / "a.nii.gz", series))
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, series.values)
    np.testing.assert_allclose(image.get_sform(), affine, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), affine, atol=1e-5)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header.get_zooms()[3] == 1.5


def test_uneven_times_leave_no_false_interval_in_the_header(tmp_path):
    series = Series(frames(), [0, 1, 2, 4, 8, 16], Geometry((3, 4, 5), AFFINE))
    header = nibabel.load(write_series(tmp_path / "a.nii", series)).header
    assert header.get_zooms()[3] == 0
    assert header.get_xyzt_units()[1] == "unknown"


def test_sheared_grid_has_no_qform(tmp_path):
    affine = AFFINE.copy()
    affine[1, 2] = 1.0
    image = nibabel.load(write_map(tmp_path / "a.nii", Map(frames()[0], Geometry((3, 4, 5), affine), "1")))
    assert int(image.header["qform_code"]) == 0
    np.testing.assert_allclose(image.affine, affine)


def test_long_axes_are_written_as_nifti_2(tmp_path):
    values = np.zeros((1, 1, 40000), dtype=np.uint8)
    path = write_map(tmp_path / "a.nii", Map(values, Geometry.from_spacing(values.shape), "1"))
    assert isinstance(nibabel.load(path), nibabel.Nifti2Image)
    assert read_map(path).geometry.shape == (1, 1, 40000)


def test_uncompressed_voxels_stay_on_disk(tmp_path):
    assert isinstance(read_nifti(nifti(tmp_path / "a.nii")).values, np.memmap)


def test_format_is_told_by_content_not_by_name(tmp_path):
    path = nifti(tmp_path / "a.nii")
    misnamed = tmp_path / "b.nii"
    misnamed.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_series(misnamed).values, frames())


def test_same_image_gives_the_same_bytes(tmp_path):
    series = Series(frames(), np.arange(6.0), Geometry((3, 4, 5), AFFINE))
    first, second = (write_series(tmp_path / name, series).read_bytes() for name in ("a.nii.gz", "b.nii.gz"))
    assert first == second


def test_nan_survives_reading_and_writing(tmp_path):
    values = frames(dtype="float32")
    values[2, 1, 1, 1] = np.nan
    for name in ("a.nii", "a.nii.gz"):
        series = Series(values, np.arange(6.0), Geometry((3, 4, 5), AFFINE))
        np.testing.assert_array_equal(read_series(write_series(tmp_path / name, series)).values, values)
