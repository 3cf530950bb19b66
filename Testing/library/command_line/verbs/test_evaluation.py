"""Networks judged on patients they have not seen, as a user asks for it on the command line."""

import shutil

import numpy as np
import pytest
from library.command_line.commands import refused, run
from library.small.cohort import change_table, train_options

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.io.cohort.files import PARTICIPANTS, TIMEPOINTS, read_cohort
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.cases.regions import prepare_cases
from SpatioTemporalLib.networks.inference.prediction import logits_of
from SpatioTemporalLib.numerics.statistics.roc import roc_area


@pytest.fixture(scope="module")
def evaluation(trained_bundle, other_cohort_folder, tmp_path_factory):
    """Folder of an evaluation on patients that the network has not seen."""
    folder = tmp_path_factory.mktemp("evaluation") / "out"
    cohort = shutil.copytree(other_cohort_folder, folder.parent / "cohort")
    # Sites such that each has patients of both kinds.
    labels = st.read_table(cohort / PARTICIPANTS).columns["malignant"]
    places = {0: iter("ABABAB"), 1: iter("ABABAB")}
    sites = ["site", *(next(places[label]) for label in labels)]
    change_table(cohort / PARTICIPANTS, lambda rows: [r.append(s) for r, s in zip(rows, sites)])
    options = ["--cohort", cohort, "--split", "all", "--subgroups", "site", "--out", folder]
    assert cli.main([str(a) for a in ("evaluate", trained_bundle, *options, "--device", "cpu")]) == 0
    return folder


def test_training_patients_are_refused_also_under_other_names(capsys, copied_cohort, trained_bundle, tmp_path):
    for table in (PARTICIPANTS, TIMEPOINTS):
        (copied_cohort / table).write_text((copied_cohort / table).read_text().replace("\nnodule", "\nsomebody"))
    options = ["evaluate", trained_bundle, "--cohort", copied_cohort, "--out", tmp_path / "e", "--device", "cpu"]
    told = refused(capsys, *options, "--split", "all")
    assert "8 of 10 patients" in told and "somebody01" in told and "E-LEAK" in told
    assert not (tmp_path / "e" / "predictions.csv").exists()
    assert run(capsys, *options, "--split", "test")[0] == 0


def test_probabilities_of_an_evaluation_are_those_of_the_network(
    evaluation, trained_bundle, other_cohort_folder, tmp_path
):
    predicted = st.read_table(evaluation / "predictions.csv").columns
    bundle = read_bundle(trained_bundle)
    cohort = read_cohort(other_cohort_folder)
    cases = prepare_cases(
        cohort, bundle.facts.shown, bundle.facts.covariates, "malignant", cache=tmp_path, context=Context()
    )
    logits = logits_of(bundle.networks[0], cases)
    expected = bundle.facts.calibration.probability(logits[:, 1] - logits[:, 0])
    np.testing.assert_allclose(predicted["probability"], expected, atol=1e-6)
    assert predicted["participant_id"] == cohort.ids
    assert predicted["label"] == cohort.participants.columns["malignant"]


def test_measures_of_an_evaluation_are_those_of_its_predictions(evaluation):
    predicted, measures = (st.read_table(evaluation / name).columns for name in ("predictions.csv", "measures.csv"))
    found = dict(zip(measures["measure"], measures["value"]))
    labels, probabilities = np.array(predicted["label"]) == 1, np.array(predicted["probability"])
    assert found["AUC"] == pytest.approx(roc_area(labels, probabilities).auc)
    assert found["accuracy"] == pytest.approx(np.mean((probabilities >= 0.5) == labels))
    assert (evaluation / "evaluation.png").read_bytes()[:4] == b"\x89PNG"


def test_subgroups_are_measured_apart(evaluation):
    predicted, groups = (st.read_table(evaluation / name).columns for name in ("predictions.csv", "subgroups.csv"))
    rows = [n for n, site in enumerate(predicted["site"]) if site == "B"]
    labels, probabilities = (np.array(predicted[name])[rows] for name in ("label", "probability"))
    (auc,) = [v for v, i, m in zip(groups["value"], groups["is"], groups["measure"]) if (i, m) == ("B", "AUC")]
    assert auc == pytest.approx(roc_area(labels == 1, probabilities).auc)
    assert set(groups["is"]) == {"A", "B"} and set(groups["subgroup"]) == {"site"}


def test_two_bundles_are_compared_on_the_same_patients(
    capsys, trained_bundle, cohort_folder, other_cohort_folder, tmp_path, regions
):
    assert run(capsys, *train_options(cohort_folder, tmp_path / "second"), *regions, "--seed", "1")[0] == 0
    code, out, err = run(
        capsys, "evaluate", trained_bundle, tmp_path / "second", "--cohort", other_cohort_folder, "--split", "all",
        "--out", tmp_path / "e", "--device", "cpu",
    )  # fmt: skip
    assert code == 0 and "comparison" in out, err
    comparison = st.read_table(tmp_path / "e" / "comparison.csv").columns
    assert comparison["model"] == ["probability bundle"] and comparison["compared with"] == ["probability second"]
    measures = st.read_table(tmp_path / "e" / "measures.csv").columns
    first, second = [v for v, m in zip(measures["value"], measures["measure"]) if m == "AUC"]
    assert comparison["difference of AUC"][0] == pytest.approx(first - second)


def test_an_evaluation_that_is_there_is_kept(capsys, evaluation, trained_bundle, other_cohort_folder):
    options = ["--cohort", other_cohort_folder, "--out", evaluation, "--split", "all"]
    assert "--overwrite" in refused(capsys, "evaluate", trained_bundle, *options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--split", "external"], ["external", "test", "--split"]),
        (["--split", "all", "--label", "dead"], ["dead", "malignant"]),
        (["--split", "all", "--subgroups", "planet"], ["planet", "sex"]),
        (["--split", "all", "--device", "abacus"], ["abacus", "cpu"]),
    ],
)
def test_what_cannot_be_evaluated_is_told_in_one_line(
    capsys, evaluation, trained_bundle, other_cohort_folder, tmp_path, options, words
):
    options = ["--cohort", other_cohort_folder, "--out", tmp_path, *options, "--cache", evaluation / "regions"]
    told = refused(capsys, "evaluate", trained_bundle, *options)
    for word in words:
        assert word in told


def test_regions_are_not_kept_within_the_evaluation(capsys, trained_bundle, other_cohort_folder, tmp_path):
    command = ["evaluate", trained_bundle, "--cohort", other_cohort_folder, "--out", tmp_path / "e"]
    assert "voxels of patients" in refused(capsys, *command, "--cache", tmp_path / "e" / "regions")
    assert not any(tmp_path.iterdir())


def test_a_wrong_subgroup_is_told_before_any_region_is_cut(capsys, trained_bundle, other_cohort_folder, tmp_path):
    options = ["--cohort", other_cohort_folder, "--out", tmp_path / "e", "--split", "all", "--subgroups", "sex,planet"]
    assert "planet" in refused(capsys, "evaluate", trained_bundle, *options)
    assert not (tmp_path / "e").exists()


def test_another_number_of_visits_than_in_training_is_refused(capsys, trained_bundle, other_cohort_folder, tmp_path):
    folder = shutil.copytree(other_cohort_folder, tmp_path / "cohort")
    change_table(folder / TIMEPOINTS, lambda rows: rows.pop(2))
    options = ["--cohort", folder, "--out", tmp_path / "e", "--split", "all"]
    told = refused(capsys, "evaluate", trained_bundle, *options)
    assert "1 patient has" in told and "nodule01 has 1" in told and "E-BUNDLE-VISITS" in told
