"""Many patients: what a cohort holds and prints."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, cohort

from SpatioTemporalLib import Geometry, InputError, LabelMap, Map, read_cohort, write_labels, write_map

GRID = Geometry((3, 4, 5), AFFINE)
PEOPLE = "participant_id;split;age [y];site\n007;train;61,5;A\n012;train;58;B\n100;test;70;A\n"
VISITS = (
    "participant_id;date;image:ct [HU];mask:lesion;diameter [mm]\n"
    "007;2020-01-31;007/0.nii.gz;007/0.seg.nrrd;11\n"
    "007;2020-05-01;007/1.nii.gz;;12,5\n"
    "012;2021-02-28;012/0.nii.gz;;8\n"
    "100;2019-12-31;100/0.nii.gz;;9\n"
)


@pytest.fixture
def folder(tmp_path):
    cohort(tmp_path / "lung", PEOPLE, VISITS)
    for number, name in enumerate(("007/0", "007/1", "012/0", "100/0")):
        (tmp_path / "lung" / name).parent.mkdir(exist_ok=True)
        values = np.full((3, 4, 5), number, dtype=np.int16)
        write_map(tmp_path / "lung" / f"{name}.nii.gz", Map(values, GRID, "HU"))
    mask = np.zeros((3, 4, 5), dtype=np.uint8)
    mask[1, 1, 1] = 1
    write_labels(tmp_path / "lung" / "007" / "0.seg.nrrd", LabelMap(mask, GRID))
    return tmp_path / "lung"


def test_cohort_prints_what_it_holds(folder):
    assert str(read_cohort(folder)).splitlines()[:5] == [
        "lung: 3 participants, 4 visits (1 to 2 each), day 0 to 91",
        "  images: ct [HU]",
        "  masks: lesion",
        "  split: train 2, test 1",
        "  known of each: age [y], site",
    ]


def test_identifiers_are_texts_and_numbers_are_numbers(folder):
    read = read_cohort(folder)
    assert read.ids == ["007", "012", "100"]
    assert read.participants.columns["age"] == [61.5, 58, 70]
    assert read.visits.columns["days"] == [0, 91, 0, 0]
    assert read.splits == {"train": ["007", "012"], "test": ["100"]}


def test_a_case_is_read_when_it_is_asked_for(folder):
    read = read_cohort(folder)
    (folder / "012" / "0.nii.gz").unlink()
    case = read.case(0)
    assert (case.patient, case.days.tolist()) == ("007", [0, 91])
    assert case.visits[1].images["ct"].values.flat[0] == 1
    assert (case.visits[0].masks["lesion"].foreground.sum(), case.visits[1].masks) == (1, {})
    assert case.visits[1].covariates == {"diameter": 12.5}
    assert read.case(-1).patient == "100"
    with pytest.raises(InputError, match="0.nii.gz.*no such file"):
        read.case(1)
    with pytest.raises(InputError, match="from 0 to 2"):
        read.case(3)


def test_declared_codes_are_missing_and_confirmed_ones_are_values(folder):
    (folder / "participants.csv").write_text("id,age,score\n007,61,-1\n012,999,2\n100,70,NA\n")
    with pytest.raises(InputError) as caught:
        read_cohort(folder)
    assert caught.value.code == "E-COHORT"
    ages = read_cohort(folder, missing=("999", "NA"), real=("score",)).participants.columns
    np.testing.assert_array_equal(ages["age"], [61, np.nan, 70])
    np.testing.assert_array_equal(ages["score"], [-1, 2, np.nan])


def test_folder_without_tables_is_named(tmp_path):
    with pytest.raises(InputError, match="participants.csv.*no such file"):
        read_cohort(tmp_path)
    with pytest.raises(InputError, match="elsewhere.*timepoints.csv"):
        read_cohort(tmp_path / "elsewhere")


def test_equal_masks_of_two_participants_are_no_leak(tmp_path):
    geometry = Geometry.from_spacing((3, 3, 3))
    for n in (1, 2):
        values = np.full((3, 3, 3), n, np.float32)
        write_map(tmp_path / f"ct{n}.nii.gz", Map(values, geometry, "HU", "ct"))
        write_labels(tmp_path / f"gone{n}.nii.gz", LabelMap(np.zeros((3, 3, 3), np.uint8), geometry))
    (tmp_path / "participants.csv").write_text("participant_id\np1\np2\n")
    rows = "p1,0,ct1.nii.gz,gone1.nii.gz\np2,0,ct2.nii.gz,gone2.nii.gz\n"
    (tmp_path / "timepoints.csv").write_text(f"participant_id,days,image:ct [HU],mask:nodule\n{rows}")
    assert len(read_cohort(tmp_path)) == 2
