"""Measures of predicted probabilities against definitions worked out by hand, scikit-learn's numbers and theory."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.classification import calibration_error, classification_measures, mcnemar, reliability


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
