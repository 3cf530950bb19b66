"""Intervals and tests in which a patient's cases stay together, against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from SpatioTemporalLib.numerics.statistics.free_response import Candidates, free_response, mean_sensitivity
from SpatioTemporalLib.numerics.statistics.patient_bootstrap import holm, paired_difference, patient_mean

VALUES = np.random.default_rng(4).gamma(2.0, 1.0, 60)


@pytest.mark.parametrize(("count", "method"), [(20, "percentile"), (60, "BCa")])
def test_with_a_case_a_patient_the_interval_is_scipys(count, method):
    values = VALUES[:count]
    own = patient_mean(values, np.arange(count), resamples=20000)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20000, method=method, random_state=1).confidence_interval
    spread = values.std() / np.sqrt(count)
    # Both are drawn: quantiles of 20000 scatter by a few hundredths of the standard error.
    assert own.value == pytest.approx(values.mean())
    assert (own.low, own.high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * spread)


def test_cases_of_a_patient_told_five_times_narrow_nothing():
    values, patients = np.repeat(VALUES[:20], 5), np.repeat(np.arange(20), 5)
    once = patient_mean(VALUES[:20], np.arange(20))
    assert patient_mean(values, patients) == pytest.approx(once)
    apart = patient_mean(values, np.arange(100))
    assert apart.high - apart.low < 0.6 * (once.high - once.low)


def test_missing_values_do_not_count_and_one_patient_has_no_interval():
    gaps = np.append(VALUES[:20], [np.nan, np.nan])
    assert patient_mean(gaps, np.arange(22)) == pytest.approx(patient_mean(VALUES[:20], np.arange(20)))
    assert np.isnan(patient_mean([1.0, 2.0], ["a", "a"])[1:]).all()
    assert np.isnan(patient_mean([np.nan], ["a"])).all()
    # Without scatter the interval is the value.
    assert patient_mean(np.full(40, 0.1), np.arange(40)) == pytest.approx((0.1, 0.1, 0.1))


def test_differences_are_tested_by_patient():
    first, second = VALUES[:24], VALUES[:24] - np.linspace(-0.1, 0.4, 24)
    patients = np.arange(24)
    found = paired_difference(first, second, patients)
    assert found.value == pytest.approx(0.15) and found.low > 0
    assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(np.round(first - second, 12)).pvalue)
    assert found.p_bootstrap < 0.01
    several = paired_difference(np.repeat(first, 3), np.repeat(second, 3), np.repeat(patients, 3))
    assert several == pytest.approx(found)
    same = paired_difference(first, first, patients)
    assert same.p_bootstrap == 1.0 and np.isnan(same.p_wilcoxon)


def test_holms_p_values():
    # Holm's factors by hand: 4 x 0.01, then 3 x 0.02, and none falls below the one before.
    assert holm([0.02, 0.01, 0.5, 0.021]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.01, np.nan])[0] == 0.01 and np.isnan(holm([np.nan])[0])


def found_in_four_cases():
    """Two patients with two cases each and four lesions; candidates from the surest down: hit, alarm, hit, alarms."""
    return Candidates(
        scores=np.array([0.9, 0.8, 0.7, 0.5, 0.5, 0.5]),
        hits=np.array([True, False, True, False, False, True]),
        owners=np.array([0, 1, 1, 0, 0, 1]),
        lesions=np.array([2.0, 2.0]),
        cases=np.array([2.0, 2.0]),
    )


def test_the_free_response_curve_is_that_counted_by_hand():
    rate, sensitivity, threshold = free_response(found_in_four_cases())
    assert rate.tolist() == [0, 0, 0.25, 0.25, 0.75] and sensitivity.tolist() == [0, 0.25, 0.25, 0.5, 0.75]
    assert threshold.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.5]
    # At 1/8 of an alarm a case one lesion of four, at 1/4 and 1/2 two, at 1 and above three.
    found = mean_sensitivity(found_in_four_cases())
    assert found.value == pytest.approx((0.25 + 2 * 0.5 + 4 * 0.75) / 7)
    assert found.low <= found.value <= found.high
