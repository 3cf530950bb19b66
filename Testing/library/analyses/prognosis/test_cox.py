"""A Cox model of a clinical table: what it finds, what it refuses, and what it says of patients it did not see."""

from __future__ import annotations

import numpy as np
import pytest

import SpatioTemporalLib as st


def clinical(count: int = 300, seed: int = 0) -> dict[str, list]:
    """Patients whose hazard doubles with positive nodes and grows with CEA; age and site tell nothing."""
    rng = np.random.default_rng(seed)
    nodes, cea = rng.integers(0, 2, count), rng.lognormal(1, 1, count)
    hazard = np.exp(np.log(2) * nodes + 0.5 * (np.log(cea) - 1)) / 30
    times, limit = rng.exponential(1 / hazard), rng.uniform(12, 90, count)
    return {
        "participant_id": [f"p{n}" for n in range(count)],
        "time": np.minimum(times, limit).tolist(),
        "event": (times <= limit).astype(int).tolist(),
        "nodes": ["positive" if n else "negative" for n in nodes],
        "log_cea": np.log(cea).tolist(),
        "age": rng.normal(60, 10, count).tolist(),
        "site": rng.choice(["a", "b", "c"], count).tolist(),
        "necrosis_percent": (100 * np.exp(-times / 30)).tolist(),
    }


def table(columns) -> st.Table:
    return st.Table(columns, {"time": "months", "age": "years"}, "clinical")


@pytest.fixture(scope="module")
def result():
    return st.run("prognosis.cox", table=table(clinical()), penalty="none", resamples=60)


def row_of(result, name: str, output: str = "coefficients", key: str = "covariate"):
    columns = result[output].columns
    place = columns[key].index(name)
    return {column: cells[place] for column, cells in columns.items()}


def test_hazard_ratios_are_found_with_their_intervals(result):
    nodes, cea = row_of(result, "nodes = positive"), row_of(result, "log_cea")
    assert nodes["lower"] < 2.0 < nodes["upper"] and nodes["p"] < 0.001
    assert cea["lower"] < np.exp(0.5) < cea["upper"]
    assert row_of(result, "age")["p"] > 0.01
    assert all(p > 0.001 for p in result["coefficients"].columns["p of proportional hazards"])


def test_optimism_is_taken_off(result):
    found, corrected = (
        row_of(result, f"Harrell C, {how}", "measures", "measure")["value"]
        for how in ("as found", "corrected for optimism")
    )
    assert 0.6 < corrected < found < 0.8
    slope = row_of(result, "calibration slope, corrected for optimism", "measures", "measure")["value"]
    assert 0.8 < slope < 1.0


def test_what_is_known_only_afterwards_stays_out_unless_it_is_asked_for(result):
    assert "necrosis_percent" not in result["coefficients"].columns["covariate"]
    assert any(f.code == "I-AFTERWARDS" and "necrosis_percent" in f.message for f in result.findings)
    with pytest.raises(st.InputError, match="necrosis_percent is known only after"):
        st.run("prognosis.cox", table=table(clinical()), columns=("age", "necrosis_percent"), resamples=20)


def test_times_and_events_of_other_endpoints_are_not_learned_from():
    columns = clinical()
    death = [time + 7 for time in columns["time"]]
    others = columns | {"death_time": death, "death_event": columns["event"][::-1]}
    found = st.run("prognosis.cox", table=table(others), penalty="none", resamples=20)["coefficients"]
    assert "nodes = positive" in found.columns["covariate"]
    assert not [name for name in found.columns["covariate"] if name.startswith("death")]
    with pytest.raises(st.InputError, match="column death_time is the outcome"):
        st.run("prognosis.cox", table=table(others), columns=("age", "death_time"), resamples=20)


