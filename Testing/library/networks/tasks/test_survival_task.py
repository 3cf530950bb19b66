"""Survival as a task: from a cohort to a bundle and its assessment, by the same verbs as any other."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library.command_line.commands import run
from library.small.livers import small_cohort

import SpatioTemporalLib as st

OPTIONS = ["--simulated", "--epochs", "4", "--set", "width=8", "--device", "cpu", "--batch-size", "32"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("livers") / "cohort"
    small_cohort(folder, 60)
    return folder


def changed(folder, out, change):
    """The cohort with another table of participants."""
    import shutil

    shutil.copytree(folder, out)
    table = st.read_table(out / "participants.csv")
    columns = dict(table.columns)
    change(columns)
    st.write_table(out / "participants.csv", st.Table(columns, {k: u for k, u in table.units.items() if k in columns}))
    return out


def test_a_network_is_trained_bundled_and_assessed(capsys, cohort, tmp_path):
    code, out, err = run(capsys, "train", "stg", "--cohort", cohort, "--out", tmp_path / "b", *OPTIONS)
    assert code == 0 and "Harrell C of validation patients" in out, err
    code, out, err = run(capsys, "bundle", tmp_path / "b")
    assert code == 0 and "recurrence in 12 steps of 12 months" in out, err
    facts = json.loads((tmp_path / "b" / "configs" / "metadata.json").read_text())["spatiotemporal"]
    assert facts["task"] == "survival" and facts["inputs"][0]["endpoints"] == ["recurrence"]
    code, out, err = run(
        capsys, "evaluate", tmp_path / "b", "--cohort", cohort, "--out", tmp_path / "e", "--device", "cpu"
    )
    assert code == 0 and "Harrell C" in out and "integrated Brier" in out, err
    table = st.read_table(tmp_path / "e" / "predictions.csv")
    assert {"time", "event", "risk", "survival at 12", "survival at 144", "expected time"} <= set(table.columns)
    assert table.units["time"] == "months"
    survival = np.array([table.columns[f"survival at {12 * n}"] for n in range(1, 13)])
    assert (np.diff(survival, axis=0) <= 0).all()


def test_two_networks_are_compared_and_patients_of_training_refused(capsys, cohort, tmp_path):
    for n, preset in enumerate(("default", "light")):
        code, _, err = run(
            capsys, "train", "stg", "--cohort", cohort, "--preset", preset, "--out", tmp_path / f"b{n}", *OPTIONS
        )
        assert code == 0, err
    both = [tmp_path / "b0", tmp_path / "b1"]
    code, out, err = run(capsys, "evaluate", *both, "--cohort", cohort, "--out", tmp_path / "e", "--device", "cpu")
    assert code == 0 and "compared with" in out, err
    code, _, err = run(
        capsys, "evaluate", both[0], "--cohort", cohort, "--split", "train", "--out", tmp_path / "e2", "--device", "cpu"
    )
    assert code == 2 and "E-LEAK" in err


def test_a_covariate_that_is_the_outcome_is_refused(capsys, cohort, tmp_path):
    def leak(columns):
        columns["follow_up"] = [1.5 * t for t in columns["recurrence_time"]]

    other = changed(cohort, tmp_path / "leaky", leak)
    code, _, err = run(capsys, "train", "stg", "--cohort", other, "--out", tmp_path / "b", *OPTIONS)
    assert code == 2 and "follow_up" in err and "E-LEAK" in err
    assert not (tmp_path / "b").exists()


def test_several_endpoints_are_learned_together(capsys, cohort, tmp_path):
    def add(columns):
        columns["death_time"] = [t + 5 for t in columns["recurrence_time"]]
        columns["death_event"] = columns["recurrence_event"]

    other = changed(cohort, tmp_path / "both", add)
    table = st.read_table(other / "participants.csv")
    st.write_table(other / "participants.csv", st.Table(table.columns, {**table.units, "death_time": "months"}))
    code, out, err = run(capsys, "train", "stg", "--cohort", other, "--out", tmp_path / "b", *OPTIONS)
    assert code == 0, err
    facts = json.loads((tmp_path / "b" / "configs" / "metadata.json").read_text())["spatiotemporal"]
    assert facts["inputs"][0]["endpoints"] == ["recurrence", "death"]
    assert [c["name"] for c in facts["covariates"]] and "death_time" not in str(facts["covariates"])
    code, out, err = run(
        capsys, "evaluate", tmp_path / "b", "--cohort", other, "--label", "death", "--out", tmp_path / "e",
        "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("recurrence_event"), "recurrence_time \\[months\\] and recurrence_event"),
        (lambda c: c.update(recurrence_time=[-1.0] * len(c["recurrence_time"])), "not above 0|more than 0"),
        (lambda c: c.update(recurrence_event=[0] * len(c["recurrence_event"])), "0 had the event|0 events"),
    ],
)
def test_wrong_outcomes_are_told(capsys, cohort, tmp_path, change, words):
    import re

    other = changed(cohort, tmp_path / "wrong", change)
    code, _, err = run(capsys, "train", "stg", "--cohort", other, "--out", tmp_path / "b", *OPTIONS)
    assert code == 2 and re.search(words, err), err


def test_structures_that_are_drawn_and_those_of_a_table_give_the_same_graph(tmp_path):
    from library.small.inputs import drawn_liver

    from SpatioTemporalLib.steps.structures.graph_arrays import graph_arrays

    table = st.run("prognosis.structures", visits=drawn_liver())["structures"]
    st.write_table(tmp_path / "structures.csv", table)
    back = graph_arrays(st.read_table(tmp_path / "structures.csv"))
    here = graph_arrays(table)
    np.testing.assert_allclose(back.lesions, here.lesions)
    assert here.seen.shape == (2, 2) and here.near[1, 0, 1] > 0
    assert here.lesions[1, 0, -2] == pytest.approx(np.log(3.648 / 1.728) / (90 / (365.25 / 12)), rel=1e-3)
