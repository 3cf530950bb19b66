"""When thresholds are passed: predicted, seen, and by a straight line; and how far the one is from the other."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.progression.conversion import (
    carried_forward,
    crossing_age,
    observed_conversion,
    predicted_crossing,
)
from SpatioTemporalLib.numerics.progression.conversion_error import Seen, area, conversion_errors
from SpatioTemporalLib.numerics.progression.logistic_course import Individuals, logits
from SpatioTemporalLib.numerics.progression.visits import Visits
from SpatioTemporalLib.simulation.progression_visits import POPULATION

SEEN = Seen(
    np.zeros(6),
    np.array([1.0, 2.0, 3.0, 5.0, 4.0, 6.0]),
    np.array([2.0, 3.0, 4.0, np.nan, np.nan, np.nan]),
)
ONCE = np.ones((1, 6))


def of(predicted, counts=ONCE, horizon=3.6):
    return {name: values[0] for name, values in conversion_errors(SEEN, np.array(predicted), counts, horizon).items()}


def test_the_curve_has_the_threshold_at_the_age_that_is_predicted():
    effects = np.random.default_rng(0).standard_normal((20, 3))
    ages = crossing_age(POPULATION, effects, 2, 0.7)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits(POPULATION, effects, ages)[:, 2])), 0.7, rtol=1e-12)


def test_intervals_are_quantiles_of_the_ages_and_nobody_elses():
    rng = np.random.default_rng(1)
    modes = rng.standard_normal((5, 3))
    covariances = np.array([np.diag(rng.uniform(0.01, 0.2, 3)) for _ in range(5)])
    many = Individuals(modes, covariances)
    found = predicted_crossing(POPULATION, many, 0, 0.5, confidence=0.8, rng=np.random.default_rng(0))
    drawn = rng.multivariate_normal(modes[2], covariances[2], 20000)
    ages = crossing_age(POPULATION, drawn, 0, 0.5)
    np.testing.assert_allclose((found.low[2], found.high[2]), np.quantile(ages, (0.1, 0.9)), atol=0.3)
    one = Individuals(modes[2:3], covariances[2:3])
    alone = predicted_crossing(POPULATION, one, 0, 0.5, confidence=0.8, rng=np.random.default_rng(0))
    assert (alone.low[0], alone.high[0]) == (found.low[2], found.high[2])


def test_conversion_is_seen_between_two_visits_and_confirmed_by_the_next_with_the_score():
    values = np.array([0.1, 0.6, np.nan, 0.7, 0.2, 0.9, 0.2, 0.8, 0.9])
    visits = Visits(np.repeat([0, 1, 2], [4, 3, 2]), np.array([1.0, 2, 3, 4, 1, 2, 3, 5, 6]), values[:, None])
    found = observed_conversion(visits, 0, 0.5)
    assert found.seen.tolist() == [True, False, True]
    np.testing.assert_equal(found.after, [1.0, 3.0, np.nan])
    np.testing.assert_equal(found.by, [2.0, np.nan, 5.0])


def test_a_straight_line_goes_on_from_the_last_value_that_is_there():
    visits = Visits(np.array([0, 0, 1, 1]), np.array([1.0, 2, 1, 3]), np.array([[0.2], [np.nan], [0.3], [0.8]]))
    np.testing.assert_allclose(carried_forward(visits, 0, 0.5, 0.1), [1.0 + 3.0, 3.0])
    nobody = Visits(np.array([0]), np.array([1.0]), np.array([[np.nan]]))
    assert np.isnan(carried_forward(nobody, 0, 0.5, 0.1)).all()


def test_errors_of_who_converted_and_who_did_not_are_kept_apart():
    found = of([1.5, 3.5, 3.0, 4.0, 9.0, np.inf])
    assert found["mean absolute error of converters"] == pytest.approx((0 + 1.0 + 0.5) / 3)
    assert found["mean error of converters"] == pytest.approx((0 + 1.0 - 0.5) / 3)
    assert found["predicted between the two visits"] == pytest.approx(2 / 3)
    # One was seen a year longer than predicted, the others were predicted later or never.
    assert found["hinge error of the others"] == pytest.approx(1 / 3)


def test_order_is_right_when_who_converts_sooner_is_predicted_sooner():
    assert of([1.5, 2.5, 3.5, 7.0, 8.0, np.inf])["AUC at 3.6 years"] == 1.0
    assert of([9.0, 8.0, 7.0, 1.0, 2.0, 3.0])["AUC at 3.6 years"] == 0.0
    # Nobody was censored before: one of three pairs of one case, all of the others.
    assert of([6.5, 2.5, 3.5, 5.0, 6.0, 7.0])["AUC at 3.6 years"] == pytest.approx((1 + 3 + 3) / 9)


def test_never_comes_after_every_time_that_was_predicted():
    assert area(SEEN, np.array([1.0, 2.0, 3.0, np.nan, np.inf, 4.0]), ONCE, 3.6)[0] == 1.0


def test_resamples_count_people_as_often_as_they_are_drawn():
    predicted = np.array([1.5, 3.5, 3.0, 4.0, 9.0, np.inf])
    counts = np.array([[2.0, 0, 1, 3, 0, 0]])
    rows = np.repeat(np.arange(6), counts[0].astype(int))
    drawn = Seen(SEEN.start[rows], SEEN.after[rows], SEEN.by[rows])
    weighted = conversion_errors(SEEN, predicted, counts, None)
    repeated = conversion_errors(drawn, predicted[rows], np.ones((1, 6)), None)
    for name, values in weighted.items():
        np.testing.assert_allclose(values, repeated[name], rtol=1e-12)


def test_a_resample_without_who_converted_has_no_error():
    values = conversion_errors(SEEN, np.arange(6.0), np.array([[0, 0, 0, 2.0, 2, 2]]), None)
    assert np.isnan(values["mean absolute error of converters"][0])
    assert np.isfinite(values["hinge error of the others"][0])
