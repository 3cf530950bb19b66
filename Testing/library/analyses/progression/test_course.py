"""Tables of visits: what is read, what is refused in words, and what predictions may rest on."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.simulation.progression_tables import RANGES, truth_table, visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course

MEMORY = {"ranges": RANGES, "conversion_score": "memory", "conversion_threshold": 0.7}


@cache
def simulated(people=60, seed=0, **plan):
    return simulated_course(people, np.random.default_rng(seed), VisitPlan(**plan))


def visits(**more):
    return visits_table(simulated(**more))


def changed(table, **columns):
    return replace(table, columns=table.columns | columns)


def rows_of(table, keep):
    return replace(
        table, columns={name: [c for c, k in zip(cells, keep) if k] for name, cells in table.columns.items()}
    )


@cache
def first_three():
    return st.run("progression.course", visits=visits(), first_visits=3, **MEMORY)


def test_individuals_have_onset_and_pace_with_intervals():
    result = st.run("progression.course", visits=visits(), ranges=RANGES)
    truth, found = truth_table(simulated()).columns, result.individuals.columns
    assert found["participant_id"] == truth["participant_id"]
    assert np.corrcoef(found["onset"], truth["onset"])[0, 1] > 0.99
    assert np.corrcoef(np.log(found["pace"]), truth["log pace"])[0, 1] > 0.85
    for name in ("onset", "pace"):
        assert all(low < x < high for low, x, high in zip(*(found[f"{name}{end}"] for end in (" lower", "", " upper"))))
    mean = dict(zip(result.spread.columns["quantity"], result.spread.columns["value"]))["onset"]
    np.testing.assert_allclose(found["time shift"], np.array(found["onset"]) - mean)


def test_population_is_told_in_the_unit_of_each_score():
    population = st.run("progression.course", visits=visits(), ranges=RANGES).population.columns
    row = dict(
        zip(population["score"], zip(*(population[c] for c in ("at onset", "change in a year", "residual noise"))))
    )
    at_onset, change, noise = row["cognition"]
    assert 20 < at_onset < 27 and -3 < change < -0.5 and noise == pytest.approx(30 * 0.05, rel=0.15)


@pytest.mark.parametrize("patient", ["", "p07"])
def test_predictions_do_not_know_what_comes_later(patient):
    """The visits of a person after the moment of predicting may hold anything, or not be there."""
    table = visits()
    order = np.arange(300) % 5
    of_patient = np.array([not patient or name == patient for name in table.columns["participant_id"]])
    later = (order >= 2) & of_patient
    noise = np.random.default_rng(5)
    other = changed(table, memory=np.where(later, noise.random(300), table.columns["memory"]).tolist())
    gone = rows_of(table, ~later)
    results = [
        st.run("progression.course", visits=t, first_visits=2, patient=patient, **MEMORY) for t in (table, other, gone)
    ]
    for result in results[1:]:
        for name in ("participant_id", "onset", "pace", "onset lower"):
            assert result.individuals.columns[name] == results[0].individuals.columns[name]
        for name in ("predicted", "lower", "upper", "probability", "carried forward"):
            assert result.conversion.columns[name] == results[0].conversion.columns[name]


def test_until_is_the_moment_of_predicting_of_the_patient():
    table = visits()
    age = np.array(table.columns["age"])
    own = np.array(table.columns["participant_id"]) == "p07"
    moment = float(np.sort(age[own])[1])
    result = st.run("progression.course", visits=table, patient="p07", until=moment, ranges=RANGES)
    seen = dict(zip(result.individuals.columns["participant_id"], result.individuals.columns["visits"]))
    assert seen["p07"] == 2 and seen["p08"] == 5
    points = next(curve for curve in result.patient_course if curve.name == "memory")
    assert points.times.max() == moment and points.axis == "time [years]"


def test_new_patients_are_placed_on_the_population_as_it_is():
    known, new = visits(), visits(people=12, seed=9)
    alone = st.run("progression.course", visits=known, ranges=RANGES)
    both = st.run("progression.course", visits=known, new_patients=new, ranges=RANGES)
    one = st.run(
        "progression.course", visits=known, new_patients=rows_of(new, [True] * 5 + [False] * 55), ranges=RANGES
    )
    assert both.population.columns == one.population.columns == alone.population.columns
    assert len(both.individuals.columns["onset"]) == 12 and len(one.individuals.columns["onset"]) == 1
    # Steps end at a thousandth of the spread between people, one person's not at the same as twelve's.
    assert one.individuals.columns["onset"][0] == pytest.approx(both.individuals.columns["onset"][0], abs=0.01)
    truth = truth_table(simulated(people=12, seed=9)).columns["onset"]
    assert np.corrcoef(both.individuals.columns["onset"], truth)[0, 1] > 0.98


def test_conversion_is_predicted_with_an_interval_that_holds():
    table = first_three().conversion.columns
    effects = simulated()
    curve = effects.expected[:, 0].reshape(60, 5)
    times = effects.visits.times.reshape(60, 5)
    crossed = (curve[:, 0] < 0.7) & (curve[:, -1] > 0.7)
    truth = np.array([np.interp(0.7, c, t) for c, t in zip(curve[crossed], times[crossed])])
    low, high = (np.array(table[end])[crossed] for end in ("lower", "upper"))
    assert crossed.sum() > 15 and ((low - 0.2 < truth) & (truth < high + 0.2)).mean() > 0.85
    assert np.abs(np.array(table["predicted"])[crossed] - truth).mean() < 0.6
    assert all(0 <= p <= 1 for p in table["probability"])


def test_conversion_is_seen_when_the_next_visit_confirms_it():
    columns = {
        "participant_id": ["a"] * 4 + ["b"] * 4 + ["c"] * 3,
        "age": [1.0, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3],
        "memory": [0.2, 0.8, 0.3, 0.9, 0.3, 0.5, 0.8, 0.9, 0.8, 0.9, 0.9],
    }
    more = visits()
    new = st.Table(columns | {name: [float("nan")] * 11 for name in ("function", "atrophy", "cognition")}, name="new")
    table = st.run("progression.course", visits=more, new_patients=new, **MEMORY).conversion.columns
    assert table["converted"] == [0, 1, 1]
    np.testing.assert_equal(table["seen after"], [4.0, 2.0, np.nan])
    np.testing.assert_equal(table["seen by"], [np.nan, 3.0, 1.0])


def test_missing_cells_and_irregular_visits_are_taken_as_they_are():
    table = visits(missing=0.4, irregular=0.9)
    found = st.run("progression.course", visits=table, ranges=RANGES).individuals.columns
    truth = truth_table(simulated(missing=0.4, irregular=0.9)).columns
    kept = [name in found["participant_id"] for name in truth["participant_id"]]
    assert np.corrcoef(found["onset"], np.array(truth["onset"])[kept])[0, 1] > 0.97


@pytest.mark.parametrize(
    ("heading", "unit", "factor"), [("age", "", 1), ("Time", "months", 12), ("days", "", 365.25), ("t", "d", 365.25)]
)
def test_times_are_read_in_their_unit(heading, unit, factor):
    table = visits()
    columns = {heading: [factor * age for age in table.columns["age"]]} | {
        name: cells for name, cells in table.columns.items() if name != "age"
    }
    given = st.Table(columns, {heading: unit} if unit else {}, name="visits")
    time = {"time": "t"} if heading == "t" else {}
    found = st.run("progression.course", visits=given, ranges=RANGES, **time)
    np.testing.assert_allclose(
        found.individuals.columns["onset"],
        st.run("progression.course", visits=table, ranges=RANGES).individuals.columns["onset"],
        rtol=1e-6,
    )


def test_repeated_rows_are_left_out_and_other_values_at_one_time_are_told():
    table = visits()
    twice = replace(table, columns={name: cells + cells[:1] for name, cells in table.columns.items()})
    result, plain = (st.run("progression.course", visits=t, ranges=RANGES) for t in (twice, table))
    assert "W-PROGRESSION-REPEATED" in {finding.code for finding in result.findings}
    assert result.individuals.columns["onset"] == plain.individuals.columns["onset"]
    twice.columns["memory"][-1] += 0.1
    result = st.run("progression.course", visits=twice, ranges=RANGES)
    assert "W-PROGRESSION-TWICE" in {finding.code for finding in result.findings}
    assert result.individuals.columns["visits"][0] == 6


def test_rows_without_a_name_or_a_time_are_left_out_and_counted():
    table = visits()
    table = changed(table, participant_id=["", *table.columns["participant_id"][1:]])
    table.columns["age"][7] = float("nan")
    result = st.run("progression.course", visits=table, ranges=RANGES)
    assert any("2 rows have no participant" in finding.message for finding in result.findings)
    assert result.individuals.columns["visits"][:2] == [4, 4]


def with_value(name, row, value):
    return lambda t: changed(t, **{name: [*t.columns[name][:row], value, *t.columns[name][row + 1 :]]})


def one_person(table):
    return rows_of(table, [name == "p01" for name in table.columns["participant_id"]])


def one_visit_each(table):
    return rows_of(table, [n % 5 == 0 for n in range(300)])


@pytest.mark.parametrize(
    ("wrong", "parameters", "code", "words"),
    [
        (lambda t: t, {"ranges": ()}, "E-PROGRESSION-RANGE", "0 .healthy. and 1 .worst."),
        (lambda t: t, {"ranges": ("cognition=0:30",)}, "E-PROGRESSION-DIRECTION", "cognition=30:0"),
        (lambda t: changed(t, memory=[0.4] * 300), {}, "E-PROGRESSION-CONSTANT", "0.4 at every visit"),
        (one_person, {}, "E-PROGRESSION-PEOPLE", "1 participant has two visits"),
        (one_visit_each, {}, "E-PROGRESSION-PEOPLE", "0 participants have two visits"),
        (with_value("memory", 3, "poor"), {"scores": ("memory", "function")}, "E-TABLE", "'poor' in row 4"),
        (with_value("memory", 3, np.inf), {}, "E-PROGRESSION-RANGE", "row 4"),
        (lambda t: t, {"scores": ("memory", "mood")}, "E-TABLE", "mood"),
        (lambda t: t, {"sources": 2, "scores": ("memory", "function")}, "E-PARAMETER", "Set sources to 1"),
        (lambda t: t, {"ranges": ("cognition=30",)}, "E-PARAMETER", "healthy value, then the worst"),
        (lambda t: t, {"ranges": ("mood=3:0",)}, "E-PARAMETER", "mood"),
        (lambda t: t, {"patient": "p99"}, "E-PROGRESSION-PATIENT", "p99"),
        (lambda t: t, {"patient": "p01", "until": 20.0}, "E-PROGRESSION-UNTIL", "visits run from"),
        (lambda t: t, {"conversion_score": "memory"}, "E-PARAMETER", "threshold"),
        (lambda t: t, {"conversion_score": "cognition", "conversion_threshold": 31.0}, "E-PARAMETER", "30 .healthy"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong, parameters, code, words):
    parameters = {"ranges": RANGES} | parameters
    if "scores" in parameters:
        parameters["ranges"] = ()
    with pytest.raises(st.InputError, match=words) as caught:
        st.run("progression.course", visits=wrong(visits()), **parameters)
    assert caught.value.code == code


def test_simulated_tables_run_from_a_shell(tmp_path, capsys):
    simulate = ["simulate", "progression", "--count", "30", "--missing", "0.2", "--out", str(tmp_path / "s")]
    assert cli.main(simulate) == 0
    out = tmp_path / "course"
    table = str(tmp_path / "s" / "visits.csv")
    assert cli.main(["run", "progression.course", "--visits", table, "--ranges", RANGES[0], "--out", str(out)]) == 0
    found, truth = (st.read_table(p).columns for p in (out / "individuals.csv", tmp_path / "s" / "truth.csv"))
    assert np.corrcoef(found["onset"], truth["onset"])[0, 1] > 0.97
    assert cli.main(["simulate", "progression", "--count", "0", "--out", str(tmp_path / "t")]) != 0
    assert "no table" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["course", "robust", "states"])
def test_one_new_patient_at_one_visit_is_placed(name):
    new = rows_of(visits(), [n == 0 for n in range(300)])
    found = st.run(f"progression.{name}", visits=visits(), new_patients=new, ranges=RANGES)
    assert found.individuals.columns["participant_id"] == ["p01"] and found.individuals.columns["visits"] == [1]


@pytest.mark.parametrize("name", ["course", "robust", "states"])
def test_scores_of_two_values_only_are_taken(name):
    table = visits()
    steps = changed(table, memory=[float(value > 0.5) for value in table.columns["memory"]])
    found = st.run(f"progression.{name}", visits=steps, ranges=RANGES)
    numbers = [c for column in found.individuals.columns.values() for c in column if isinstance(c, float)]
    assert np.isfinite(numbers).all()
