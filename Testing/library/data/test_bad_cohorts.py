"""Tables of a cohort with something wrong: all of it is told at once, with rows."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, cohort, text

from SpatioTemporalLib import Geometry, InputError, Map, read_cohort, write_map

PEOPLE = "participant_id,split,age [y]\n007,train,61\n012,train,58\n100,test,70\n"
VISITS = "participant_id,days\n007,0\n007,91\n012,0\n100,0\n"


def people(*rows: str, heading: str = "participant_id,split,age [y]") -> str:
    return "\n".join([heading, *rows, ""])


def visits(*rows: str, heading: str = "participant_id,days") -> str:
    return people(*rows, heading=heading)


BAD = {
    "51 identifier stands twice": (
        people("007,train,61", "012,train,58", "100,test,70", "007,train,61"),
        VISITS,
        "E-ID-DUP",
        ["participants.csv row 5: participant 007 stands in row 2 already"],
    ),
    "51 identifier is empty": (
        people("007,train,61", "012,train,58", "100,test,70", ",test,70"),
        VISITS,
        "E-ID",
        ["row 5: the participant_id is empty"],
    ),
    "51 leading zeros were lost": (
        PEOPLE,
        visits("7,0", "007,0", "012,0", "100,0"),
        "E-ID",
        ["timepoints.csv row 2: participant '7' is not in participants.csv; 007 is", "leading zeros"],
    ),
    "51 code 999": (
        people("007,train,61", "012,train,999", "100,test,70"),
        VISITS,
        "E-MISSING-CODE",
        ["participants.csv row 3: 999 in the column age", "missing=('999',)", "real=('age',)"],
    ),
    "51 code -1": (
        people("007,train,61", "012,train,-1", "100,test,70"),
        VISITS,
        "E-MISSING-CODE",
        ["row 3: -1 in the column age"],
    ),
    "51 code NA": (
        people("007,train,61", "012,train,NA", "100,test,70"),
        VISITS,
        "E-TABLE-VALUE",
        ["row 3: 'NA' among the numbers of the column age", "missing=('NA',)"],
    ),
    "51 spreadsheet day": (
        PEOPLE,
        visits("007,44561", "012,2020-01-01", "100,2020-01-01", heading="participant_id,date"),
        "E-DATE",
        ["timepoints.csv row 2: '44561' looks like a spreadsheet's day number", "YYYY-MM-DD"],
    ),
    "51 date that could be two": (
        PEOPLE,
        visits("007,01/02/2020", "012,2020-01-01", "100,2020-02-30", heading="participant_id,date"),
        "E-DATE",
        ["row 2: '01/02/2020' is no such date", "row 4: '2020-02-30' is no day of the calendar"],
    ),
    "51 days that are a word": (PEOPLE, visits("007,zero", "012,0", "100,0"), "E-DATE", ["row 2: days is 'zero'"]),
    "51 participant without visit": (
        PEOPLE,
        visits("007,0", "012,0"),
        "E-VISIT-NONE",
        ["participant 100 has no visit"],
    ),
    "51 unknown split": (
        people("007,train,61", "012,trian,58", "100,test,70"),
        VISITS,
        "E-SPLIT",
        ["row 3: the split 'trian' is none of external, test, train, validation"],
    ),
    "16 follow-up before baseline": (
        PEOPLE,
        visits("007,2020-05-01", "007,2020-01-31", "012,2020-01-01", "100,2020-01-01", heading="participant_id,date"),
        "E-VISIT-ORDER",
        ["visits of participant 007 are out of order: visit 2 is at day -91"],
    ),
    "16 two visits on one day": (
        PEOPLE,
        visits("007,0", "007,0", "012,0", "100,0"),
        "E-VISIT-ORDER",
        ["visit 2 is at day 0, not after day 0"],
    ),
    "16 days that do not begin at zero": (
        PEOPLE,
        visits("007,5", "007,9", "012,0", "100,0"),
        "E-VISIT-ORDER",
        ["first visit is at day 5, not 0"],
    ),
    "53 patient in both train and test": (
        people("007,train,61", "012,train,58", "100,test,70", "007,test,61"),
        VISITS,
        "E-LEAK",
        ["participants.csv row 5: participant 007 is in test, but in row 2 in train"],
    ),
    "55 image that is not there": (
        PEOPLE,
        visits("007,0,gone.nii.gz", "012,0,", "100,0,n/a", heading="participant_id,days,image:ct [HU]"),
        "E-FILE-MISSING",
        ["timepoints.csv row 2: there is no file gone.nii.gz"],
    ),
    "images without unit": (
        PEOPLE,
        visits("007,0,", "012,0,", "100,0,", heading="participant_id,days,image:ct"),
        "E-UNIT",
        ["the images ct have no unit"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_table_is_refused_with_rows_and_remedy(name, tmp_path):
    participants, timepoints, code, words = BAD[name]
    with pytest.raises(InputError) as caught:
        read_cohort(cohort(tmp_path / "lung", participants, timepoints))
    assert caught.value.code == code
    assert caught.value.where == "lung"
    assert caught.value.fix
    for part in words:
        assert part in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path):
    participants = people("007,train,61", "012,trian,999", "100,test,70", "007,test,61")
    timepoints = visits("7,2020-01-01", "007,44561", "012,2020-01-01", "100,2020-13-01", heading="participant_id,date")
    with pytest.raises(InputError) as caught:
        read_cohort(cohort(tmp_path / "lung", participants, timepoints))
    assert caught.value.code == "E-COHORT"
    listed = str(caught.value).splitlines()
    assert listed[0] == "lung: 6 problems in the tables:"
    assert [line.split(":")[0].strip() for line in listed[1:7]] == [
        "participants.csv row 3",
        "participants.csv row 5",
        "participants.csv row 3",
        "timepoints.csv row 2",
        "timepoints.csv row 3",
        "timepoints.csv row 5",
    ]


@pytest.mark.parametrize("same_file", [True, False])
def test_one_image_under_two_participants_is_a_leak(same_file, tmp_path):
    names = ("a.nii", "a.nii") if same_file else ("a.nii", "b.nii")
    rows = (f"007,0,{names[0]}", f"012,0,{names[1]}", "100,0,")
    folder = cohort(tmp_path / "lung", PEOPLE, visits(*rows, heading="participant_id,days,image:ct [HU]"))
    for name in set(names):
        write_map(folder / name, Map(np.ones((2, 3, 4)), Geometry.from_spacing((2, 3, 4)), "HU", "ct"))
    with pytest.raises(InputError, match="row 3: .* of participant 012 is the same image as that of 007 in row 2") as c:
        read_cohort(folder)
    assert c.value.code == "E-LEAK"


def test_byte_order_mark_semicolons_and_decimal_commas_are_read(tmp_path):
    folder = cohort(tmp_path / "lung", "", "")
    text(folder / "participants.csv", "\ufeffPatient_ID;weight [kg]\r\n007;70,5\r\n012;64,25\r\n")
    text(folder / "timepoints.csv", "\ufeffpatient_id;days\r\n007;0\r\n007;30,5\r\n012;0\r\n")
    read = read_cohort(folder)
    assert read.participants.columns["weight"] == [70.5, 64.25]
    assert read.visits.columns["days"] == [0, 30.5, 0]
    assert {finding.code for finding in read.findings} == {"R-DECIMAL-COMMA"}


def test_visits_that_span_decades_are_told(tmp_path):
    dates = visits(
        "007,1990-01-01", "007,2020-01-01", "012,2020-01-01", "100,2020-01-01", heading="participant_id,date"
    )
    (finding,) = read_cohort(cohort(tmp_path / "lung", PEOPLE, dates)).findings
    assert finding.code == "W-VISIT-SPAN"
    assert "007 span 30 years" in finding.message


def test_masks_and_images_keep_their_own_grids(tmp_path):
    rows = ("007,0,a.nii", "012,0,", "100,0,")
    folder = cohort(tmp_path / "lung", PEOPLE, visits(*rows, heading="participant_id,days,image:t1 [a.u.]"))
    grid = Geometry((2, 3, 4), AFFINE)
    write_map(folder / "a.nii", Map(np.ones((2, 3, 4)), grid, "a.u.", "t1"))
    assert read_cohort(folder).case(0).visits[0].images["t1"].geometry == grid
