"""Tables, options and folders as people have them: odd names, long paths, numbers that cannot be, files in the way."""

import json

import numpy as np
import pytest
from library.analyses.follow_up.test_lesions import visit
from library.batch.toy import sums, write_cases

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.batch import BatchSettings, plan_batch, run_batch
from SpatioTemporalLib.batch.table.pipeline import read_pipeline
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.io import write_labels, write_map


def table(folder, text, name="cases.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def numbers(tmp_path):
    (tmp_path / "n.csv").write_text("value\n1\n")
    return tmp_path


def test_names_keep_letters_of_any_alphabet(toy, numbers):
    cases = table(numbers, "case;numbers\r\nMüller;n.csv\r\nMöller;n.csv\r\nИванов;n.csv\r\n" + f"{'ä' * 90};n.csv\r\n")
    outcome = run_batch(plan_batch(toy, cases, numbers / "out"))
    assert outcome.whole
    lines = (numbers / "out/results.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == ["Müller", "Möller", "Иванов", "ä" * 40]


def test_rows_of_one_name_are_told(toy, numbers):
    with pytest.raises(InputError, match="rows 2 and 4 would both be the case a_b"):
        plan_batch(toy, table(numbers, "case,numbers\na b,n.csv\nc,n.csv\nA_b,n.csv\n"), numbers / "out")


def test_a_path_that_is_too_long_concerns_its_row_only(toy, numbers):
    plan = plan_batch(toy, table(numbers, f"case,numbers\na,{'x' * 5000}.csv\nb,n.csv\n"), numbers / "out")
    assert plan.states == ["cannot run", "runs"]
    with pytest.raises(InputError):
        plan_batch(toy, "x" * 5000, numbers / "out")


def test_neither_yes_nor_no_concerns_its_row_only(numbers):
    cases = table(numbers, "case,series,confirm_times\na,n.csv,maybe\nb,n.csv,yes\n")
    plan = plan_batch("kinetics.enhancement", cases, numbers / "out")
    assert "maybe" in plan.cases[0].problems[0] and not plan.cases[1].problems


@pytest.mark.parametrize(
    "numbers_", [{"workers": -1}, {"memory": -5}, {"seconds": -1.0}, {"seconds": float("nan")}, {"threads": 0}]
)
def test_numbers_that_cannot_be_are_refused(numbers_):
    with pytest.raises(ParameterError, match="was expected"):
        BatchSettings(**numbers_)


def test_collecting_replaces_nothing_of_somebody_elses(toy, tmp_path, capsys):
    cases = write_cases(tmp_path, 2)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "results.csv").write_text("precious")
    words = ["batch", toy, "--cases", str(cases), "--collect"]
    assert cli.main([*words, "--out", str(mine)]) == 2
    assert [p.name for p in mine.iterdir()] == ["results.csv"] and (mine / "results.csv").read_text() == "precious"
    assert "E-OUTPUT-FOREIGN" in capsys.readouterr().err


def test_collecting_tells_what_is_not_done(toy, tmp_path):
    cases = write_cases(tmp_path, 3, harm={2: "fire"})
    words = ["batch", toy, "--cases", str(cases), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--element", "0"]) == 0
    assert cli.main([*words, "--collect"]) == 2
    failures = (tmp_path / "out/failures.csv").read_text()
    assert "3,c001,E-BATCH-OPEN" in failures and "4,c002,E-BATCH-ROW" in failures and "c000" not in failures
    assert (tmp_path / "out/results.csv").read_text() == sums(1)


def test_a_script_replaces_only_such_a_script(toy, tmp_path):
    cases = write_cases(tmp_path, 2)
    words = ["batch", toy, "--cases", str(cases), "--out", str(tmp_path / "out"), "--export-array"]
    before = cases.read_bytes()
    assert cli.main([*words, str(cases)]) == 2 and cases.read_bytes() == before
    for _ in range(2):
        assert cli.main([*words, str(tmp_path / "array.sh"), "--overwrite"]) == 0
    assert "--overwrite --element" in (tmp_path / "array.sh").read_text()


def test_a_group_that_is_called_as_a_folder_stays_a_group(toy, tmp_path):
    cases = write_cases(tmp_path, 2, group={0: "treated", 1: "control"})
    for name in ("treated", "control"):
        (tmp_path / name).mkdir()
    run_batch(plan_batch(toy, cases, tmp_path / "out"))
    assert (tmp_path / "out/results.csv").read_text().splitlines()[1].startswith("c000,treated,")
    assert ",treated," in (tmp_path / "out/cases_out.csv").read_text()


def test_files_are_found_from_the_folder_of_results_though_the_first_row_has_none(toy, tmp_path):
    cases = write_cases(tmp_path, 2, image={1: "a.nii; b.nii"})
    for name in ("a.nii", "b.nii"):
        (tmp_path / name).touch()
    run_batch(plan_batch(toy, cases, tmp_path / "out"))
    assert "../a.nii;../b.nii" in (tmp_path / "out/cases_out.csv").read_text()
    assert "a.nii" not in (tmp_path / "out/results.csv").read_text()


@pytest.fixture
def patients(tmp_path):
    """Two patients, each with two images and the masks beside them."""
    lines = ["case,visits,visits_days,visits_masks"]
    for patient in ("p1", "p2"):
        folder = tmp_path / patient
        folder.mkdir()
        for n, radius in enumerate((8.0, 9.0)):
            one = visit(0, (15.0, 15.0, 20.0, radius))
            write_map(folder / f"ct{n}.nii.gz", one.images["ct"])
            write_labels(folder / f"tumour{n}.nii.gz", one.mask)
        masks = ",".join(f"{patient}/tumour{n}.nii.gz" for n in range(2))
        lines.append(f'{patient},{patient}/ct0.nii.gz;{patient}/ct1.nii.gz,"0,60","{masks}"')
    return table(tmp_path, "\n".join(lines) + "\n")


def test_masks_of_visits_are_files_of_the_table_and_a_table_without_units_makes_a_page(patients, tmp_path):
    plan = plan_batch("follow_up.lesions", patients, tmp_path / "out", common=("--visits-unit", "HU"))
    assert str(tmp_path / "p1/tumour1.nii.gz") in plan.cases[0].files
    outcome = run_batch(plan)
    assert outcome.whole, outcome
    assert "Distributions" in (tmp_path / "out/index.html").read_text()
    larger = visit(0, (15.0, 15.0, 20.0, 12.0)).mask
    write_labels(tmp_path / "p2/tumour1.nii.gz", st.LabelMap(np.array(larger.values), larger.geometry, larger.labels))
    again = plan_batch("follow_up.lesions", patients, tmp_path / "out", common=("--visits-unit", "HU"))
    assert again.states == ["is done", "was done otherwise"]
    (tmp_path / "p1/tumour0.nii.gz").unlink()
    broken = plan_batch("follow_up.lesions", patients, tmp_path / "out", common=("--visits-unit", "HU"))
    assert "p1/tumour0.nii.gz is not there" in broken.cases[0].problems[0]


def test_a_step_that_is_called_as_an_input_is_not_taken_for_it(toy, numbers):
    steps = [{"name": "numbers", "analysis": toy, "parameters": {"factor": 7}}, {"name": "b", "analysis": toy}]
    (numbers / "p.json").write_text(json.dumps({"steps": steps}))
    run_batch(plan_batch(numbers / "p.json", table(numbers, "case,numbers\na,n.csv\n"), numbers / "out"))
    assert (numbers / "out/tables/b.statistics.csv").read_text().endswith("a,sum,1,1.0\n")


@pytest.mark.parametrize(
    "steps, told",
    [
        ([{"name": "case.json"}], "no name of a folder"),
        ([{"name": "a"}, {"name": "b", "inputs": {"numbers": "a:sums"}}], "a gives statistics"),
    ],
)
def test_a_pipeline_that_could_not_run_is_refused(toy, tmp_path, steps, told):
    content = {"steps": [{"analysis": toy, **step} for step in steps]}
    (tmp_path / "p.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=told):
        read_pipeline(tmp_path / "p.json")


def test_runs_of_several_echoes_have_names_of_their_own(tmp_path):
    folder = tmp_path / "bids"
    (folder / "sub-01/func").mkdir(parents=True)
    (folder / "dataset_description.json").touch()
    for echo in (1, 2):
        (folder / f"sub-01/func/sub-01_task-rest_echo-{echo}_bold.nii.gz").touch()
    plan = plan_batch("bold.local_measures", folder, tmp_path / "out")
    assert [case.name for case in plan.cases] == [f"sub-01_task-rest_echo-{echo}_bold" for echo in (1, 2)]