def test_a_column_that_is_the_outcome_is_refused():
    with pytest.raises(st.InputError, match="column time is the outcome"):
        st.run("prognosis.cox", table=table(clinical()), columns=("age", "time"), resamples=20)
    columns = clinical()
    with pytest.raises(st.InputError, match="follow_up alone tells who comes first"):
        st.run("prognosis.cox", table=table(columns | {"follow_up": [2 * t for t in columns["time"]]}), resamples=20)
    with pytest.raises(st.InputError, match="state = .* alone tells whether it happened in 100 %"):
        state = ["dead" if e else "alive" for e in columns["event"]]
        st.run("prognosis.cox", table=table(columns | {"state": state}), resamples=20)
    with pytest.raises(st.InputError, match=r"\[E-LEAK\]"):
        st.run("prognosis.cox", table=table(columns), use_afterwards=True, resamples=20)


def test_predictions_of_unseen_patients_can_be_assessed(result):
    assessed = st.run("prediction.survival", table=result["predictions"], resamples=100)
    measures = assessed["measures"].columns
    c = measures["value"][measures["measure"].index("Harrell C")]
    assert 0.6 < c < row_of(result, "Harrell C, as found", "measures", "measure")["value"]
    assert not any(f.code == "W-LEAK" for f in assessed.findings)


def test_shuffled_outcomes_predict_nothing():
    columns = clinical(400, seed=3)
    order = np.random.default_rng(0).permutation(400)
    columns["time"], columns["event"] = ([columns[k][n] for n in order] for k in ("time", "event"))
    result = st.run("prognosis.cox", table=table(columns), resamples=20)
    assessed = st.run("prediction.survival", table=result["predictions"], resamples=100)
    measures = assessed["measures"].columns
    assert measures["lower"][0] <= 0.5 <= measures["upper"][0] or abs(measures["value"][0] - 0.5) < 0.05


def test_patients_to_predict_are_told_with_their_curves():
    new = st.Table({"participant_id": ["x", "y"], "nodes": ["positive", "negative"], "log_cea": [3.0, "n/a"],
                    "age": [60, 61], "site": ["a", "b"]})  # fmt: skip
    result = st.run("prognosis.cox", table=table(clinical()), patients=new, resamples=20)
    predicted = result["predicted_patients"].columns
    assert predicted["risk"][0] > predicted["risk"][1]
    assert predicted["survival at 12"][0] < predicted["survival at 12"][1]
    assert [c.name for c in result["survival"]] == ["all patients", "x", "y"]
    assert result["predicted_patients"].units["expected time"] == "months"
    assert all(c.axis == "time [months]" for c in result["survival"])


def test_a_category_that_training_did_not_have_is_told():
    new = st.Table({"nodes": ["unknown"], "log_cea": [3.0], "age": [60], "site": ["a"]})
    with pytest.raises(st.InputError, match="'unknown' was not among"):
        st.run("prognosis.cox", table=table(clinical()), patients=new, resamples=20)


def test_missing_values_and_few_events_are_told():
    columns = clinical(40)
    columns["age"][3] = ""
    result = st.run("prognosis.cox", table=table(columns), resamples=20)
    assert {"W-IMPUTED", "W-FEW-EVENTS"} <= {f.code for f in result.findings}


def test_the_penalty_is_strong_where_there_is_nothing_to_learn():
    rng = np.random.default_rng(1)
    columns = clinical(80)
    noise = {f"noise{n}": rng.normal(0, 1, 80).tolist() for n in range(20)}
    chosen = {k: columns[k] for k in ("participant_id", "time", "event")} | noise
    result = st.run("prognosis.cox", table=st.Table(chosen, {"time": "months"}), resamples=20)
    assert row_of(result, "penalty", "measures", "measure")["value"] >= 0.1
    lasso = st.run("prognosis.cox", table=st.Table(chosen, {"time": "months"}), lasso=1.0, penalty="fixed",
                   strength=1.0, resamples=20)  # fmt: skip
    assert not np.any(lasso["coefficients"].columns["coefficient"])


def test_columns_that_follow_from_one_another_are_told():
    columns = clinical(100)
    doubled = table(columns | {"cea_again": [2 * v for v in columns["log_cea"]]})
    with pytest.raises(st.InputError, match="depend on one another"):
        st.run("prognosis.cox", table=doubled, penalty="none", resamples=20)
    assert st.run("prognosis.cox", table=doubled, resamples=20)["coefficients"].row_count == 6
