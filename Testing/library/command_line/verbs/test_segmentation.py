"""From a simulated cohort with phases to a mask, as a user goes through it on the command line."""

import json
import shutil

import pytest
from library.command_line.commands import refused, run
from library.small.phases import BRIEF, OPTIONS, simulated_series, small_phase_cohort

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


@pytest.fixture(scope="module")
def cohort_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dce") / "cohort"
    small_phase_cohort(folder)
    return folder


@pytest.fixture(scope="module")
def trained(cohort_folder, tmp_path_factory):
    """A bundle, and what was printed when it was made."""
    folder = tmp_path_factory.mktemp("trained") / "bundle"
    given = ["train", "film_unet", "--cohort", cohort_folder, "--out", folder, *OPTIONS, *BRIEF]
    assert cli.main([str(a) for a in given]) == 0
    return folder


def test_lesions_are_simulated(capsys, tmp_path):
    options = ["simulate", "dce-lesions", "--out", tmp_path / "c", "--count", "2", "--later", "90,90"]
    code, out, err = run(capsys, *options)
    assert code == 0 and "2 participants, 6 visits" in out and "lesion, look_alike" in out, err
    assert [float(s) for s in st.read_cohort(tmp_path / "c").visits.columns["seconds"]] == [-1, 30, 90] * 2
    assert "--later" in refused(capsys, "simulate", "dce-lesions", "--out", tmp_path / "d", "--later", "20,90")


def test_training_watches_and_tells_dice(trained):
    curves = st.read_table(trained.parent / "bundle_training" / "curves.csv").columns
    assert list(curves) == ["epoch", "training loss", "validation loss", "validation Dice"]
    held_out = st.read_table(trained.parent / "bundle_training" / "validation_predictions.csv").columns
    assert held_out["participant_id"] == ["dce4"] and 0 <= held_out["Dice"][0] <= 1
    metadata = json.loads((trained / "configs" / "metadata.json").read_text(encoding="utf-8"))["spatiotemporal"]
    assert metadata["task"] == "segmentation" and metadata["time"]["unit"] == "seconds"
    assert metadata["inference"]["kind"] == "sliding_window" and metadata["training"]["patients"] == 4


def test_a_bundle_says_what_it_segments(capsys, trained):
    code, out, _ = run(capsys, "bundle", trained)
    assert code == 0 and "film_unet: segmentation of lesion" in out and "after injection" in out and "whole" in out


def test_a_calibration_that_means_nothing_is_not_told(capsys, trained, cohort_folder):
    code, out, _ = run(capsys, "bundle", trained)
    assert code == 0 and "alibrat" not in out and "- Threshold: 0.5" in out
    assert "alibrat" not in (trained / "docs" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", [["--balance", "true"], ["--covariates", "age"]])
def test_options_that_segmentation_has_no_use_for_are_refused(capsys, cohort_folder, tmp_path, option):
    given = ["train", "film_unet", "--cohort", cohort_folder, "--out", tmp_path / "b", *OPTIONS, *BRIEF, *option]
    said = refused(capsys, *given)
    assert "E-PARAMETER" in said and f"Leave {option[0]} out." in said
    assert not (tmp_path / "b").exists()


def test_bundles_are_evaluated_by_dice_and_compared(capsys, trained, cohort_folder, tmp_path):
    other = shutil.copytree(trained, tmp_path / "other")
    fresh = tmp_path / "fresh"
    small_phase_cohort(fresh, seed=8)
    options = ["--cohort", fresh, "--split", "all", "--out", tmp_path / "e", "--device", "cpu"]
    code, out, err = run(capsys, "evaluate", trained, other, *options)
    assert code == 0 and "structure" in out, err
    predicted = st.read_table(tmp_path / "e" / "predictions.csv").columns
    assert predicted["Dice bundle"] == predicted["Dice other"] and len(predicted["Dice other"]) == 5
    measures = st.read_table(tmp_path / "e" / "measures.csv").columns
    assert measures["measure"].count("Dice") == 2 and measures["measure"].count("look-alikes found") == 2
    assert (tmp_path / "e" / "comparison.csv").exists() and not (tmp_path / "e" / "regions").exists()


def test_training_patients_are_not_evaluated_on(capsys, trained, cohort_folder, tmp_path):
    options = ["--cohort", cohort_folder, "--split", "all", "--out", tmp_path / "e", "--device", "cpu"]
    assert "4 of 5 patients were among those" in refused(capsys, "evaluate", trained, *options)


def test_bundles_of_two_tasks_are_not_compared(capsys, trained, cohort_folder, tmp_path):
    told = refused(capsys, "evaluate", trained, "demo", "--cohort", cohort_folder, "--out", tmp_path / "e")
    assert "classification and segmentation" in told and "E-TASK" in told


def test_folds_make_an_ensemble(capsys, cohort_folder, tmp_path):
    given = ["train", "film_unet", "--cohort", cohort_folder, "--out", tmp_path / "b", *OPTIONS, *BRIEF, "--folds", "2"]
    assert run(capsys, *given)[0] == 0
    assert len(list((tmp_path / "b" / "models").glob("*.safetensors"))) == 2


def test_a_trained_network_segments_a_series(capsys, trained, tmp_path):
    series, _ = simulated_series()
    st.write_series(tmp_path / "dce.seq.nrrd", series)
    code, _, err = run(
        capsys, "run", "segmentation.by_network", "--series", tmp_path / "dce.seq.nrrd", "--bundle", trained,
        "--injection", "1", "--out", tmp_path / "r", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    assert st.read_labels(tmp_path / "r" / "segmentation.nii.gz").geometry == series.geometry
    assert st.read_table(tmp_path / "r" / "phases.csv").columns["frame"] == [1, 2, 3]


@pytest.mark.parametrize(
    "options, words",
    [
        (["--shown", "first_pots=40"], ["first_pots", "first_post"]),
        (["--window", "0,1"], ["window", "spacings"]),
        (["--task", "classification"], ["does not serve", "segmentation"]),
        (["--monitor", "auc"], ["auc", "dice"]),
        (["--label", "liver"], ["liver", "look_alike"]),
    ],
)
def test_what_cannot_be_trained_is_told_in_one_line(capsys, cohort_folder, tmp_path, options, words):
    given = ["train", "film_unet", "--cohort", cohort_folder, "--out", tmp_path / "b", *OPTIONS, *BRIEF, *options]
    told = refused(capsys, *given)
    for word in words:
        assert word in told
