import numpy as np
import pytest
from scipy import special, stats

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.statistics.roc import paired_difference, roc_area, roc_areas, roc_curve


def by_definition(positive, values):
    """DeLong's estimator written as in the paper: every positive case against every negative one."""
    wins = [(v[positive][:, None] > v[~positive]) + 0.5 * (v[positive][:, None] == v[~positive]) for v in values]
    of_case = np.array([w.mean(axis=1) for w in wins])
    of_control = np.array([w.mean(axis=0) for w in wins])
    m, n = positive.sum(), (~positive).sum()
    return of_case.mean(axis=1), np.cov(of_case) / m + np.cov(of_control) / n


def test_area_and_covariance_follow_the_definition_with_ties():
    rng = np.random.default_rng(1)
    positive = rng.random(60) < 0.4
    values = np.round(rng.normal(size=(3, 60)) + 0.8 * positive, 1)
    auc, covariance = roc_areas(positive, values)
    expected, expected_covariance = by_definition(positive, values)
    np.testing.assert_allclose(auc, expected, rtol=1e-12)
    np.testing.assert_allclose(covariance, expected_covariance, rtol=1e-10)


def test_area_of_hanley_and_mcneils_ratings(worst_error):
    # Ratings of 58 normal and 51 abnormal CT images; Hanley & McNeil, Radiology 143:29 (1982), table I:
    # area 0.893, standard error 0.032 by a formula that DeLong's later one does not repeat exactly.
    ratings = np.repeat([1, 2, 3, 4, 5] * 2, [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    area = roc_area(np.arange(109) >= 58, ratings)
    worst_error("Hanley & McNeil 1982: area", abs(area.auc - 0.893), 5e-4)
    assert area.auc == pytest.approx(0.893, abs=5e-4)
    assert area.standard_error == pytest.approx(0.032, abs=0.002)


def test_area_is_that_of_the_rank_sum_test():
    rng = np.random.default_rng(2)
    cases, controls = rng.normal(0.5, 1, 35), rng.normal(0, 1, 50)
    area = roc_area(np.repeat([True, False], [35, 50]), np.concatenate([cases, controls]))
    assert area.auc == pytest.approx(stats.mannwhitneyu(cases, controls).statistic / (35 * 50), rel=1e-12)


def test_interval_covers_the_true_area_of_two_normal_groups():
    rng = np.random.default_rng(3)
    truth = special.ndtr(1.0 / np.sqrt(2))
    positive = np.repeat([True, False], 80)
    drawn = [roc_area(positive, rng.normal(size=160) + positive) for _ in range(1500)]
    areas = np.array([area.auc for area in drawn])
    assert areas.mean() == pytest.approx(truth, abs=3e-3)
    assert areas.std() == pytest.approx(np.mean([area.standard_error for area in drawn]), rel=0.06)
    covered = np.mean([area.low <= truth <= area.high for area in drawn])
    assert 0.93 <= covered <= 0.97


def test_paired_test_has_the_right_rate_of_false_alarms_and_sees_a_difference():
    rng = np.random.default_rng(4)
    positive = np.repeat([True, False], 60)
    alarms = 0
    for _ in range(1000):
        common = rng.normal(size=120) + positive
        first, second = common + rng.normal(size=120), common + rng.normal(size=120)
        alarms += paired_difference(positive, first, second).p < 0.05
    assert 0.03 <= alarms / 1000 <= 0.07
    better = paired_difference(positive, common, rng.normal(size=120))
    assert better.difference > 0 and better.p < 0.01


def test_marker_compared_with_itself_has_no_p():
    positive = np.array([True, True, False, False])
    same = paired_difference(positive, [3, 1, 2, 0], [3, 1, 2, 0])
    assert same.difference == 0 and np.isnan(same.p)


def test_curve_goes_through_its_corners_and_encloses_the_area():
    positive = np.array([1, 1, 0, 1, 0, 0], bool)
    values = np.array([5.0, 4.0, 4.0, 3.0, 2.0, 1.0])
    curve = roc_curve(positive, values)
    np.testing.assert_allclose(curve.false_positive_rate, [0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(curve.sensitivity, [0, 1 / 3, 2 / 3, 1, 1, 1])
    assert curve.threshold.tolist() == [np.inf, 5, 4, 3, 2, 1]
    area = np.trapezoid(curve.sensitivity, curve.false_positive_rate)
    assert area == pytest.approx(roc_area(positive, values).auc)


def test_one_kind_of_case_is_refused():
    with pytest.raises(st.InputError, match="3 of 3 cases are positive"):
        roc_area([True, True, True], [1.0, 2.0, 3.0])
    with pytest.raises(st.InputError, match="one finite value for each"):
        roc_area([True, False], [1.0, np.nan])


@pytest.mark.parametrize("cases, controls, low", [(20, 20, 0.899), (5, 5, 0.643), (1, 1, 0.207), (100, 400, 0.988)])
def test_groups_that_do_not_overlap_have_an_interval_with_a_width(cases, controls, low):
    positive = np.repeat([True, False], [cases, controls])
    perfect, reversed_ = (roc_area(positive, sign * (positive + np.arange(len(positive)) * 1e-6)) for sign in (1, -1))
    assert perfect.auc == perfect.high == 1 and perfect.method == "Newcombe"
    assert perfect.low == pytest.approx(low, abs=1e-3)
    assert (reversed_.low, reversed_.high) == pytest.approx((0, 1 - perfect.low), abs=1e-9)


def test_interval_does_not_jump_when_one_pair_is_the_wrong_way_round():
    positive = np.repeat([True, False], 20)
    values = np.arange(40, 0, -1.0)
    perfect = roc_area(positive, values)
    values[[19, 20]] = values[[20, 19]]
    almost = roc_area(positive, values)
    assert almost.auc == pytest.approx(0.9975) and almost.low == pytest.approx(perfect.low, abs=0.02)
    assert almost.low < almost.auc < almost.high < 1


def test_equal_values_of_all_have_an_area_of_a_half_and_a_wide_interval():
    area = roc_area([True, True, False, False, False], [7.0] * 5)
    assert area.auc == 0.5 and 0 < area.low < 0.2 and 0.8 < area.high < 1


def test_one_case_of_a_kind_has_an_interval_too():
    area = roc_area([True, False, False, False], [2.0, 1.0, 3.0, 0.0])
    assert np.isnan(area.standard_error) and 0 < area.low < area.auc < area.high < 1


def test_interval_covers_areas_close_to_one():
    rng = np.random.default_rng(5)
    truth, positive = special.ndtr(3 / np.sqrt(2)), np.repeat([True, False], 20)
    drawn = [roc_area(positive, rng.normal(size=40) + 3 * positive) for _ in range(800)]
    assert np.mean([area.high == 1 and area.auc < 1 for area in drawn]) == 0
    # Where the true area is 0.983, DeLong's own interval covers it in 69 of 100 samples.
    assert np.mean([area.low <= truth <= area.high for area in drawn]) >= 0.93
