"""Training on a cohort, as a user goes through it on the command line."""

import json
import shutil

import numpy as np
import pytest
from library.command_line.commands import refused, run
from library.small.cohort import REGION, change_table, set_cell, train_options

import SpatioTemporalLib as st
from SpatioTemporalLib.io.cohort.files import PARTICIPANTS, TIMEPOINTS, read_cohort
from SpatioTemporalLib.networks.bundle.reading import read_bundle


def test_simulate_writes_a_cohort_once(capsys, tmp_path):
    options = ["simulate", "nodules", "--out", tmp_path / "c", "--count", "2", "--extent", "30,30,24", "--days", "0,90"]
    code, out, err = run(capsys, *options)
    assert code == 0 and "2 participants, 4 visits" in out and "AUC" in out, err
    assert len(read_cohort(tmp_path / "c")) == 2
    assert "--overwrite" in refused(capsys, *options)


def test_training_says_what_it_made_and_what_it_is_not_for(capsys, cohort_folder, tmp_path, regions):
    code, out, err = run(capsys, *train_options(cohort_folder, tmp_path / "bundle"), *regions)
    assert code == 0, err
    assert "8 patients" in out and "AUC of validation patients" in out and "not for clinical use" in out
    curves = st.read_table(tmp_path / "bundle_training" / "curves.csv").columns
    assert curves["epoch"] == [1, 2]
    held_out = st.read_table(tmp_path / "bundle_training" / "validation_predictions.csv").columns
    people = st.read_table(cohort_folder / PARTICIPANTS).columns
    assert held_out["participant_id"] == [
        i for i, s in zip(*map(people.get, ("participant_id", "split"))) if s[0] == "v"
    ]


def test_a_bundle_holds_nothing_of_the_patients(trained_bundle, cohort_folder):
    assert sorted(p.relative_to(trained_bundle).as_posix() for p in trained_bundle.rglob("*") if p.is_file()) == [
        ".spatiotemporal.json", "LICENSE", "configs/inference.json", "configs/metadata.json", "docs/README.md",
        "models/model.safetensors", "tests/case0/expected.json",
    ]  # fmt: skip
    content = b"".join(path.read_bytes() for path in trained_bundle.rglob("*") if path.is_file())
    for participant in read_cohort(cohort_folder).ids:
        assert participant.encode() not in content
    assert str(cohort_folder).encode() not in content


def test_a_bundle_is_described(capsys, trained_bundle):
    code, out, _ = run(capsys, "bundle", trained_bundle)
    assert code == 0
    for words in (
        "csfnet: probability of malignant",
        "SIMULATED DATA",
        "Takes 2 visits",
        "age (",
        "sex (F, M)",
        "whole",
    ):
        assert words in out


def test_metadata_are_those_of_the_training_patients(trained_bundle, cohort_folder):
    facts = read_bundle(trained_bundle).facts
    people = st.read_table(cohort_folder / PARTICIPANTS).columns
    learned = [n for n, split in enumerate(people["split"]) if split in ("train", "validation")]
    ages = [people["age"][n] for n, split in enumerate(people["split"]) if split == "train"]
    assert facts.training.patients == len(learned) == len(facts.training.digests)
    assert facts.training.share == pytest.approx(np.mean([people["malignant"][n] for n in learned]))
    age, sex = facts.covariates
    assert (age.mean, age.std) == (pytest.approx(np.mean(ages)), pytest.approx(np.std(ages)))
    assert sex.levels == ("F", "M") and facts.shown.shape == (8, 16, 16) and facts.visits == (2, 2)
    assert facts.training.simulated and facts.training.outcome == "malignant"


def test_a_trained_network_is_used_on_a_participant(capsys, trained_bundle, other_cohort_folder, tmp_path):
    code, out, err = run(
        capsys, "run", "follow_up.malignancy", "--visits", f"{other_cohort_folder}:nodule03", "--bundle",
        trained_bundle, "--out", tmp_path / "r", "--device", "cpu", "--integrated-gradients", "false",
    )  # fmt: skip
    assert code == 0, err
    prediction = st.read_table(tmp_path / "r" / "prediction.csv").columns
    assert 0 < prediction["probability"][0] < 1 and prediction["network"] == ["csfnet"]
    assert "SIMULATED" in prediction["trained on"][0]
    assert (tmp_path / "r" / "report.html").stat().st_size > 1000
    assert len(list((tmp_path / "r").glob("layer_cam*.nii.gz"))) == 2


