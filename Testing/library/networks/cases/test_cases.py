"""Patients as a network is given them: cut once, cut anew when anything changed, and refused all at once."""

import numpy as np
import pytest
import torch
from library.small.cohort import change_table, set_cell

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.cohort.files import PARTICIPANTS, TIMEPOINTS, read_cohort
from SpatioTemporalLib.networks.cases.regions import labels_of, prepare_cases
from SpatioTemporalLib.steps.follow_up.covariates import Covariate
from SpatioTemporalLib.steps.follow_up.visit_crops import CropSettings, centres_of, crop_visits

SETTINGS = CropSettings(shape=(8, 16, 16), spacings=((1.5, 1.5, 2.0),))
COVARIATES = (Covariate("age", "numeric", "y", 60.0, 5.0), Covariate("sex", "categorical", levels=("F", "M")))


@pytest.fixture(scope="module")
def cases(cohort_folder, tmp_path_factory):
    return prepared(cohort_folder, tmp_path_factory.mktemp("regions"))


def prepared(folder, cache, settings=SETTINGS, label="malignant", **more):
    return prepare_cases(read_cohort(folder), settings, COVARIATES, label, cache=cache, context=Context(), **more)


def written(cache) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}


def test_regions_are_those_that_crop_visits_cuts(cohort_folder, cases):
    cohort = read_cohort(cohort_folder)
    follow_up = cohort.case(3)
    expected = crop_visits(follow_up, centres_of(follow_up), SETTINGS, Context()).images
    np.testing.assert_array_equal(np.load(cases.files[3]), expected)
    assert expected.shape == (2, 1, 8, 16, 16) and expected.dtype == np.float32


def test_tables_become_days_codes_labels_and_splits(cohort_folder, cases):
    people = st.read_table(cohort_folder / PARTICIPANTS).columns
    visits = st.read_table(cohort_folder / TIMEPOINTS).columns
    assert cases.ids == people["participant_id"] and cases.splits == people["split"]
    np.testing.assert_array_equal(cases.labels, people["malignant"])
    np.testing.assert_array_equal(cases.times.ravel(), visits["days"])
    np.testing.assert_allclose(cases.covariates[:, 0], (np.array(people["age"]) - 60) / 5, rtol=1e-6)
    np.testing.assert_array_equal(cases.covariates[:, 1], [float(s == "M") for s in people["sex"]])
    assert cases.known.all() and cases.observed.all()


def test_a_batch_holds_the_patients_in_the_order_asked_for(cases):
    batch = cases.batch([4, 1])
    assert batch.images.shape == (2, 2, 1, 8, 16, 16)
    for place, row in enumerate((4, 1)):
        np.testing.assert_array_equal(batch.images[place], np.load(cases.files[row]))
    assert torch.equal(batch.times, torch.from_numpy(cases.times[[4, 1]]))
    assert [part.dtype for part in batch.parts] == [torch.float32, torch.float32, torch.bool, torch.float32, torch.bool]


def test_a_split_and_a_subset_keep_what_belongs_together(cases):
    test = cases.of_split("test")
    rows = [n for n, split in enumerate(cases.splits) if split == "test"]
    assert test.ids == [cases.ids[n] for n in rows] and test.files == [cases.files[n] for n in rows]
    np.testing.assert_array_equal(test.labels, cases.labels[rows])
    np.testing.assert_array_equal(test.covariates, cases.covariates[rows])


def test_a_second_preparation_writes_nothing(cohort_folder, tmp_path):
    first = prepared(cohort_folder, tmp_path)
    before = written(tmp_path)
    second = prepared(cohort_folder, tmp_path)
    # Ten regions, and the list by which the folder is known again.
    assert written(tmp_path) == before and len(before) == 11
    assert second.files == first.files and second.digests() == first.digests()


def test_other_settings_make_other_regions(cohort_folder, tmp_path):
    first = prepared(cohort_folder, tmp_path, rows=[0])
    other = prepared(cohort_folder, tmp_path, CropSettings(shape=(8, 16, 16), spacings=((1.0, 1.0, 2.0),)), rows=[0])
    assert first.files != other.files and first.digests() != other.digests()


def test_a_changed_image_is_cut_anew(copied_cohort, tmp_path):
    cache = tmp_path / "regions"
    before = prepared(copied_cohort, cache, rows=[0, 1])
    path = copied_cohort / read_cohort(copied_cohort).visits.columns["image:ct"][1]
    image = st.read_map(path, unit="HU")
    st.write_map(path, st.Map(image.values + 100, image.geometry, "HU", "ct"))
    after = prepared(copied_cohort, cache, rows=[0, 1])
    assert after.files[0] != before.files[0] and after.files[1] == before.files[1]
    assert np.load(after.files[0])[1].mean() > np.load(before.files[0])[1].mean() + 0.01
    np.testing.assert_array_equal(np.load(after.files[0])[0], np.load(before.files[0])[0])


def test_digests_tell_patients_apart_and_do_not_know_their_names(copied_cohort, cases, tmp_path):
    assert len(set(cases.digests())) == len(cases)
    for table in (PARTICIPANTS, TIMEPOINTS):
        text = (copied_cohort / table).read_text().replace("\nnodule", "\nsomebody")
        (copied_cohort / table).write_text(text)
    renamed = prepared(copied_cohort, tmp_path / "regions")
    assert renamed.ids[0] == "somebody01" and renamed.digests() == cases.digests()


