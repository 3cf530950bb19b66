"""Assessment of probabilities: the measures are those of the definitions, on the cases that have a value."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.statistics.classification import calibration_error, classification_measures, mcnemar
from SpatioTemporalLib.numerics.statistics.roc import paired_difference

ANALYSIS = "prediction.classification"
QUICK = {"resamples": 200}


def cases(count=120, seed=4) -> st.Table:
    """Probabilities of three models, one of which is sure and wrong, with the sites of the cases."""
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.4
    signal = rng.normal(size=count) + 1.5 * positive
    return st.Table(
        {
            "label": positive.astype(int).tolist(),
            "site": ["north" if n % 3 else "south" for n in range(count)],
            "probability weak": expit(0.4 * signal + rng.normal(size=count)),
            "probability sure": expit(4 * signal - 1),
            "probability good": expit(1.5 * signal - 1.5),
        },
        name="cases",
    )


def expit(x) -> list[float]:
    return (1 / (1 + np.exp(-x))).tolist()


@pytest.fixture(scope="module")
def result():
    return st.run(ANALYSIS, table=cases(), **QUICK)


def value_of(table: st.Table, model: str, measure: str, column: str = "value") -> float:
    rows = zip(table.columns["model"], table.columns["measure"], table.columns[column])
    (value,) = [value for own, name, value in rows if (own, name) == (model, measure)]
    return value


def arrays(table: st.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array(table.columns["label"]) == 1, np.array(table.columns[name])


@pytest.mark.parametrize("name", ["probability weak", "probability sure", "probability good"])
def test_measures_are_those_of_their_definitions(result, name):
    positive, probability = arrays(cases(), name)
    called = probability >= 0.5
    hits = (called & positive).sum()
    expected = {
        "accuracy": (called == positive).mean(),
        "precision": hits / called.sum(),
        "recall": hits / positive.sum(),
        "specificity": (~called & ~positive).sum() / (~positive).sum(),
        "F1": 2 * hits / (called.sum() + positive.sum()),
        "Brier score": ((probability - positive) ** 2).mean(),
        "calibration error": calibration_error(positive, probability),
    }
    for measure, value in expected.items():
        assert value_of(result.measures, name, measure) == pytest.approx(value), measure
    assert value_of(result.measures, name, "AUC", "positive") == positive.sum()
    assert value_of(result.measures, name, "AUC", "negative") == (~positive).sum()


def test_intervals_are_those_of_the_bootstrap_from_the_seed(result):
    positive, probability = arrays(cases(), "probability weak")
    expected = classification_measures(positive, probability, resamples=200, rng=np.random.default_rng(0))
    for measure, (_, low, high) in expected.items():
        assert value_of(result.measures, "probability weak", measure, "lower") == low
        assert value_of(result.measures, "probability weak", measure, "upper") == high


def test_areas_are_those_of_roc_analysis(result):
    columns = [name for name in cases().columns if name.startswith("probability")]
    areas = st.run("prediction.roc", table=cases(), columns=",".join(columns)).areas.columns
    for n, name in enumerate(columns):
        for column, other in (("value", "AUC"), ("lower", "lower"), ("upper", "upper")):
            assert value_of(result.measures, name, "AUC", column) == pytest.approx(areas[other][n])


def test_the_threshold_decides_who_is_called_positive():
    positive, probability = arrays(cases(), "probability good")
    found = st.run(ANALYSIS, table=cases(), columns="probability good", threshold=0.2, **QUICK).measures
    assert value_of(found, "probability good", "recall") == pytest.approx((probability[positive] >= 0.2).mean())
    assert set(found.columns["model"]) == {"probability good"}


def test_each_model_is_compared_with_the_last(result):
    positive, first = arrays(cases(), "probability weak")
    last = arrays(cases(), "probability good")[1]
    table = result.comparison.columns
    assert table["model"] == ["probability weak", "probability sure"]
    assert table["compared with"] == ["probability good"] * 2 and table["cases"] == [120, 120]
    test = paired_difference(positive, first, last)
    assert (table["difference of AUC"][0], table["p of AUC"][0]) == pytest.approx((test.difference, test.p))
    assert table["p of decisions"][0] == mcnemar((first >= 0.5) == positive, (last >= 0.5) == positive)
    # The same order of cases, the same areas.
    assert table["difference of AUC"][1] == pytest.approx(0)


def test_one_model_has_nothing_to_be_compared_with():
    assert "comparison" not in st.run(ANALYSIS, table=cases(), columns="probability good", **QUICK)


def test_calibration_bins_hold_all_cases(result):
    table = result.calibration.columns
    rows = [n for n, model in enumerate(table["model"]) if model == "probability good"]
    positive, probability = arrays(cases(), "probability good")
    counts = np.array(table["cases"])[rows]
    assert counts.sum() == 120 and len(rows) == 10
    assert np.average(np.array(table["share positive"])[rows], weights=counts) == pytest.approx(positive.mean())
    assert np.average(np.array(table["mean probability"])[rows], weights=counts) == pytest.approx(probability.mean())


def test_subgroups_are_measured_apart():
    table = cases()
    found = st.run(ANALYSIS, table=table, subgroups="site", columns="probability good", **QUICK).subgroups.columns
    positive, probability = arrays(table, "probability good")
    for site in ("north", "south"):
        here = np.array(table.columns["site"]) == site
        rows = zip(found["subgroup"], found["is"], found["measure"], found["value"])
        (accuracy,) = [v for group, word, measure, v in rows if (group, word, measure) == ("site", site, "accuracy")]
        assert accuracy == pytest.approx(((probability >= 0.5) == positive)[here].mean())


def test_subgroups_too_small_to_measure_are_told():
    table = cases()
    table.columns["site"][0] = "east"
    found = st.run(ANALYSIS, table=table, subgroups="site", **QUICK)
    assert set(found.subgroups.columns["is"]) == {"north", "south"}
    (told,) = [finding for finding in found.findings if finding.code == "W-SUBGROUP"]
    assert told.message.count("site = east") == 1


def test_cases_without_a_value_are_left_out_of_their_model_only_and_told():
    table = cases()
    table.columns["probability weak"][3] = float("nan")
    found = st.run(ANALYSIS, table=table, **QUICK)
    counts = [value_of(found.measures, f"probability {n}", "AUC", "positive") for n in ("weak", "good")]
    counts += [value_of(found.measures, f"probability {n}", "AUC", "negative") for n in ("weak", "good")]
    assert sum(counts[::2]) == 119 and sum(counts[1::2]) == 120
    assert found.comparison.columns["cases"] == [119, 120]
    (told,) = [finding for finding in found.findings if finding.code == "W-MISSING"]
    assert "1 of probability weak" in told.message


def test_cases_without_a_label_are_left_out_and_told():
    table = cases()
    labels = [str(label) for label in table.columns["label"]]
    table = st.Table(table.columns | {"label": ["", "n/a", *labels[2:]]}, name="cases")
    found = st.run(ANALYSIS, table=table, columns="probability good", **QUICK)
    kinds = [value_of(found.measures, "probability good", "AUC", kind) for kind in ("positive", "negative")]
    assert sum(kinds) == 118 and any(finding.code == "W-MISSING" for finding in found.findings)


def test_labels_may_be_words():
    table = cases()
    words = ["malignant" if label else "benign" for label in table.columns["label"]]
    named = st.Table(table.columns | {"label": words}, name="cases")
    found = st.run(ANALYSIS, table=named, positive="malignant", **QUICK)
    assert found.measures.columns == st.run(ANALYSIS, table=table, **QUICK).measures.columns


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"positive": "cancer"}, "0 of 120 cases have label = cancer"),
        ({"label": "truth"}, "no column 'truth'"),
        ({"columns": "site"}, "holds more than numbers"),
        ({"subgroups": "planet"}, "no column 'planet'"),
        ({"columns": "probability good,logit"}, "no column 'logit'"),
    ],
)
def test_wrong_names_are_answered_with_what_there_is(change, words):
    with pytest.raises(st.InputError, match=words):
        st.run(ANALYSIS, table=cases(), **QUICK, **change)


@pytest.mark.parametrize("value", [1.2, -0.1, 40.0])
def test_what_is_no_probability_is_refused(value):
    table = cases()
    table.columns["probability sure"][5] = value
    with pytest.raises(st.InputError, match=r"probability sure.*from 0 to 1"):
        st.run(ANALYSIS, table=table, **QUICK)


def test_a_table_without_probabilities_is_refused():
    with pytest.raises(st.InputError, match="no column begins with 'probability'"):
        st.run(ANALYSIS, table=st.Table({"label": [0, 1], "value": [0.1, 0.2]}), **QUICK)


def test_a_model_whose_values_are_all_of_one_kind_is_refused_in_words():
    table = st.Table({"label": [0, 0, 1, 1], "probability": [0.1, 0.3, float("nan"), float("nan")]}, name="few")
    with pytest.raises(st.InputError, match="E-ROC"):
        st.run(ANALYSIS, table=table, **QUICK)


def test_an_infinite_value_is_refused():
    table = cases()
    table.columns["probability sure"][5] = float("inf")
    with pytest.raises(st.InputError):
        st.run(ANALYSIS, table=table, **QUICK)
