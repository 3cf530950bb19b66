"""Survival where little is known, in closed forms, and in resamples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from SpatioTemporalLib import InputError
from SpatioTemporalLib.numerics.survival.calibration import (
    calibration_groups,
    calibration_slope,
    d_calibration,
    integrated_calibration_index,
    observed_to_expected,
)
from SpatioTemporalLib.numerics.survival.concordance import dynamic_auc, harrell_c, uno_c
from SpatioTemporalLib.numerics.survival.cox import fit_cox
from SpatioTemporalLib.numerics.survival.decision_curve import net_benefit
from SpatioTemporalLib.numerics.survival.kaplan_meier import kaplan_meier, log_rank
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes
from SpatioTemporalLib.numerics.survival.partial_likelihood import RiskSets, partial_likelihood
from SpatioTemporalLib.numerics.survival.prediction_error import brier_scores
from SpatioTemporalLib.numerics.survival.survival_curves import interpolated, median_time, restricted_mean
from SpatioTemporalLib.numerics.survival.time_error import adjacent_accuracy, best_constant, status_accuracy, time_error
from SpatioTemporalLib.numerics.survival.weibull import fit_weibull
from SpatioTemporalLib.numerics.survival.weights import Censoring


def exponential(count: int, effect: float = 0.0, seed: int = 0) -> tuple[Outcomes, np.ndarray, np.ndarray]:
    """Patients with hazards exp(effect x) / 10, half of whom are censored late; the covariate; the log-hazard."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, count)
    times = rng.exponential(10 * np.exp(-effect * x))
    limit = rng.uniform(5, 30, count)
    return Outcomes(np.minimum(times, limit), times <= limit), x, effect * x - np.log(10)


def test_concordance_has_no_value_without_an_event_or_a_pair():
    nobody = Outcomes([3.0, 5.0, 2.0], [0, 0, 0])
    assert np.isnan(harrell_c(nobody, [1.0, 2.0, 3.0])[0])
    assert np.isnan(harrell_c(Outcomes([3.0], [1]), [1.0])[0])
    assert np.isnan(uno_c(nobody, [1.0, 2.0, 3.0], censoring=Censoring.of(nobody))[0])


def test_equal_risks_are_right_half_of_the_time():
    outcomes, *_ = exponential(50)
    assert harrell_c(outcomes, np.zeros(50))[0] == 0.5


def test_resamples_by_counts_are_resamples_by_rows():
    outcomes, x, _ = exponential(60, 1.0)
    drawn = np.random.default_rng(1).integers(0, 60, (5, 60))
    counts = np.stack([np.bincount(rows, minlength=60) for rows in drawn])
    together = harrell_c(outcomes, x, counts=counts)
    alone = [harrell_c(outcomes.of(rows), x[rows])[0] for rows in drawn]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    censoring = Censoring.of(outcomes)
    areas = dynamic_auc(outcomes, x, 8.0, censoring=censoring, counts=counts)
    own = [dynamic_auc(outcomes.of(rows), x[rows], 8.0, censoring=censoring)[0] for rows in drawn]
    np.testing.assert_allclose(areas, own, rtol=1e-12)


def test_pairs_of_more_patients_than_fit_into_one_block_are_all_counted():
    outcomes, x, _ = exponential(700, 1.0)
    later = (outcomes.times[None] > outcomes.times[:, None]) & outcomes.events[:, None]
    right = (later & (x[:, None] > x[None])).sum() / later.sum()
    assert harrell_c(outcomes, x)[0] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(
    ("times", "events", "words"),
    [
        ([1.0, 0.0], [1, 1], "row 2 is 0"),
        ([1.0, -3.0], [1, 1], "row 2 is -3"),
        ([np.nan, 1.0], [1, 1], "row 1 is nan"),
        ([1.0, 2.0], [1, 2], "row 2 is 2"),
        ([1.0, 2.0], [1], "2 times for 1 event"),
    ],
)
def test_outcomes_that_are_none_are_refused(times, events, words):
    with pytest.raises(InputError, match=words):
        Outcomes(times, events)


def test_a_horizon_that_nobody_was_followed_to_is_refused():
    outcomes, x, _ = exponential(50)
    censoring = Censoring.of(outcomes)
    for horizon in (0.0, 31.0, np.nan):
        with pytest.raises(InputError, match="nothing can be said"):
            dynamic_auc(outcomes, x, horizon, censoring=censoring)
        with pytest.raises(InputError, match="nothing can be said"):
            brier_scores(outcomes, np.full((50, 1), 0.5), [horizon], censoring=censoring)


