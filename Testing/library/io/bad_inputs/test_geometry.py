"""Bad geometry: rows 17 to 30 of the table of bad inputs in the reliability specification."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import (
    AFFINE,
    Bad,
    assert_refused,
    assert_told,
    dicom,
    frames,
    nifti,
    nrrd,
    series_of,
    volume,
    volumes,
)
from library.io.dicom.dicom_phantom import ORIGIN, write_classic

from SpatioTemporalLib import read_series


def moved(mm: float) -> np.ndarray:
    rows = AFFINE[:3].copy()
    rows[0, 3] += mm
    return rows


def turned_to(matrix) -> np.ndarray:
    rows = AFFINE[:3].copy()
    rows[:, :3] = matrix
    return rows


def set_(keyword: str, value):
    """An edit that gives all images the same value of a tag."""
    return lambda dataset, t, k: setattr(dataset, keyword, value)


def no_time_but_acquisition_number(dataset, t, k):
    del dataset.AcquisitionTime
    dataset.AcquisitionNumber = t + 1


def missing_slice(dataset, t, k):
    return (t, k) != (2, 1)


def gap_in_all_frames(dataset, t, k):
    return k != 1


def moved_frame(mm: float):
    def edit(dataset, t, k):
        if t == 1:
            dataset.ImagePositionPatient = [dataset.ImagePositionPatient[0] + mm, *dataset.ImagePositionPatient[1:]]

    return edit


def colour(dataset, t, k):
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.PixelData = np.repeat(np.frombuffer(dataset.PixelData, "u2"), 3).tobytes()


def thin() -> np.ndarray:
    return turned_to(np.diag([0.5, 0.5, 6.0]))


REFUSED = [
    Bad(
        17,
        "frames of other size",
        volumes(volume(), lambda p: nifti(p, frames()[0, :2]), times=[0, 1]),
        "E-GEO-SHAPE",
        ("v1.nii is 5×4×2, v0.nii is 5×4×3",),
    ),
    Bad(
        18,
        "frame 0.5 mm away",
        volumes(volume(), volume(srow=moved(0.5)), times=[0, 1]),
        "E-GEO-PLACE",
        ("0.5 mm", "v1.nii"),
    ),
    Bad(18, "frame 0.01 mm away", volumes(volume(), volume(srow=moved(0.01)), times=[0, 1]), "E-GEO-PLACE"),
    Bad(18, "DICOM frame 0.5 mm away", dicom(moved_frame(0.5)), "E-GEO-PLACE", ("0.5 mm apart",)),
    Bad(22, "zero spacing", series_of(nifti, srow=turned_to(np.diag([2, 0, 3]))), "E-GEO-SPACING", ("a.nii", "0.0")),
    Bad(
        22,
        "negative pixdim in a qform",
        series_of(nifti, sform_code=0, qform_code=1, pixdim={2: -2.5}),
        "E-GEO-SPACING",
        ("-2.5",),
    ),
    Bad(22, "NaN spacing", series_of(nifti, srow=turned_to(np.diag([2, np.nan, 3]))), "E-GEO-SPACING"),
    Bad(
        22,
        "NRRD with zero direction",
        series_of(nrrd, name="a.nrrd", space_directions="(2,0,0) (0,0,0) (0,0,3) none"),
        "E-GEO-SPACING",
        ("a.nrrd",),
    ),
    Bad(
        24,
        "slice missing in one frame",
        dicom(missing_slice),
        "E-DICOM-GRID",
        ("no image at 11 s", "AcquisitionTime", "Copy the missing files"),
    ),
    Bad(
        24,
        "slice missing in all frames",
        dicom(gap_in_all_frames, slices=(0.0, 3.0, 6.0, 9.0)),
        "E-GEO-SLICES",
        ("6 mm between", "not evenly spaced"),
    ),
    Bad(
        26,
        "two acquisitions at one place",
        dicom(no_time_but_acquisition_number),
        "E-DICOM-AMBIGUOUS",
        ("AcquisitionNumber 1, 2, 3, 4", "--times"),
    ),
    Bad(
        28,
        "vectors",
        series_of(nifti, frames((3, 1, 3, 4, 5), "float32"), intent_code=1007),
        "E-VECTOR",
        ("3 components",),
    ),
    Bad(28, "RGB NIfTI", series_of(nifti, datatype=128), "E-COLOUR", ("grey",)),
    Bad(28, "RGB NRRD", series_of(nrrd, name="a.nrrd", kinds="domain domain domain RGB-color"), "E-COLOUR"),
    Bad(
        28,
        "vector NRRD",
        series_of(nrrd, name="a.nrrd", kinds="domain domain domain vector"),
        "E-VECTOR",
        ("6 components",),
    ),
    Bad(28, "RGB DICOM", dicom(colour), "E-COLOUR", ("RGB", "ultrasound")),
    Bad(29, "six axes", series_of(nifti, frames((2, 3, 2, 3, 4, 5))), "E-DIM", ("6 axes",)),
]

TOLD = [
    Bad(
        18,
        "frame 1e-5 mm away",
        volumes(volume(), volume(srow=moved(1e-5)), times=[0, 1]),
        "W-GEO-PLACE",
        ("rounding",),
    ),
    Bad(18, "DICOM frame 1e-4 mm away", dicom(moved_frame(1e-4)), "W-GEO-PLACE", ("rounding",)),
    Bad(
        20,
        "sheared grid",
        series_of(nifti, srow=turned_to([[2, 0, 0], [0, 2.5, 1], [0, 0, 3]])),
        "W-GEO-SHEAR",
        ("gantry",),
    ),
    Bad(23, "qform and sform differ", series_of(nifti, qform_code=1), "W-GEO-QFORM", ("sform is used",)),
    Bad(23, "no orientation", series_of(nifti, sform_code=0), "W-GEO-ORIENTATION", ("left and right",)),
    Bad(23, "NRRD without space", series_of(nrrd, name="a.nrrd", space=None), "W-GEO-ORIENTATION"),
    Bad(29, "frames on the fifth axis", series_of(nifti, frames((6, 1, 3, 4, 5))), "R-DIM", ("6 volumes",)),
    Bad(30, "flat voxels", series_of(nifti, srow=thin()), "W-GEO-ANISOTROPY", ("12 times",)),
    Bad(30, "slices of one column", series_of(nifti, frames((6, 3, 4, 1))), "W-GEO-LINE", ("1×4",)),
    Bad(22, "lengths in metres", series_of(nifti, xyzt_units=9), "R-LENGTH-UNIT", ("mm",)),
]


@pytest.mark.parametrize("bad", REFUSED, ids=str)
def test_is_refused_with_what_where_and_what_to_do(bad, tmp_path):
    assert_refused(bad, tmp_path)


@pytest.mark.parametrize("bad", TOLD, ids=str)
def test_is_read_and_told(bad, tmp_path):
    assert_told(bad, tmp_path)


def test_oblique_and_left_handed_grids_are_kept(tmp_path):
    turn = np.array([[np.cos(0.5), -np.sin(0.5), 0], [np.sin(0.5), np.cos(0.5), 0], [0, 0, 1]])
    for matrix in (turn @ np.diag([2, 2.5, 3]), np.diag([-2, 2.5, 3])):
        series = read_series(nifti(tmp_path / "a.nii", srow=turned_to(matrix)))
        np.testing.assert_allclose(series.geometry.affine[:3, :3], matrix, atol=1e-6)
        np.testing.assert_allclose(series.geometry.voxel_volume_ml, 0.015)
        assert series.findings == ()


def test_slice_distance_comes_from_positions_not_from_thickness(tmp_path):
    series = read_series(write_classic(tmp_path, set_("SliceThickness", 1.25), slices=(0.0, 0.8, 1.6)))
    np.testing.assert_allclose(series.geometry.spacing[2], 0.8)


def test_slices_are_sorted_by_place_against_number_and_name(tmp_path):
    def reversed_numbers(dataset, t, k):
        dataset.InstanceNumber = 3 * t + (2 - k)

    series = read_series(write_classic(tmp_path, reversed_numbers))
    np.testing.assert_allclose(series.geometry.affine[:3, 3], ORIGIN * [-1, -1, 1], atol=1e-6)
    assert series.values[0, :, 0, 0].tolist() == [0, 100, 200]
