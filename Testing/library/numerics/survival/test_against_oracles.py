"""Curves, models and measures of survival are those of scikit-survival and lifelines."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library.references.survival_oracles import FILE, oracles

from SpatioTemporalLib.numerics.survival.concordance import dynamic_auc, harrell_c, mean_dynamic_auc, uno_c
from SpatioTemporalLib.numerics.survival.cox import fit_cox
from SpatioTemporalLib.numerics.survival.kaplan_meier import kaplan_meier, log_rank
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes
from SpatioTemporalLib.numerics.survival.prediction_error import brier_scores, integrated
from SpatioTemporalLib.numerics.survival.proportional_hazards import proportional_hazards_test
from SpatioTemporalLib.numerics.survival.weibull import fit_weibull
from SpatioTemporalLib.numerics.survival.weights import Censoring

KNOWN = json.loads(FILE.read_text())
CLOSE = {"rtol": 1e-6, "atol": 1e-9}
# Those programs end their descents and take their second derivatives less sharply.
FITTED = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(params=KNOWN["patients"])
def case(request):
    own = KNOWN["patients"][request.param]
    outcomes = Outcomes(own["times"], own["events"])
    return outcomes, np.array(own["x"]), np.array(own["risk"]), KNOWN["oracles"][request.param]


def test_concordance_and_area_over_time(case):
    outcomes, _, risk, known = case
    censoring = Censoring.of(outcomes)
    horizons = known["horizons"]
    assert harrell_c(outcomes, risk)[0] == pytest.approx(known["harrell"], rel=1e-12)
    assert uno_c(outcomes, risk, censoring=censoring, until=horizons[-1])[0] == pytest.approx(known["uno"], rel=1e-6)
    areas = [dynamic_auc(outcomes, risk, t, censoring=censoring)[0] for t in horizons]
    np.testing.assert_allclose(areas, known["auc"], **CLOSE)
    assert mean_dynamic_auc(outcomes, horizons, areas) == pytest.approx(known["mean auc"], rel=1e-6)


def test_brier_score_and_its_integral(case):
    outcomes, _, _, known = case
    scores = brier_scores(outcomes, known["survival"], known["horizons"], censoring=Censoring.of(outcomes))
    np.testing.assert_allclose(scores[0], known["brier"], **CLOSE)
    assert integrated(scores[0], known["horizons"]) == pytest.approx(known["integrated brier"], rel=1e-6)


def test_kaplan_meier_and_log_rank(case):
    outcomes, _, _, known = case
    curve = kaplan_meier(outcomes)
    np.testing.assert_allclose(curve.at(known["kaplan-meier times"]), known["kaplan-meier"], **CLOSE)
    low, _ = curve.interval(known["kaplan-meier times"])
    inside = np.isfinite(low)
    np.testing.assert_allclose(low[inside], np.array(known["kaplan-meier low"])[inside], **CLOSE)
    found = log_rank(outcomes, known["groups"])
    assert found.statistic == pytest.approx(known["log-rank"], rel=1e-6)
    assert (found.degrees, found.p) == (2, pytest.approx(known["log-rank p"], rel=1e-6))


def test_cox_model_its_errors_and_hazard(case):
    outcomes, x, _, known = case
    model = fit_cox(outcomes, x)
    np.testing.assert_allclose(model.coefficients, known["cox"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.standard_errors, known["cox standard errors"], **CLOSE)
    assert model.log_likelihood == pytest.approx(known["cox log-likelihood"], rel=1e-9)
    np.testing.assert_allclose(model.cumulative_hazard(known["cox hazard times"]), known["cox hazard"], **CLOSE)


def test_cox_model_with_a_ridge_penalty(case):
    outcomes, x, _, known = case
    np.testing.assert_allclose(fit_cox(outcomes, x, penalty=0.1).coefficients, known["ridge"], **FITTED)


def test_hazards_that_do_not_stay_proportional(case):
    outcomes, x, _, known = case
    found = proportional_hazards_test(outcomes, x, fit_cox(outcomes, x))
    # Equal times have the mean rank here, an order by chance there.
    if len(np.unique(outcomes.times)) == len(outcomes):
        np.testing.assert_allclose(found.statistic, known["proportional hazards"], rtol=1e-4)
    assert ((found.p > 0) & (found.p <= 1)).all()


def test_weibull_model(case):
    outcomes, x, _, known = case
    model = fit_weibull(outcomes, x)
    found = [model.intercept, *model.coefficients, np.log(model.shape)]
    np.testing.assert_allclose(found, known["weibull"], rtol=1e-3, atol=1e-4)
    assert model.log_likelihood >= known["weibull log-likelihood"] - 1e-6


def test_the_references_are_what_those_packages_compute():
    pytest.importorskip("sksurv")
    pytest.importorskip("lifelines")
    for name, own in oracles(KNOWN["patients"]).items():
        for quantity, value in own.items():
            np.testing.assert_allclose(value, KNOWN["oracles"][name][quantity], rtol=1e-4, atol=1e-6, err_msg=quantity)