def test_the_greatest_likelihood_is_found_with_risks_beyond_any_float():
    outcomes, x, _ = exponential(40, 0.5)
    sets = RiskSets.of(outcomes)
    moved = partial_likelihood(sets, x[:, None], 0.5 * x + 2000.0)
    still = partial_likelihood(sets, x[:, None], 0.5 * x)
    assert moved.value == pytest.approx(still.value, rel=1e-9)


def test_slope_and_curvature_are_those_of_the_likelihood():
    rng = np.random.default_rng(3)
    outcomes = Outcomes(np.ceil(rng.exponential(5, 60)), rng.integers(0, 2, 60))
    x, beta = rng.normal(0, 1, (60, 3)), np.array([0.3, -0.2, 0.5])
    for ties in ("efron", "breslow"):
        sets = RiskSets.of(outcomes, ties=ties)
        here, step = partial_likelihood(sets, x, x @ beta), 1e-5
        for p in range(3):
            high, low = (partial_likelihood(sets, x, x @ (beta + s * np.eye(3)[p] * step)) for s in (1, -1))
            assert (high.value - low.value) / (2 * step) == pytest.approx(here.slope[p], rel=1e-6, abs=1e-7)
            np.testing.assert_allclose((high.slope - low.slope) / (2 * step), here.curvature[p], rtol=1e-6, atol=1e-7)


def test_the_true_hazard_is_likelier_than_any_other_in_many_patients():
    outcomes, x, _ = exponential(20000, 0.8)
    sets, design = RiskSets.of(outcomes), x[:, None]
    best = partial_likelihood(sets, design, 0.8 * x).value
    assert all(partial_likelihood(sets, design, effect * x).value < best for effect in (0.0, 0.6, 1.0))
    assert fit_cox(outcomes, design).coefficients[0] == pytest.approx(0.8, abs=0.03)


def test_a_lasso_leaves_out_what_tells_nothing_and_finds_its_optimum():
    outcomes, x, _ = exponential(300, 0.8)
    rng = np.random.default_rng(4)
    design = np.column_stack([x, rng.normal(0, 1, (300, 4))])
    model = fit_cox(outcomes, design, penalty=0.1, lasso=1.0)
    assert model.coefficients[0] > 0.2 and (model.coefficients[1:] == 0).sum() >= 3
    # At the optimum the slope equals the penalty where a coefficient is not zero, and is below it elsewhere.
    spread = design.std(axis=0, ddof=1)
    slope = partial_likelihood(RiskSets.of(outcomes), design, design @ model.coefficients).slope / spread / 300
    assert slope[0] == pytest.approx(0.1, rel=1e-5)
    assert (np.abs(slope[1:]) <= 0.1 + 1e-9).all()


def test_a_covariate_that_tells_the_time_is_refused():
    outcomes, x, _ = exponential(60)
    with pytest.raises(InputError, match="tells alone"):
        fit_cox(outcomes, np.column_stack([-np.log(outcomes.times) * 5, x]))


def test_covariates_that_depend_on_one_another_or_never_vary_are_refused():
    outcomes, x, _ = exponential(60)
    with pytest.raises(InputError, match="depend on one another"):
        fit_cox(outcomes, np.column_stack([x, 2 * x]))
    with pytest.raises(InputError, match="covariate 2 never varies"):
        fit_cox(outcomes, np.column_stack([x, np.ones(60)]))
    with pytest.raises(InputError, match="nobody has an event"):
        fit_cox(Outcomes(outcomes.times, np.zeros(60)), x[:, None])


def test_weibull_without_covariates_is_the_distribution_that_scipy_fits():
    times = np.array([2.0, 4.0, 6.0, 8.0, 10.0])
    model = fit_weibull(Outcomes(times, np.ones(5)), np.zeros((5, 0)))
    shape, _, scale = stats.weibull_min.fit(times, floc=0)
    assert (model.shape, np.exp(model.intercept)) == (pytest.approx(shape, rel=1e-3), pytest.approx(scale, rel=1e-3))
    assert model.survival(np.zeros((1, 0)), model.median(np.zeros((1, 0))))[0, 0] == pytest.approx(0.5)