def test_the_same_command_goes_on_where_it_was_interrupted(
    capsys, cohort_folder, trained_bundle, tmp_path, regions, monkeypatch
):
    options = [*train_options(cohort_folder, tmp_path / "bundle"), *regions]

    def broken(*arguments, **keywords):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        # Both epochs are done, and the bundle is not written.
        patched.setattr("SpatioTemporalLib.networks.training.procedure.write_bundle", broken)
        assert run(capsys, *options)[0] == 130
    assert not (tmp_path / "bundle").exists()
    checkpoint = tmp_path / "bundle_training" / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns
    assert run(capsys, *options)[0] == 0
    assert checkpoint.stat().st_mtime_ns == before
    weights = [
        (folder / "models" / "model.safetensors").read_bytes() for folder in (tmp_path / "bundle", trained_bundle)
    ]
    assert weights[0] == weights[1]


def test_a_checkpoint_of_other_settings_is_not_gone_on_with(capsys, cohort_folder, tmp_path, regions):
    options = [*train_options(cohort_folder, tmp_path / "bundle"), *regions]
    assert run(capsys, *options)[0] == 0
    shutil.rmtree(tmp_path / "bundle")
    assert "batch_size was 4, is 2" in refused(capsys, *options, "--batch-size", "2")
    assert run(capsys, *options, "--batch-size", "2", "--overwrite")[0] == 0


def test_a_bundle_that_is_there_is_refused_before_any_work(capsys, cohort_folder, trained_bundle):
    before = (trained_bundle / "models" / "model.safetensors").stat().st_mtime_ns
    assert "--overwrite" in refused(capsys, *train_options(cohort_folder, trained_bundle))
    assert (trained_bundle / "models" / "model.safetensors").stat().st_mtime_ns == before


def test_the_current_folder_can_be_the_bundle(capsys, cohort_folder, tmp_path, regions, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, _, err = run(capsys, *train_options(cohort_folder, "."), *regions)
    assert code == 0, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "here_training"]
    assert not any("training" in path.name for path in (tmp_path / "here").rglob("*"))


@pytest.mark.parametrize("inside", ["bundle", "bundle/regions", "bundle/../bundle/a/b"])
def test_regions_of_patients_are_kept_out_of_what_is_handed_on(capsys, cohort_folder, tmp_path, inside):
    command = [*train_options(cohort_folder, tmp_path / "bundle"), "--cache", f"{tmp_path}/{inside}"]
    assert "voxels of patients" in refused(capsys, *command)
    assert not any(tmp_path.iterdir())


def test_folds_make_an_ensemble_in_which_each_patient_is_held_out_once(capsys, cohort_folder, tmp_path, regions):
    code, _, err = run(capsys, *train_options(cohort_folder, tmp_path / "bundle"), *regions, "--folds", "2")
    assert code == 0, err
    bundle = read_bundle(tmp_path / "bundle")
    assert len(bundle.networks) == 2 and bundle.facts.training.patients == 8
    held_out = st.read_table(tmp_path / "bundle_training" / "validation_predictions.csv").columns
    people = st.read_table(cohort_folder / PARTICIPANTS).columns
    assert held_out["participant_id"] == [i for i, s in zip(people["participant_id"], people["split"]) if s != "test"]
    for fold in ("fold1", "fold2"):
        assert (tmp_path / "bundle_training" / fold / "curves.csv").exists()


