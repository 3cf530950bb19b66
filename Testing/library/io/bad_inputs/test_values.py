"""Bad values and labels: rows 31 to 47 of the table of bad inputs in the reliability specification."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import (
    Bad,
    assert_refused,
    assert_told,
    dicom,
    frames,
    nifti,
    nrrd,
    series_of,
)
from library.io.dicom.dicom_phantom import TIMES, clock, write_classic

from SpatioTemporalLib import Severity, read_labels, read_map, read_series


def overlay(dataset, t, k):
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelData = (np.frombuffer(dataset.PixelData, "u2") | 0x8000).tobytes()


def two_slopes(dataset, t, k):
    dataset.RescaleSlope, dataset.RescaleIntercept = 1 + t, 5


def with_value(value, dtype="float32"):
    values = frames(dtype=dtype)
    values[2, 1, 1, 1] = value
    return values


def ct(lowest: int):
    def edit(dataset, t, k):
        dataset.Modality, dataset.RescaleSlope, dataset.RescaleIntercept = "CT", 1, lowest

    return edit


def constant_frame() -> np.ndarray:
    values = frames()
    values[4] = 0
    return values


REFUSED = [
    Bad(
        36,
        "DICOM slope 0",
        dicom(lambda d, t, k: (setattr(d, "RescaleSlope", 0), setattr(d, "RescaleIntercept", 0))),
        "E-SLOPE",
        ("RescaleSlope",),
    ),
    Bad(39, "complex NIfTI", series_of(nifti, frames(dtype="complex64")), "E-COMPLEX", ("magnitude",)),
    Bad(39, "complex NRRD", series_of(nrrd, name="a.nrrd", kinds="domain domain domain complex"), "E-COMPLEX"),
    Bad(
        43,
        "label 1.5",
        lambda d: read_labels(nifti(d / "m.nii", np.full((3, 4, 5), 1.5, "f4"))),
        "E-LABEL-VALUE",
        ("1.5",),
    ),
    Bad(47, "one mask a frame", lambda d: read_labels(nifti(d / "m.nii")), "E-MASK-FRAMES", ("6 masks", "single mask")),
]

TOLD = [
    Bad(32, "frame of zeros", series_of(nifti, constant_frame()), "W-FRAME-CONSTANT", ("1 frame has", ": 4")),
    Bad(34, "clipped values", series_of(nifti, with_value(255, "uint8")), "W-CLIPPED", ("255",)),
    Bad(
        34,
        "clipped DICOM values",
        dicom(lambda d, t, k: setattr(d, "PixelData", b"\xff" * 40) if t == 0 else None),
        "W-CLIPPED",
    ),
    Bad(35, "slopes differ between frames", dicom(two_slopes), "W-RESCALE", ("4 different",)),
    Bad(36, "infinite slope", series_of(nifti, scl_slope=np.inf), "R-SLOPE", ("stored values",)),
    Bad(38, "bits above BitsStored", dicom(overlay), "R-DICOM-BITS", ("overlay",)),
    Bad(40, "CT that is not in HU", dicom(ct(24)), "W-CT-UNIT", ("24 HU", "-1000")),
    Bad(41, "value of 1e30", series_of(nifti, with_value(1e30)), "W-EXTREME", ("1 voxel",)),
]


@pytest.mark.parametrize("bad", REFUSED, ids=str)
def test_is_refused_with_what_where_and_what_to_do(bad, tmp_path):
    assert_refused(bad, tmp_path)


@pytest.mark.parametrize("bad", TOLD, ids=str)
def test_is_read_and_told(bad, tmp_path):
    assert_told(bad, tmp_path)


def test_each_frame_is_rescaled_by_its_own_slope(tmp_path):
    series = read_series(write_classic(tmp_path, two_slopes))
    stored = read_series(write_classic(tmp_path / "stored")).values.astype(float)
    np.testing.assert_allclose(series.values, stored * np.arange(1, 5)[:, None, None, None] + 5)


def test_bits_above_those_stored_do_not_reach_the_values(tmp_path):
    plain = read_series(write_classic(tmp_path / "plain", lambda d, t, k: setattr(d, "BitsStored", 12)))
    np.testing.assert_array_equal(read_series(write_classic(tmp_path / "a", overlay)).values, plain.values)


def test_signed_values_keep_their_sign_when_masked(tmp_path):
    def signed(dataset, t, k):
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, 12, 11
        dataset.PixelData = np.full(20, -7 & 0x0FFF, dtype="u2").tobytes()
        dataset.AcquisitionTime = clock(TIMES[t])

    assert set(np.unique(read_series(write_classic(tmp_path, signed)).values)) == {-7}


def test_slope_of_zero_means_no_scaling_in_nifti(tmp_path):
    np.testing.assert_array_equal(read_series(nifti(tmp_path / "a.nii", scl_slope=0, scl_inter=9)).values, frames())


def test_nan_and_infinite_voxels_are_kept_and_counted_by_a_run(tmp_path):
    from SpatioTemporalLib.data import Series
    from SpatioTemporalLib.declare import Input, analysis
    from SpatioTemporalLib.inputs.checks import check_inputs

    @analysis(
        id="test.nothing", title="t", citation="own definition", outputs=[],
        inputs=[Input("series", Series, help="Any.")],
    )  # fmt: skip
    def nothing(series, *, parameters, context):
        """Gives nothing."""

    series = read_series(nifti(tmp_path / "a.nii", with_value(np.nan)))
    assert np.isnan(series.values).sum() == 1
    (finding,) = check_inputs(nothing.declaration, {"series": series})
    assert (finding.code, finding.severity) == ("W-NONFINITE", Severity.MASK)


def test_metaimage_keeps_nan(tmp_path):
    import SimpleITK as itk

    itk.WriteImage(itk.GetImageFromArray(with_value(np.nan)[2]), str(tmp_path / "a.mha"))
    assert np.isnan(read_map(tmp_path / "a.mha", "1").values[1, 1, 1])


def test_labels_off_by_rounding_are_whole(tmp_path):
    mask = np.zeros((3, 4, 5), dtype=np.float32)
    mask[1, 1] = 0.9999
    labels = read_labels(nifti(tmp_path / "m.nii", mask))
    assert labels.values.dtype.kind == "i"
    assert labels.foreground.sum() == 5