def test_patients_with_fewer_visits_are_padded(copied_cohort, tmp_path):
    change_table(copied_cohort / TIMEPOINTS, lambda rows: rows.pop(2))
    found = prepared(copied_cohort, tmp_path / "regions")
    assert found.observed[:2].tolist() == [[True, False], [True, True]]
    batch = found.batch([0, 1])
    assert not batch.images[0, 1].any() and batch.images[0, 0].any() and not batch.mask[0, 1]
    assert found.times[0].tolist() == [0, 0]


def test_what_is_not_known_of_a_patient_is_marked(copied_cohort, tmp_path):
    set_cell(copied_cohort / PARTICIPANTS, 1, "age", "")
    set_cell(copied_cohort / PARTICIPANTS, 2, "malignant", "")
    found = prepared(copied_cohort, tmp_path / "regions")
    assert found.known[0].tolist() == [False, True] and found.covariates[0, 0] == 0
    assert np.isnan(found.labels[1]) and np.isfinite(found.labels[[0, *range(2, 10)]]).all()


def spoil(folder, participant: int, how: str) -> None:
    """Make the second visit of a participant one that no region can be cut from."""
    row = 2 * participant
    path = folder / read_cohort(folder).visits.columns["image:ct"][row - 1]
    image = st.read_map(path, unit="HU")
    if how == "NaN":
        values = image.values.astype(np.float32)
        values[0, 0, 0] = np.nan
        st.write_map(path, st.Map(values, image.geometry, "HU", "ct"))
    elif how == "nowhere":
        for visit in (row - 1, row):
            for heading in ("mask:nodule", "centre_r"):
                set_cell(folder / TIMEPOINTS, visit, heading, "")
    else:
        set_cell(folder / TIMEPOINTS, row, "mask:nodule", "")
        set_cell(folder / TIMEPOINTS, row, "centre_r", "500")


def test_all_participants_that_cannot_be_used_are_told_in_one_error(copied_cohort, tmp_path):
    for participant, how in ((2, "NaN"), (5, "nowhere"), (9, "outside")):
        spoil(copied_cohort, participant, how)
    set_cell(copied_cohort / PARTICIPANTS, 7, "sex", "X")
    with pytest.raises(InputError) as caught:
        prepared(copied_cohort, tmp_path / "regions")
    text = str(caught.value)
    assert caught.value.code == "E-COHORT" and "4 of 10 participants" in text
    told = {n: next(line for line in text.splitlines() if f"nodule{n:02d}" in line) for n in (2, 5, 7, 9)}
    assert "1 voxel " in told[2] and "visit 2" in told[2]
    assert "where the nodule lies" in told[5]
    assert "sex = 'X'" in told[7]
    assert "500" in told[9] and "outside" in told[9]


def test_an_image_in_another_unit_is_told_for_each_participant(copied_cohort, tmp_path):
    text = (copied_cohort / TIMEPOINTS).read_text().replace("image:ct [HU]", "image:ct [a.u.]")
    (copied_cohort / TIMEPOINTS).write_text(text)
    with pytest.raises(InputError, match=r"10 of 10 participants[^$]*is in a.u., HU was expected") as caught:
        prepared(copied_cohort, tmp_path / "regions")
    assert caught.value.code == "E-COHORT"


def test_a_long_list_of_broken_participants_is_cut_short(copied_cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("SpatioTemporalLib.networks.cases.participants.MOST_TOLD", 3)
    with pytest.raises(InputError, match=r"10 of 10[^$]*and 7 more"):
        prepared(copied_cohort, tmp_path / "regions", CropSettings(unit="a.u."))


@pytest.mark.parametrize(
    ("word", "label"),
    [("1", 1), ("0", 0), ("malignant", 1), ("Benign", 0), ("TRUE", 1), ("no", 0), ("", np.nan), ("n/a", np.nan)],
)
def test_words_of_labels(copied_cohort, word, label):
    for row in range(1, 11):
        set_cell(copied_cohort / PARTICIPANTS, row, "malignant", "yes" if row > 1 else word)
    np.testing.assert_array_equal(labels_of(read_cohort(copied_cohort), "malignant"), [label, *[1] * 9])


def test_a_label_that_says_neither_is_refused_with_its_participant(copied_cohort):
    for row in range(1, 11):
        set_cell(copied_cohort / PARTICIPANTS, row, "malignant", "perhaps" if row == 4 else "benign")
    with pytest.raises(InputError, match=r"nodule04 is 'perhaps'.*E-LABEL"):
        labels_of(read_cohort(copied_cohort), "malignant")


def test_cancelling_stops_between_patients(cohort_folder, tmp_path):
    context = Context(report=lambda fraction, message: context.cancel())
    with pytest.raises(st.Cancelled):
        prepare_cases(read_cohort(cohort_folder), SETTINGS, (), "", cache=tmp_path, context=context)
    assert len(list(tmp_path.iterdir())) < 10
