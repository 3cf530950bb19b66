"""Visits from files: NIfTI, NRRD and DICOM, with days given or counted from dates nobody sees."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import expected_affine, voxels, write_classic
from library.small.inputs import two_visits

import SpatioTemporalLib as st


@pytest.fixture
def files(tmp_path):
    for n, visit in enumerate(two_visits().visits):
        st.write_map(tmp_path / f"ct{n}.nii.gz", visit.images["image"])
        st.write_labels(tmp_path / f"lesion{n}.nii.gz", visit.mask)
    return tmp_path


def volume(folder, day, **changes):
    """DICOM files of one volume taken on a day."""

    def edit(dataset, t, k):
        dataset.AcquisitionDate = day
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)

    return write_classic(folder, edit, times=(0.0,))


def test_each_visit_keeps_its_grid_day_mask_and_unit(files):
    paths = [files / "ct0.nii.gz", files / "ct1.nii.gz"]
    found = st.read_follow_up(paths, days=[0, 90], masks=[None, files / "lesion1.nii.gz"], patient="p7")
    assert found.name == "p7" and found.days.tolist() == [0, 90] and found.unit == "HU"
    for visit, truth in zip(found.visits, two_visits().visits):
        assert visit.images["image"].geometry.matches(truth.images["image"].geometry)
    assert found.visits[0].mask is None
    np.testing.assert_array_equal(found.visits[1].mask.values, two_visits().visits[1].mask.values)


def test_mask_on_another_grid_is_brought_onto_its_image_and_told(files):
    paths = [files / "ct0.nii.gz", files / "ct1.nii.gz"]
    found = st.read_follow_up(paths, days=[0, 90], masks=[None, files / "lesion0.nii.gz"])
    assert found.visits[1].mask.geometry.matches(found.visits[1].images["image"].geometry)
    assert [finding.code for finding in found.findings] == ["R-MASK-GRID"]


def test_mask_without_a_voxel_is_a_lesion_that_has_gone(files):
    geometry = st.Geometry.from_spacing((3, 3, 3))
    st.write_labels(files / "none.nii.gz", st.LabelMap(np.zeros((3, 3, 3), np.uint8), geometry))
    found = st.read_follow_up([files / "ct0.nii.gz"], masks=[files / "none.nii.gz"])
    assert found.visits[0].mask.values.shape == found.visits[0].images["image"].values.shape


def test_days_are_counted_from_dicom_dates_and_the_dates_are_told_nowhere(tmp_path):
    folders = [volume(tmp_path / "a", "20240229"), volume(tmp_path / "b", "20250301", SeriesNumber=9)]
    found = st.read_follow_up(folders)
    assert found.days.tolist() == [0, 366]
    image = found.visits[0].images["image"]
    np.testing.assert_array_equal(image.values, voxels(1)[0])
    np.testing.assert_allclose(image.geometry.affine, expected_affine(), atol=1e-6)
    assert (image.name, image.unit) == ("MR series 7", "a.u.")
    assert "2024" not in repr(found) + str(found) and "ZZPHI" not in repr(found) + str(found)


def test_date_of_the_study_serves_where_that_of_the_images_is_missing(tmp_path):
    folders = [volume(tmp_path / n, "", StudyDate=f"202401{d}") for n, d in (("a", "01"), ("b", "15"))]
    assert st.read_follow_up(folders).days.tolist() == [0, 14]


def test_given_days_go_before_dates(tmp_path):
    folders = [volume(tmp_path / n, f"202401{d}") for n, d in (("a", "01"), ("b", "15"))]
    assert st.read_follow_up(folders, days=[0, 20]).days.tolist() == [0, 20]


def test_later_date_before_the_first_is_refused_without_telling_it(tmp_path):
    folders = [volume(tmp_path / n, f"202401{d}") for n, d in (("a", "15"), ("b", "01"))]
    with pytest.raises(st.InputError) as caught:
        st.read_follow_up(folders)
    assert caught.value.code == "E-VISIT-ORDER" and "2024" not in str(caught.value)


def test_views_a_volume_was_planned_on_are_left_out_and_told(tmp_path):
    folder = write_classic(tmp_path / "a", times=(0.0,), slices=tuple(3.0 * n for n in range(6)))

    def planning(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.1.1", 1

    write_classic(tmp_path / "planning", planning, times=(0.0,), slices=(0.0,))
    (file,) = (tmp_path / "planning").iterdir()
    file.rename(folder / "planning.dcm")
    found = st.read_follow_up([folder])
    assert found.visits[0].images["image"].values.shape[0] == 6
    assert "W-SERIES-IGNORED" in [finding.code for finding in found.findings]


def test_folder_of_a_dynamic_series_or_of_two_volumes_is_refused(tmp_path):
    with pytest.raises(st.InputError) as caught:
        st.read_follow_up([write_classic(tmp_path / "dynamic")])
    assert caught.value.code == "E-DIM"
    folder = volume(tmp_path / "two", "20240101")
    volume(folder / "more", "20240101", SeriesInstanceUID="1.2.3.1.8", SeriesNumber=8)
    with pytest.raises(st.InputError) as caught:
        st.read_follow_up([folder])
    assert caught.value.code == "E-DICOM-SEVERAL"


def test_file_without_a_unit_is_asked_for_it(tmp_path):
    import nibabel

    nibabel.Nifti1Image(np.ones((4, 3, 2), np.float32), np.eye(4)).to_filename(tmp_path / "a.nii")
    with pytest.raises(st.InputError, match="--visits-unit") as caught:
        st.read_follow_up([tmp_path / "a.nii"])
    assert caught.value.code == "E-UNIT"
    assert st.read_follow_up([tmp_path / "a.nii"], unit="HU").unit == "HU"


def test_images_of_a_cohort_may_be_folders_of_dicom_files(tmp_path):
    volume(tmp_path / "a", "20240229")
    volume(tmp_path / "b", "20250301", SeriesNumber=9)
    (tmp_path / "participants.csv").write_text("participant_id\np1\n")
    (tmp_path / "timepoints.csv").write_text("participant_id,days,image:mr [a.u.]\np1,0,a\np1,366,b\n")
    cohort = st.read_cohort(tmp_path)
    image = cohort.case(0).visits[0].images["mr"]
    np.testing.assert_array_equal(image.values, voxels(1)[0])
    before = cohort.identity(0)
    next((tmp_path / "a").iterdir()).touch()
    assert cohort.identity(0) != before


def test_one_folder_of_dicom_files_of_two_participants_is_refused(tmp_path):
    volume(tmp_path / "a", "20240229")
    (tmp_path / "participants.csv").write_text("participant_id\np1\np2\n")
    (tmp_path / "timepoints.csv").write_text("participant_id,days,image:mr [a.u.]\np1,0,a\np2,0,a\n")
    with pytest.raises(st.InputError, match="E-LEAK"):
        st.read_cohort(tmp_path)
