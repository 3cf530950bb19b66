"""The public collection of liver metastases as a cohort, on a made-up copy with all that is odd in the real one."""

import sys

import numpy as np
import pytest
from library.command_line.commands import refused, run
from library.io.dicom.segmentation_phantom import SPACING
from library.public_collections.crlm_phantom import (
    COLUMNS,
    ROWS,
    SHAPE,
    patients,
    write_collection,
    write_patient,
    write_table_as,
)

import SpatioTemporalLib as st
from SpatioTemporalLib.data.grids.lattice import on_lattice
from SpatioTemporalLib.public_collections.colorectal_liver_metastases import convert_colorectal_liver_metastases

NAMES = tuple(patients())


@pytest.fixture(scope="module")
def download(tmp_path_factory):
    top = tmp_path_factory.mktemp("crlm")
    write_collection(top)
    write_table_as(top / "clinical.csv")
    write_table_as(top / "clinical.xlsx")
    return top


@pytest.fixture(scope="module")
def cohort(download, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "cohort"
    return out, convert_colorectal_liver_metastases(download, download / "clinical.csv", out, measure=True)


def visit_of(cohort, name):
    (visit,) = cohort[1].case(cohort[1].ids.index(name)).visits
    return visit


def structures_of(cohort, name):
    table = cohort[1].tables["structures"]
    rows = [n for n, own in enumerate(table.columns["participant_id"]) if own == name]
    return [{column: cells[n] for column, cells in table.columns.items()} for n in rows]


@pytest.mark.parametrize("name", NAMES)
def test_segments_that_overlap_are_masks_of_their_own_where_they_were_drawn(name, cohort):
    visit, patient = visit_of(cohort, name), patients()[name]
    assert list(visit.masks) == list(patient.segments)
    for segment, drawn in patient.segments.items():
        placed = on_lattice(visit.masks[segment], visit.images["ct"].geometry, "ct")
        np.testing.assert_array_equal(placed.foreground, drawn)


def test_the_acquisition_that_was_drawn_on_is_the_image(cohort):
    patient = patients()["CRLM-CT-1003"]
    assert len(patient.acquisitions) == 2
    np.testing.assert_array_equal(visit_of(cohort, patient.name).images["ct"].values, patient.acquisitions[1])


def test_frames_stored_the_other_way_round_lie_where_the_image_says(cohort):
    """As the mean of the image in a segment tells: nothing but tumour in the tumour."""
    (tumour,) = [row for row in structures_of(cohort, "CRLM-CT-1002") if row["structure"] == "tumour"]
    patient = patients()["CRLM-CT-1002"]
    assert patient.flipped
    assert tumour["mean"] == pytest.approx(patient.acquisitions[0][patient.segments["Tumor_1"]].mean())


def test_a_segmentation_covers_fewer_slices_than_the_image(cohort):
    visit = visit_of(cohort, "CRLM-CT-1001")
    assert visit.images["ct"].values.shape == SHAPE
    assert visit.masks["Liver"].geometry.shape[0] == 7 and visit.masks["Tumor_1"].geometry.shape[0] == 3


@pytest.mark.parametrize("name", NAMES)
def test_volumes_are_by_the_distance_of_slices_not_their_thickness(name, cohort):
    patient = patients()[name]
    voxel_ml = SPACING[0] * SPACING[1] * patient.step / 1000
    assert visit_of(cohort, name).images["ct"].geometry.spacing[2] == pytest.approx(patient.step)
    measured = {row["structure"]: row["volume"] for row in structures_of(cohort, name)}
    for structure, segment in (("liver", "Liver"), ("remnant", "Liver Remnant"), ("portal", "Portal")):
        assert measured[structure] == pytest.approx(patient.segments[segment].sum() * voxel_ml)


def test_vessels_in_many_parts_beyond_the_liver_stay_one_structure(cohort):
    portal = patients()["CRLM-CT-1002"].segments["Portal"]
    assert portal.sum() > 20 and (portal & ~patients()["CRLM-CT-1002"].segments["Liver"]).any()
    rows = [row for row in structures_of(cohort, "CRLM-CT-1002") if row["structure"] == "portal"]
    assert len(rows) == 1
    assert visit_of(cohort, "CRLM-CT-1002").masks["Portal"].foreground.sum() == portal.sum()


def test_absent_damaged_and_unknown_cases_are_told_and_left_out(cohort):
    out, made = cohort
    assert tuple(made.ids) == NAMES
    told = {f.where: f.message for f in made.findings if f.code == "W-CASE-LEFT-OUT"}
    assert set(told) == {"CRLM-CT-1004", "CRLM-CT-1005", "CRLM-CT-1006"}
    assert "no folder" in told["CRLM-CT-1004"] and "no row in clinical.csv" in told["CRLM-CT-1006"]
    assert told["CRLM-CT-1005"].startswith("1-1.dcm")
    listed = st.read_table(out / "left_out.csv")
    assert listed.columns["participant_id"] == sorted(told)


def test_what_was_known_before_stands_with_the_outcomes_and_what_came_to_light_later_does_not(cohort):
    out, made = cohort
    people = made.participants
    assert list(people.columns) == [
        *("participant_id", "age", "sex", "body_mass_index", "carcinoembryonic_antigen", "clinrisk_score"),
        *("overall_survival_time", "overall_survival_event", "dfs_time", "dfs_event"),
        *("liver_dfs_time", "liver_dfs_event"),
    ]
    assert people.columns["overall_survival_time"] == [55.5, 120, 30]
    assert people.columns["dfs_event"] == [1, 0, 1]
    assert people.units == {
        **{f"{endpoint}_time": "months" for endpoint in ("overall_survival", "dfs", "liver_dfs")},
        **{"age": "years", "body_mass_index": "kg/m2"},
    }
    later = st.read_table(out / "afterwards.csv")
    assert list(later.columns) == ["participant_id", "necrosis_percent", "NASH_score"]
    (told,) = [f.message for f in made.findings if f.code == "I-COLUMNS"]
    assert "relevant_notes" in told and "necrosis" not in told


def test_999_of_either_sign_is_not_known(cohort):
    out, made = cohort
    for column, known in (("carcinoembryonic_antigen", [7.5, 3]), ("clinrisk_score", [2, 1])):
        cells = np.array(made.participants.columns[column], float)
        np.testing.assert_array_equal(np.isnan(cells), [False, True, False])
        np.testing.assert_array_equal(cells[[0, 2]], known)
    assert np.isnan(st.read_table(out / "afterwards.csv").columns["necrosis_percent"][1])


def test_no_image_is_copied_and_no_name_written(download, cohort):
    out, _ = cohort
    files = [path for path in out.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix not in (".csv", ".json") and path.name[0] != "."]
    assert sum(path.stat().st_size for path in files) < 20_000
    assert not [path for path in files if b"ZZPHI" in path.read_bytes()]
    assert str(download).encode() not in (out / "timepoints.csv").read_bytes()


def test_a_spreadsheet_says_the_same_as_its_sheet_in_text(download, cohort, tmp_path):
    made = convert_colorectal_liver_metastases(download, download / "clinical.xlsx", tmp_path / "cohort")
    for file in ("participants.csv", "afterwards.csv"):
        assert (tmp_path / "cohort" / file).read_text() == (cohort[0] / file).read_text()
    assert not made.tables


def test_a_spreadsheet_without_its_package_says_how_to_get_it(download, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(st.MissingPackageError, match="spreadsheets"):
        convert_colorectal_liver_metastases(download, download / "clinical.xlsx", tmp_path / "cohort")


def changed(row, column, value):
    rows = [list(each) for each in ROWS]
    rows[row][COLUMNS.index(column)] = value
    return rows


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "column, value",
    [
        *(("overall_survival_months", value) for value in (0, -3, 999, "soon")),
        *(("vital_status_DFS", value) for value in (2, "dead", 999)),
    ],
)
def test_times_and_events_that_cannot_be_are_refused_with_their_row(ending, column, value, download, tmp_path):
    table = write_table_as(tmp_path / f"clinical.{ending}", changed(2, column, value))
    with pytest.raises(st.InputError, match=f"(?s)row 4: {column} is '{value}'.*E-OUTCOME") as caught:
        convert_colorectal_liver_metastases(download, table, tmp_path / "cohort")
    assert caught.value.code == "E-OUTCOME" and not (tmp_path / "cohort").exists()


def test_patients_that_stand_twice_or_are_none_are_refused(download, tmp_path):
    twice = write_table_as(tmp_path / "twice.csv", changed(2, "De-identify Scout Name", NAMES[0]))
    with pytest.raises(st.InputError, match=f"(?s)row 4: {NAMES[0]} stands in row 2 already.*E-ID-DUP"):
        convert_colorectal_liver_metastases(download, twice, tmp_path / "cohort")
    others = write_table_as(tmp_path / "others.csv", [(n, f"A{n}", *row[2:]) for n, row in enumerate(ROWS)])
    with pytest.raises(st.InputError, match="in no column stands the name of a patient's folder.*E-ID"):
        convert_colorectal_liver_metastases(download, others, tmp_path / "cohort")
    neither = write_table_as(tmp_path / "neither.csv", [(1, 2)], ("a", "b"))
    with pytest.raises(st.InputError, match="no row below headings such as overall_survival_months"):
        convert_colorectal_liver_metastases(download, neither, tmp_path / "cohort")


def test_a_patient_with_two_segmentations_is_left_out_and_nobody_left_is_refused(tmp_path):
    folder = write_patient(tmp_path / "crlm" / NAMES[0], patients()[NAMES[0]])
    (file,) = folder.rglob("1-1.dcm")
    (file.parent / "1-2.dcm").write_bytes(file.read_bytes())
    table = write_table_as(tmp_path / "clinical.csv")
    with pytest.raises(st.InputError, match=f"of {NAMES[0]}: has 2 segmentations.*E-COLLECTION"):
        convert_colorectal_liver_metastases(tmp_path / "crlm", table, tmp_path / "cohort")


def test_of_two_series_the_one_that_was_drawn_on_is_taken(tmp_path):
    folder = write_patient(tmp_path / "crlm" / NAMES[0], patients()[NAMES[0]])
    (study,) = folder.iterdir()
    other = write_patient(tmp_path / "other" / NAMES[2], patients()[NAMES[2]])
    next(other.rglob("101*")).rename(study / "050.000000-Arterial")
    made = convert_colorectal_liver_metastases(
        tmp_path / "crlm", write_table_as(tmp_path / "clinical.csv"), tmp_path / "cohort"
    )
    (visit,) = made.case(0).visits
    np.testing.assert_array_equal(visit.images["ct"].values, patients()[NAMES[0]].acquisitions[0])


def test_the_command_makes_the_cohort_and_says_what_it_is(download, tmp_path, capsys):
    words = ["cohort", "colorectal-liver-metastases", download, "--clinical", download / "clinical.csv"]
    code, out, _ = run(capsys, *words, "--out", tmp_path / "cohort", "--measure")
    assert code == 0 and "3 participants" in out and "CRLM-CT-1004" in out and "afterwards.csv" in out
    assert "Tumor_2" in out
    told = refused(capsys, *words, "--out", tmp_path / "cohort")
    assert "holds a cohort already" in told and "--overwrite" in told
    assert run(capsys, *words, "--out", tmp_path / "cohort", "--overwrite")[0] == 0
    assert not (tmp_path / "cohort" / "structures.csv").exists()


def test_one_patient_of_the_cohort_is_analysed_by_name(cohort, tmp_path, capsys):
    code, _, err = run(
        capsys, "run", "prognosis.structures", "--visits", f"{cohort[0]}:CRLM-CT-1001", "--out", tmp_path / "out"
    )
    assert code == 0, err
    own = st.read_table(tmp_path / "out" / "structures.csv")
    assert own.columns["structure"] == ["liver", "remnant", "portal", "hepatic", "tumour", "tumour"]