def test_groups_that_are_alike_do_not_differ():
    outcomes, x, _ = exponential(400)
    assert log_rank(outcomes, x > 0).p > 0.05
    outcomes, x, _ = exponential(400, 1.0)
    assert log_rank(outcomes, x > 0).p < 1e-6
    assert np.isnan(log_rank(outcomes, np.zeros(400)).p)


def test_half_are_left_at_the_median():
    curve = kaplan_meier(Outcomes([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1]))
    assert curve.at([0.5, 1.0, 2.5, 9.0]).tolist() == [1.0, 0.75, 0.5, 0.0]
    assert curve.quantile() == 2.0
    assert kaplan_meier(Outcomes([1.0, 2.0], [0, 0])).quantile() == np.inf


def test_true_hazards_are_calibrated_and_twice_those_are_not():
    outcomes, _, log_hazard = exponential(4000, 0.7, seed=2)
    hazard = np.exp(log_hazard)
    true, steep = np.exp(-hazard * 8.0), np.exp(-np.exp(2 * log_hazard - log_hazard.mean()) * 8.0)
    assert calibration_slope(outcomes, log_hazard).value == pytest.approx(1.0, abs=0.08)
    assert calibration_slope(outcomes, 2 * log_hazard).value == pytest.approx(0.5, abs=0.04)
    assert observed_to_expected(outcomes, true, 8.0) == pytest.approx(1.0, abs=0.03)
    assert integrated_calibration_index(outcomes, true, 8.0) < 0.02
    assert integrated_calibration_index(outcomes, steep, 8.0) > 0.05
    for group in calibration_groups(outcomes, true, 8.0):
        assert group.low - 0.02 <= group.predicted <= group.high + 0.02
    assert d_calibration(outcomes, np.exp(-hazard * outcomes.times)).p > 0.01
    assert d_calibration(outcomes, np.exp(-2 * hazard * outcomes.times)).p < 1e-6
    assert d_calibration(outcomes, np.exp(-hazard * outcomes.times)).shares.sum() == pytest.approx(1.0)


def test_acting_on_everybody_gains_what_its_closed_form_says():
    outcomes = Outcomes([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1])
    benefit = net_benefit(outcomes, np.ones(4), 2.0, [0.2, 0.5])
    np.testing.assert_allclose(benefit, [0.5 - 0.5 * 0.25, 0.0])
    assert net_benefit(outcomes, [1.0, 1.0, 0.0, 0.0], 2.0, [0.2])[0] == pytest.approx(0.5)
    assert net_benefit(outcomes, np.zeros(4), 2.0, [0.2])[0] == 0.0


def test_chances_between_horizons_follow_a_constant_hazard():
    survival, horizons = np.exp(-0.1 * np.array([[12.0, 24.0]])), [12.0, 24.0]
    np.testing.assert_allclose(interpolated(survival, horizons, [0.0, 5.0, 24.0, 40.0])[0], np.exp([0, -0.5, -2.4, -4]))
    assert median_time(survival, horizons)[0] == pytest.approx(np.log(2) / 0.1)
    assert median_time([[1.0, 1.0]], horizons)[0] == np.inf
    assert restricted_mean(survival, horizons)[0] == pytest.approx((1 - np.exp(-2.4)) / 0.1, rel=1e-3)


def test_predicted_years_are_counted_with_a_year_on_either_side():
    outcomes = Outcomes([6.0, 30.0, 200.0, 40.0], [1, 1, 1, 0])
    censoring = Censoring.of(Outcomes([6.0, 30.0, 200.0, 300.0], [1, 1, 1, 0]))
    found = adjacent_accuracy(outcomes, [20.0, 60.0, 140.0, 20.0], bin_width=12.0, censoring=censoring)
    # Bins 1 of 0, 5 of 2, 11 of 11; the censored one is predicted two bins before it was still seen.
    assert found == (pytest.approx(2 / 3), 3, 0.0, 1)
    assert time_error(outcomes, [20.0, 60.0, 140.0, 20.0]) == (pytest.approx((14 + 30 + 60) / 3), 3, 20.0, 1)
    assert status_accuracy(outcomes, np.full((4, 1), 0.9), [12.0]) == 0.75
    constant, median = best_constant(outcomes, bin_width=12.0, censoring=censoring)
    assert constant in (6.0, 18.0, 30.0, 42.0) and median == 30.0
