"""Measures of predicted probabilities against definitions worked out by hand, scikit-learn's numbers and theory."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.statistics.classification import (
    calibration_error,
    classification_measures,
    mcnemar,
    reliability,
)


def test_measures_of_the_published_confusion_matrix():
    # CSF-Net's table: 28 of 30 positive found, 6 of 48 negative called positive.
    positive = np.repeat([True, False], [30, 48])
    called = np.concatenate([np.repeat([0.9, 0.1], [28, 2]), np.repeat([0.9, 0.1], [6, 42])])
    found = classification_measures(positive, called)
    printed = {"accuracy": 0.8974, "precision": 0.8235, "F1": 0.8750, "recall": 0.9333}
    for name, value in printed.items():
        assert found[name].value == pytest.approx(value, abs=5e-5)
    assert found["specificity"].value == 42 / 48
    assert found["Brier score"].value == pytest.approx((70 * 0.01 + 8 * 0.81) / 78)


def test_bootstrap_interval_of_accuracy_agrees_with_the_binomial_one():
    rng = np.random.default_rng(1)
    positive = rng.random(400) < 0.5
    probability = np.where(rng.random(400) < 0.8, positive, ~positive) * 0.8 + 0.1
    found = classification_measures(positive, probability, resamples=4000)["accuracy"]
    half = 1.96 * np.sqrt(found.value * (1 - found.value) / 400)
    assert found.low == pytest.approx(found.value - half, abs=0.008)
    assert found.high == pytest.approx(found.value + half, abs=0.008)


def test_precision_without_a_positive_call_is_not_defined():
    found = classification_measures([True, False, False], [0.1, 0.2, 0.3])
    assert np.isnan(found["precision"].value)
    assert found["recall"].value == 0


def test_true_probabilities_have_a_small_calibration_error_and_wrong_ones_a_known_one():
    rng = np.random.default_rng(2)
    probability = rng.random(20000)
    positive = rng.random(20000) < probability
    assert calibration_error(positive, probability) < 0.02
    # Shares are p, probabilities said are p squared: the mean of p - p**2 over 0..1 is 1/6.
    assert calibration_error(positive, probability**2) == pytest.approx(1 / 6, abs=0.01)


def test_reliability_bins_hold_equally_many_cases_in_order():
    probability = np.linspace(0, 1, 100)
    found = reliability(probability > 0.5, probability)
    assert found.count.tolist() == [10] * 10
    assert (np.diff(found.predicted) > 0).all()
    assert found.observed[0] == 0 and found.observed[-1] == 1


def test_mcnemar_is_the_two_sided_binomial_of_the_cases_that_differ():
    first = np.array([True] * 9 + [False] + [True] * 20)
    second = np.array([False] * 9 + [True] + [True] * 20)
    # 2 (1 + 10) / 2^10
    assert mcnemar(first, second) == pytest.approx(22 / 1024)
    assert np.isnan(mcnemar(first, first))


@pytest.mark.parametrize("probability", [[0.9] * 20 + [0.1] * 20, [1.0] * 20 + [0.0] * 20, [0.5] * 40])
def test_no_interval_is_without_width(probability):
    positive = np.repeat([True, False], 20)
    for name, (value, low, high) in classification_measures(positive, probability).items():
        if name == "precision" and np.isnan(value):
            continue
        assert high - low > 1e-3 and low <= value <= high, name


def test_twenty_of_twenty_are_known_to_about_a_sixth():
    positive = np.repeat([True, False], [20, 20])
    found = classification_measures(positive, np.where(positive, 0.9, 0.2))
    assert found["recall"] == pytest.approx((1, 0.839, 1), abs=1e-3)
    # F1 is 2 J / (1 + J) of J = 20 of 20.
    assert found["F1"] == pytest.approx((1, 2 * 0.839 / 1.839, 1), abs=1e-3)
    none = classification_measures(positive, np.where(positive, 0.2, 0.9))
    assert none["recall"] == none["F1"]._replace(high=none["recall"].high) and none["recall"].high > 0.1


def test_interval_of_f1_agrees_with_the_bootstrap_away_from_the_ends():
    rng = np.random.default_rng(6)
    positive = rng.random(600) < 0.4
    called = np.where(rng.random(600) < 0.8, positive, ~positive)
    found = classification_measures(positive, called.astype(float))["F1"]
    again = rng.integers(0, 600, (2000, 600))
    hits = (called & positive)[again].sum(1)
    scores = 2 * hits / (called[again].sum(1) + positive[again].sum(1))
    assert (found.low, found.high) == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.015)


def test_order_of_cases_with_one_probability_does_not_matter():
    positive = np.repeat([True, False], 30)
    probability = np.where(np.arange(60) % 3 == 0, 0.8, 0.5)
    assert calibration_error(positive, np.full(60, 0.5)) == pytest.approx(0, abs=1e-12)
    order = np.random.default_rng(3).permutation(60)
    there, again = reliability(positive, probability), reliability(positive[order], probability[order])
    np.testing.assert_allclose(there.observed, again.observed, atol=1e-12)