def test_one_fold_is_no_cross_validation(capsys, cohort_folder, tmp_path):
    assert "2 or more" in refused(capsys, *train_options(cohort_folder, tmp_path / "b"), "--folds", "1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "colour=3"], ["colour", "stages"]),
        (["--set", "width=abc"], ["make no network", "spatiotemporal networks csfnet"]),
        (["--preset", "huge"], ["huge", "paper"]),
        (["--label", "dead"], ["dead", "malignant"]),
        (["--covariates", "age,weight"], ["weight", "age"]),
        (["--covariates", "split"], ["the column split"]),
        (["--size", "8,16"], ["--size", "3 numbers"]),
        (["--window", "600,-1200"], ["does not rise"]),
        (["--window", "-1200,600,7"], ["--window", "2 numbers"]),
        (["--epochs", "0"], ["epochs = 0", "1..10000"]),
        (["--device", "abacus"], ["abacus", "cpu"]),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_told_in_one_line(capsys, cohort_folder, tmp_path, regions, options, words):
    told = refused(capsys, *train_options(cohort_folder, tmp_path / "bundle"), *regions, *options)
    for word in words:
        assert word in told
    assert not (tmp_path / "bundle").exists()


def test_an_unknown_network_is_answered_with_those_there_are(capsys, cohort_folder, tmp_path):
    told = refused(capsys, *train_options(cohort_folder, tmp_path / "b", "resnet"))
    assert "resnet" in told and "csfnet, deepcad" in told


def test_deepcad_sees_the_surroundings_in_a_second_channel(capsys, cohort_folder, tmp_path):
    options = [
        *train_options(cohort_folder, tmp_path / "bundle", "deepcad"),
        "--set",
        "widths=[8,8,8]",
        "--epochs",
        "1",
    ]
    code, _, err = run(capsys, *options)
    assert code == 0, err
    facts = read_bundle(tmp_path / "bundle").facts
    assert facts.shown.spacings == ((1.5, 1.5, 2.0), (4.0, 4.0, 4.0))


def test_covariates_for_a_network_that_looks_at_none_are_refused(capsys, cohort_folder, tmp_path):
    options = train_options(cohort_folder, tmp_path / "bundle", "scans")
    assert "looks at no covariates" in refused(capsys, *options, "--covariates", "age")


def test_a_network_without_covariates_is_given_none(capsys, cohort_folder, tmp_path, regions):
    for out, network, options in (
        ("c", "csfnet", ["--covariates", "none"]),
        ("s", "scans", ["--set", "widths=[8,8,8]"]),
    ):
        options = [*train_options(cohort_folder, tmp_path / out, network), *regions, *options, "--epochs", "1"]
        assert run(capsys, *options)[0] == 0
        assert read_bundle(tmp_path / out).facts.covariates == ()


def test_a_cohort_without_a_split_is_divided_by_the_seed(capsys, copied_cohort, tmp_path):
    change_table(copied_cohort / PARTICIPANTS, lambda rows: [row.pop(1) for row in rows])
    options = [*train_options(copied_cohort, tmp_path / "bundle"), "--epochs", "1"]
    code, _, err = run(capsys, *options)
    assert code == 0, err
    held_out = st.read_table(tmp_path / "bundle_training" / "validation_predictions.csv").columns
    assert len(held_out["label"]) == 2 and set(held_out["label"]) == {0, 1}
    assert read_bundle(tmp_path / "bundle").facts.training.patients == 10


def test_patients_without_a_label_take_no_part(capsys, copied_cohort, tmp_path):
    set_cell(copied_cohort / PARTICIPANTS, 1, "malignant", "")
    code, _, err = run(capsys, *train_options(copied_cohort, tmp_path / "bundle"), "--epochs", "1")
    assert code == 0, err
    assert read_bundle(tmp_path / "bundle").facts.training.patients == 7


def test_all_errors_of_the_tables_are_told_at_once(capsys, copied_cohort, tmp_path):
    set_cell(copied_cohort / PARTICIPANTS, 2, "age", "old")
    set_cell(copied_cohort / TIMEPOINTS, 4, "days", "never")
    set_cell(copied_cohort / TIMEPOINTS, 6, "image:ct", "gone.nii.gz")
    code, _, err = run(capsys, *train_options(copied_cohort, tmp_path / "bundle"))
    assert code == 2 and "3 problems" in err
    for words in ("participants.csv row 3: 'old'", "timepoints.csv row 5", "gone.nii.gz"):
        assert words in err


def test_metadata_written_by_training_are_plain_json(trained_bundle):
    described = json.loads((trained_bundle / "configs" / "metadata.json").read_text())
    assert described["spatiotemporal"]["architecture"]["args"]["width"] == 8
    assert described["spatiotemporal"]["inputs"][0]["roi"]["size_vox"] == [int(n) for n in REGION[1].split(",")]
