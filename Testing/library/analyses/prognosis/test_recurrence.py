"""Recurrence of one patient: what drives the risk is named, and what is wrong is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library.small.inputs import drawn_liver

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.liver_images import liver_follow_up
from SpatioTemporalLib.simulation.liver_metastases import draw_patient

SEED = 15


@pytest.fixture(scope="module")
def liver():
    """A patient with three lesions, one of which is much larger than the others and grows."""
    rng = np.random.default_rng(SEED)
    patient = draw_patient(rng)
    return patient, liver_follow_up(patient, rng)


@pytest.fixture(scope="module")
def result(liver):
    patient, visits = liver
    known = tuple(f"{name}={value:.3g}" for name, value in patient.clinical.items())
    return st.run("prognosis.recurrence", visits=visits, covariates=known, samples=20)


def test_a_curve_falls_from_one_with_a_band_and_a_time(result):
    (curve,) = result["survival"]
    assert curve.values[0] == 1.0 and (np.diff(curve.values) < 0).all() and curve.axis.endswith("[months]")
    rows = result["prediction"].columns
    at = rows["quantity"].index("without it after 3 y")
    assert rows["lower"][at] < rows["value"][at] < rows["upper"][at]
    months = rows["value"][rows["quantity"].index("expected time")]
    assert np.interp(months, curve.times, curve.values) == pytest.approx(0.5, abs=0.05)


def test_the_lesion_that_drives_the_risk_most_is_named_first(result, liver):
    patient, _ = liver
    parts = result["contributions"].columns
    lesions = [int(part.split()[1]) for part, kind in zip(parts["part"], parts["kind"]) if kind == "lesion"]
    assert lesions[0] == int(patient.drivers.argmax()) + 1
    assert parts["adds"] == sorted(parts["adds"], reverse=True)
    assert parts["hazard ratio"] == pytest.approx(np.exp(parts["adds"]))


def test_lesions_are_red_as_they_add_and_lie_where_they_are_drawn(result, liver):
    _, visits = liver
    labels, last = result["lesions"], visits.visits[-1]
    assert labels.geometry.matches(last.images["ct"].geometry)
    for number, label in labels.labels.items():
        assert (last.masks[f"Tumor_{number}"].foreground & labels.region(number)).any()
        adds = float(label.name.split(":")[1])
        assert (label.colour[0] > label.colour[2]) == (adds > 0)
    assert result["graph"].colour_by == "adds"
    assert "simulated data" in result["report"].html


def test_it_says_that_it_was_trained_on_simulated_data(result):
    assert [f.code for f in result.findings].count("W-SIMULATED") == 1


def test_a_patients_answer_is_the_same_from_a_table_of_the_patient(liver, result):
    patient, visits = liver
    table = st.Table({name: [value] for name, value in patient.clinical.items()})
    other = st.run("prognosis.recurrence", visits=visits, patient=table, samples=20)
    one, two = (r["prediction"].columns["value"][0] for r in (result, other))
    assert two == pytest.approx(one, abs=0.02)


def test_other_numbers_of_visits_and_unknown_facts_are_told():
    found = st.run("prognosis.recurrence", visits=drawn_liver(), samples=4)
    assert {"W-VISITS", "W-COVARIATE-MISSING", "W-SIMULATED"} <= {f.code for f in found.findings}


def test_bundles_of_other_tasks_and_visits_without_lesions_are_refused():
    with pytest.raises(st.InputError, match="E-BUNDLE-TASK"):
        st.run("prognosis.recurrence", visits=drawn_liver(), bundle="demo")
    visits = drawn_liver()
    bare = tuple(
        replace(v, masks={n: m for n, m in v.masks.items() if not n.startswith("Tumor")}) for v in visits.visits
    )
    with pytest.raises(st.InputError, match="no visit has a lesion"):
        st.run("prognosis.recurrence", visits=replace(visits, visits=bare))
    with pytest.raises(st.InputError, match="is no number"):
        st.run("prognosis.recurrence", visits=drawn_liver(), covariates=("age=old",), samples=4)
