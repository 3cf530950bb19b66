"""States from tables: tables and curves that come out, what they may rest on, and what is refused."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.simulation.progression_states import simulated_states
from SpatioTemporalLib.simulation.progression_tables import RANGES, states_table, visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan

QUICK = {"ranges": RANGES, "restarts": 3, "bags": 3}


@cache
def simulated(people=80, seed=0):
    return simulated_states(people, np.random.default_rng(seed), VisitPlan(visits=6))


def visits():
    return visits_table(simulated())


@cache
def result():
    return st.run("progression.states", visits=visits(), patient="p05", **QUICK)


def test_paths_are_those_that_were_simulated():
    paths, truth = result().paths.columns, states_table(simulated()).columns["state"]
    assert (np.array(paths["state"]) == truth).mean() > 0.95
    chances = np.column_stack([paths[f"probability of {s}"] for s in range(1, 5)])
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(chances @ np.arange(1, 5), paths["expected state"], rtol=1e-9)
    assert all(sd >= 0 for sd in paths["expected state SD"])


def test_states_are_told_in_the_unit_of_each_score():
    states = result().states.columns
    assert states["state"] == [1, 2, 3, 4]
    assert states["cognition"][0] > 27 and states["cognition"][3] < 12
    assert all(sd > 0 for sd in states["cognition SD"])
    assert np.isinf(states["mean stay"][3]) and 2 < states["mean stay"][0] < 6


def test_nobody_goes_back():
    transitions = result().transitions.columns
    assert all(a <= b for a, b in zip(transitions["from"], transitions["to"]))
    rates = {(a, b): r for a, b, r in zip(transitions["from"], transitions["to"], transitions["rate"])}
    assert rates[1, 3] == rates[1, 4] == rates[2, 4] == 0 and rates[1, 2] > 0


def test_the_drawn_way_ends_at_the_horizon_and_never_falls():
    points, line = result().patient_states
    assert points.name == "state of p05" and line.fit_of == points.name and line.axis == "time [years]"
    assert line.times[-1] == pytest.approx(points.times[-1] + 5.0)
    after = line.times >= points.times[-1]
    assert (np.diff(line.values[after]) >= -1e-9).all()


def test_conversion_is_now_for_who_is_there_already():
    people = result().individuals.columns
    there = np.array(people["state"]) == 4
    assert there.any() and not there.all()
    np.testing.assert_allclose(np.array(people["predicted"])[there], np.array(people["predicted from"])[there])
    assert (np.array(people["predicted"])[~there] > np.array(people["predicted from"])[~there]).all()
    assert (np.array(people["probability"])[there] > 0.99).all()


def test_predictions_do_not_know_what_comes_later():
    table = visits()
    later = np.arange(480) % 6 >= 3
    noise = np.random.default_rng(1).random(480)
    other = replace(table, columns=table.columns | {"memory": np.where(later, noise, table.columns["memory"]).tolist()})
    first, second = (st.run("progression.states", visits=t, first_visits=3, **QUICK) for t in (table, other))
    assert first.individuals.columns == second.individuals.columns
    assert first.paths.columns == second.paths.columns


def test_new_patients_are_told_by_the_states_of_the_others():
    new = visits_table(simulated(people=10, seed=7))
    both = st.run("progression.states", visits=visits(), new_patients=new, **QUICK)
    assert both.states.columns["memory"] == result().states.columns["memory"]
    truth = states_table(simulated(people=10, seed=7)).columns["state"]
    assert (np.array(both.paths.columns["state"]) == truth).mean() > 0.9
    assert "expected state SD" not in both.paths.columns


def test_number_of_states_is_chosen_where_asked():
    found = st.run("progression.states", visits=visits(), states=6, choose_states=True, **QUICK)
    assert found.choice.columns["states"] == [2, 3, 4, 5, 6]
    assert len(found.states.columns["state"]) == 4


def test_an_anchor_that_runs_the_other_way_is_refused():
    table = visits()
    back = replace(table, columns=table.columns | {"mood": [1 - m for m in table.columns["memory"]]})
    with pytest.raises(st.InputError, match="mood=1:0") as caught:
        st.run("progression.states", visits=back, anchor="mood", scores="mood,memory,function")
    assert caught.value.code == "E-PROGRESSION-DIRECTION"


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"anchor": "mood"}, "E-PARAMETER", "mood"),
        ({"reached_state": 5}, "E-PARAMETER", "4 states"),
        ({"first_visits": 1}, "E-PROGRESSION-PEOPLE", "two visits"),
        ({"ranges": ()}, "E-PROGRESSION-RANGE", "cognition"),
    ],
)
def test_what_cannot_be_is_refused_in_words(parameters, code, words):
    with pytest.raises(st.InputError, match=words) as caught:
        st.run("progression.states", visits=visits(), **{**QUICK, **parameters})
    assert caught.value.code == code


def test_too_few_visits_for_so_many_states_are_refused():
    table = visits()
    few = replace(table, columns={name: cells[:36] for name, cells in table.columns.items()})
    with pytest.raises(st.InputError, match="7 or fewer") as caught:
        st.run("progression.states", visits=few, states=8, **QUICK)
    assert caught.value.code == "E-PROGRESSION-VISITS"


def test_simulated_tables_run_from_a_shell(tmp_path):
    folder = tmp_path / "s"
    assert cli.main(["simulate", "states", "--count", "40", "--visits", "6", "--out", str(folder)]) == 0
    run = ["run", "progression.states", "--visits", str(folder / "visits.csv"), "--ranges", RANGES[0]]
    assert cli.main([*run, "--restarts", "2", "--bags", "0", "--out", str(tmp_path / "out")]) == 0
    paths, truth = (st.read_table(p).columns["state"] for p in (tmp_path / "out" / "paths.csv", folder / "truth.csv"))
    assert np.mean(np.array(paths) == truth) > 0.9
