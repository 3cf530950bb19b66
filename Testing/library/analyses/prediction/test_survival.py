"""Assessment of predicted survival: what a good and a useless model get, and what wrong tables are told."""

from __future__ import annotations

import numpy as np
import pytest

import SpatioTemporalLib as st


def patients(count: int = 400, seed: int = 0) -> dict[str, np.ndarray]:
    """Exponential times with hazards that are known, in months, and what knowing them, or nothing, predicts."""
    rng = np.random.default_rng(seed)
    log_risk = rng.normal(0, 0.8, count)
    hazard = np.exp(log_risk) / 40
    times, limit = rng.exponential(1 / hazard), rng.uniform(20, 120, count)
    return {
        "time": np.minimum(times, limit),
        "event": (times <= limit).astype(int),
        "risk": log_risk,
        **{f"survival at {h}": np.exp(-hazard * h) for h in (12, 24, 36, 60)},
        "risk by chance": rng.normal(0, 1, count),
    }


def table(columns, unit: str = "months") -> st.Table:
    return st.Table(
        {name: np.asarray(cells).tolist() for name, cells in columns.items()},
        {"time": unit} if "time" in columns else {},
        "patients",
    )


@pytest.fixture(scope="module")
def result():
    return st.run("prediction.survival", table=table(patients()), resamples=300)


def value_of(result, measure: str, model: str = "predictions", column: str = "value"):
    columns = result["measures"].columns
    rows = [n for n, m in enumerate(columns["measure"]) if m == measure and columns["model"][n] == model]
    assert rows, measure
    return columns[column][rows[-1]]


def test_the_truth_is_better_than_chance_and_calibrated(result):
    assert value_of(result, "Harrell C") > 0.65
    assert value_of(result, "Harrell C", "by chance") == pytest.approx(0.5, abs=0.05)
    assert (
        value_of(result, "Uno C", column="lower")
        < value_of(result, "Uno C")
        < value_of(result, "Uno C", column="upper")
    )
    assert value_of(result, "calibration slope") == pytest.approx(1.0, abs=0.2)
    assert value_of(result, "observed / expected") == pytest.approx(1.0, abs=0.1)
    assert value_of(result, "D-calibration p") > 0.01
    assert value_of(result, "integrated Brier") < value_of(result, "integrated Brier", column="reference")
    assert value_of(result, "integrated Brier, gain", column="lower") > 0


def test_horizons_are_years_in_the_unit_of_the_times(result):
    columns = result["measures"].columns
    horizons = {h for h, m in zip(columns["horizon"], columns["measure"]) if m == "AUC"}
    assert horizons == {12.0, 24.0, 36.0, 60.0}
    assert result["measures"].units["horizon"] == "months"


def test_years_and_months_tell_the_same():
    columns = patients(150)
    years = {"time": columns["time"] / 12, "event": columns["event"], "risk": columns["risk"]}
    years |= {f"survival at {h // 12}": columns[f"survival at {h}"] for h in (12, 24, 36, 60)}
    del columns["risk by chance"]
    found = [
        st.run("prediction.survival", table=table(own, unit), resamples=100, horizons=horizons)
        for own, unit, horizons in ((columns, "months", (12, 36)), (years, "years", (1, 3)))
    ]
    for measure in ("Harrell C", "Uno C", "AUC", "integrated Brier", "time-adjacent accuracy"):
        assert value_of(found[0], measure) == pytest.approx(value_of(found[1], measure), rel=1e-6), measure


def test_models_are_compared_in_the_same_resamples(result):
    comparison = result["comparison"].columns
    assert comparison["measure"][:2] == ["Harrell C", "Uno C"]
    assert comparison["p"][0] < 0.01 and comparison["lower"][0] > 0


def test_charts_say_what_they_go_over(result):
    assert result["survival_by_risk"][0].axis == "time [months]"
    assert {c.name for c in result["decision_curve"]} >= {"model", "everybody", "nobody"}
    assert "by 36 months" in result["calibration"][0].axis
    best, worst = (c.values[-1] for c in (result["survival_by_risk"][0], result["survival_by_risk"][2]))
    assert best > worst
    assert any(f.code == "I-LOG-RANK" for f in result.findings)


def test_a_prediction_that_knows_the_outcome_is_flagged():
    columns = patients(100)
    columns = {"time": columns["time"], "event": columns["event"], "risk": -columns["time"]}
    found = st.run("prediction.survival", table=table(columns), resamples=100)
    assert [f.code for f in found.findings].count("W-LEAK") == 1


def test_censoring_of_the_training_patients_is_used_where_it_is_given():
    columns = patients(200)
    others = table({k: v for k, v in patients(300, seed=5).items() if k in ("time", "event")})
    alone = st.run("prediction.survival", table=table(columns), resamples=100, horizons=(24,))
    with_training = st.run("prediction.survival", table=table(columns), training=others, resamples=100, horizons=(24,))
    assert value_of(alone, "Uno C") != value_of(with_training, "Uno C")
    assert value_of(alone, "Harrell C") == value_of(with_training, "Harrell C")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": None}, "no column 'time'"),
        ({"time": lambda t: t * 0}, "row 1 is 0 months"),
        ({"event": lambda e: e + 1}, "is '2'|1 .it happened"),
        ({"event": lambda e: e * 0}, "0 events"),
        ({"survival at 12": lambda s: s + 1}, "survival at 12 in row 1"),
        ({"survival at 24": lambda s: s * 0 + 1}, "never rise"),
        ({"risk": lambda r: ["high"] * len(r)}, "holds more than numbers"),
    ],
)
def test_wrong_tables_are_told_what_is_wrong(change, words):
    columns = patients(60)
    for name, function in change.items():
        if function is None:
            del columns[name]
        else:
            columns[name] = function(columns[name])
    with pytest.raises(st.InputError, match=words):
        st.run("prediction.survival", table=table(columns), resamples=100)


def test_no_predictions_no_unit_and_horizons_too_far_are_told():
    columns = patients(60)
    with pytest.raises(st.InputError, match="no column is called risk"):
        st.run("prediction.survival", table=table({k: columns[k] for k in ("time", "event")}))
    with pytest.raises(st.InputError, match=r"Head it time \[months\]"):
        st.run("prediction.survival", table=table(columns, ""))
    with pytest.raises(st.InputError, match="nothing can be said"):
        st.run("prediction.survival", table=table(columns), horizons=(500,))


def test_words_for_events_and_missing_cells():
    columns = {k: list(v) for k, v in patients(80).items()}
    columns["event"] = ["Dead" if e else "Alive" for e in columns["event"]]
    columns["time"][3], columns["event"][7], columns["risk"][9] = "n/a", "", float("nan")
    found = st.run("prediction.survival", table=table(columns), resamples=100)
    assert value_of(found, "Harrell C", column="patients") == 77
    assert sum(f.code == "W-MISSING" for f in found.findings) == 2


def test_parts_of_the_patients_are_measured_for_themselves():
    columns = patients(200)
    sex = ["F" if n % 3 else "M" for n in range(200)]
    sex[:2] = ["rare", "rare"]
    found = st.run("prediction.survival", table=table(columns | {"sex": sex}), resamples=100, subgroups=("sex",))
    parts = found["subgroups"].columns
    assert set(parts["is"]) == {"F", "M"}
    assert all(0.55 < v < 0.85 for v, m in zip(parts["value"], parts["model"]) if m == "predictions")
    assert any(f.code == "W-SUBGROUP" and "rare" in f.message for f in found.findings)
