"""The robust course from tables: what comes out, and what predictions may rest on."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.progression_tables import RANGES, visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course

WANTED = {"ranges": RANGES, "conversion_score": "function", "conversion_threshold": 0.5}


@cache
def simulated():
    return simulated_course(60, np.random.default_rng(0), VisitPlan())


def visits():
    return visits_table(simulated())


@cache
def result():
    return st.run("progression.robust", visits=visits(), patient="p05", **WANTED)


def test_people_have_disease_age_and_speed_with_intervals():
    people = result().individuals.columns
    for name in ("disease age", "speed"):
        assert all(low < x < high for low, x, high in zip(*(people[f"{name}{e}"] for e in (" lower", "", " upper"))))
    np.testing.assert_allclose(np.array(people["last visit"]) - people["disease age"], people["time shift"])


def test_conversion_agrees_with_where_the_true_course_passes():
    table = result().conversion.columns
    curve, times = (x.reshape(60, 5) for x in (simulated().expected[:, 1], simulated().visits.times))
    crossed = (curve[:, 0] < 0.5) & (curve[:, -1] > 0.5)
    truth = np.array([np.interp(0.5, c, t) for c, t in zip(curve[crossed], times[crossed])])
    assert crossed.sum() > 8 and np.abs(np.array(table["predicted"])[crossed] - truth).mean() < 0.4


def test_curves_show_the_patient_on_the_course():
    curves = {curve.name: curve for curve in result().course}
    assert curves["memory"].fit_of == "memory of p05" and curves["memory"].axis == "disease age [years]"
    assert len(curves["memory of p05"].times) == 5
    assert {c.name for c in result().patient_course} >= {"memory", "memory fit"}


def test_values_far_off_are_counted_and_move_little():
    table = visits()
    memory = list(table.columns["memory"])
    memory[2] = 0.0
    memory[22] = 1.0
    spoilt = replace(table, columns=table.columns | {"memory": memory})
    found = st.run("progression.robust", visits=spoilt, **WANTED)
    people, before = found.individuals.columns, result().individuals.columns
    assert np.abs(np.array(people["disease age"]) - before["disease age"]).max() < 1.0


def test_predictions_do_not_know_what_comes_later():
    table = visits()
    later = np.arange(300) % 5 >= 2
    noise = np.random.default_rng(5).random(300)
    memory = np.where(later, noise, table.columns["memory"]).tolist()
    other = replace(table, columns=table.columns | {"memory": memory})
    first, second = (st.run("progression.robust", visits=t, first_visits=2, **WANTED) for t in (table, other))
    assert first.individuals.columns == second.individuals.columns
    assert first.conversion.columns["predicted"] == second.conversion.columns["predicted"]


def test_new_patients_are_placed_on_the_curves_as_they_are():
    table = visits()
    new = replace(table, columns={name: cells[:5] for name, cells in table.columns.items()})
    found = st.run("progression.robust", visits=table, new_patients=new, **WANTED)
    assert found.population.columns["rate"] == result().population.columns["rate"]
    assert found.individuals.columns["disease age"][0] == pytest.approx(
        result().individuals.columns["disease age"][0], abs=0.1
    )


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"ranges": ("cognition=0:30",)}, "E-PROGRESSION-DIRECTION"), ({"patient": "nobody"}, "E-PROGRESSION-PATIENT")],
)
def test_what_cannot_be_is_refused_in_words(parameters, code):
    with pytest.raises(st.InputError) as caught:
        st.run("progression.robust", visits=visits(), **{**WANTED, **parameters})
    assert caught.value.code == code
