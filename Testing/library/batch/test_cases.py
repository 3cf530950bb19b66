"""Rows of a table as words of the command, and what is told before anything runs."""

import csv

import pytest
from library.batch.toy import write_cases

from SpatioTemporalLib import cli
from SpatioTemporalLib.batch import plan_batch
from SpatioTemporalLib.errors import InputError, ParameterError


def table(folder, *rows, name="cases.csv"):
    with open(folder / name, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / name


def test_columns_are_inputs_parameters_and_facts(toy, tmp_path):
    cases = write_cases(tmp_path, 2, factor={1: "2.5"}, age={0: "61"})
    plan = plan_batch(toy, cases, tmp_path / "out", common=("--sleep", "0.5"))
    assert [case.name for case in plan.cases] == ["c000", "c001"] and plan.states == ["runs", "runs"]
    first, second = (case.steps[0] for case in plan.cases)
    assert first == ("--sleep", "0.5", "--numbers", str(tmp_path / "numbers0.csv"))
    assert second[-2:] == ("--factor", "2.5") and plan.unused == ["age"]
    assert plan.cases[0].files == (str(tmp_path / "numbers0.csv"),)


def test_what_is_missing_or_wrong_is_told_for_each_row(toy, tmp_path):
    cases = write_cases(tmp_path, 5, factor={1: "many", 2: "1000"}, harm={4: "fire"})
    (tmp_path / "numbers0.csv").unlink()
    plan = plan_batch(toy, cases, tmp_path / "out")
    assert plan.states == ["cannot run", "cannot run", "cannot run", "runs", "cannot run"]
    told = [" ".join(case.problems) for case in plan.cases]
    assert "numbers0.csv is not there" in told[0] and "many" in told[1] and "1000" in told[2] and "fire" in told[4]
    assert "row 2, c000" in str(plan)


def test_a_column_that_is_needed_is_named(toy, tmp_path):
    plan = plan_batch(toy, table(tmp_path, ["case", "factor"], ["a", "1"]), tmp_path / "out")
    assert "numbers is not given, which toy.sum needs" in plan.cases[0].problems[0]


def test_several_files_of_one_input_and_yes_or_no(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.nii.gz").touch()
    cases = table(tmp_path, ["case", "series", "times", "confirm_times"], ["x", "a.nii.gz; b.nii.gz", "0,1", "yes"])
    words = plan_batch("kinetics.enhancement", cases, tmp_path / "out").cases[0].steps[0]
    assert words[:3] == ("--series", str(tmp_path / "a.nii.gz"), str(tmp_path / "b.nii.gz"))
    assert words[3:] == ("--times", "0,1", "--confirm-times")


def test_names_come_from_the_columns_of_bids_and_are_names_of_folders(toy, tmp_path):
    (tmp_path / "n.csv").write_text("value\n1\n")
    rows = [["participant_id", "session", "numbers"], ["sub-01", "ses/../1", "n.csv"], ["sub-02", "", "n.csv"]]
    plan = plan_batch(toy, table(tmp_path, *rows), tmp_path / "out")
    assert [case.name for case in plan.cases] == ["sub-01_ses_.._1", "sub-02"]
    assert plan.target(0).parent == tmp_path / "out" / "cases"


def test_the_same_name_twice_is_refused(toy, tmp_path):
    (tmp_path / "n.csv").write_text("value\n1\n")
    cases = table(tmp_path, ["case", "numbers"], ["a", "n.csv"], ["A", "n.csv"])
    with pytest.raises(InputError, match="E-BATCH-CASES"):
        plan_batch(toy, cases, tmp_path / "out")


def test_an_option_that_is_nobodys_is_refused_before_anything_runs(toy, tmp_path, capsys):
    cases = write_cases(tmp_path, 1)
    assert cli.main(["batch", toy, "--cases", str(cases), "--out", str(tmp_path / "out"), "--factr", "2"]) == 2
    assert "--factor" in capsys.readouterr().out and not (tmp_path / "out" / "cases").exists()


def test_an_unknown_analysis_and_an_empty_table_are_refused(toy, tmp_path):
    with pytest.raises(ParameterError):
        plan_batch("toy.sun", write_cases(tmp_path, 1), tmp_path / "out")
    with pytest.raises(InputError):
        plan_batch(toy, table(tmp_path, ["case", "numbers"], name="empty.csv"), tmp_path / "out")


@pytest.fixture
def bids(tmp_path):
    """Two participants, one with two sessions; events of the run, and of the task for all."""
    files = [
        "dataset_description.json", "task-rest_events.tsv",
        "sub-01/ses-a/func/sub-01_ses-a_task-hands_run-1_bold.nii.gz",
        "sub-01/ses-a/func/sub-01_ses-a_task-hands_run-1_events.tsv",
        "sub-01/ses-b/func/sub-01_ses-b_task-rest_bold.nii.gz", "sub-01/anat/sub-01_T1w.nii.gz",
        "sub-02/func/sub-02_task-rest_bold.nii",
        "derivatives/prep/sub-02/func/sub-02_task-rest_desc-confounds_timeseries.tsv",
        "derivatives/prep/sub-02/func/sub-02_task-rest_space-MNI_desc-brain_mask.nii.gz",
        "derivatives/prep/sub-02/func/sub-02_task-rest_desc-brain_mask.nii.gz",
    ]  # fmt: skip
    for name in files:
        (tmp_path / "bids" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bids" / name).touch()
    return tmp_path / "bids"


def test_a_bids_folder_is_a_table_of_its_runs(bids, tmp_path):
    plan = plan_batch("bold.activation", bids, tmp_path / "out")
    names = ["sub-01_ses-a_task-hands_run-1", "sub-01_ses-b_task-rest", "sub-02_task-rest"]
    assert [case.name for case in plan.cases] == names and plan.states == ["runs"] * 3
    columns = plan.table.columns
    assert columns["events"] == [
        "sub-01/ses-a/func/sub-01_ses-a_task-hands_run-1_events.tsv", "task-rest_events.tsv", "task-rest_events.tsv",
    ]  # fmt: skip
    assert [bool(cell) for cell in columns["confounds"]] == [False, False, True]
    assert columns["mask"][2].endswith("sub-02_task-rest_desc-brain_mask.nii.gz")


def test_a_folder_that_is_no_data_set_is_refused(bids, tmp_path):
    with pytest.raises(InputError, match="E-BATCH-CASES"):
        plan_batch("bold.activation", bids / "sub-01", tmp_path / "out")
    with pytest.raises(InputError, match="has no run"):
        plan_batch("kinetics.one_tissue", bids, tmp_path / "out")
