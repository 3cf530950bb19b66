"""A course over disease age that outliers do not move, and the curves it is made of."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import integrate, special

from SpatioTemporalLib.numerics.progression.conversion import robust_crossing
from SpatioTemporalLib.numerics.progression.course_fit import fit_course
from SpatioTemporalLib.numerics.progression.logistic_course import log_paces, logits, passed_years
from SpatioTemporalLib.numerics.progression.richards import Richards
from SpatioTemporalLib.numerics.progression.robust_course import _log_cosh, _loss, fit_own, fit_robust_course
from SpatioTemporalLib.simulation.progression_visits import POPULATION, VisitPlan, simulated_course

# Without sources, which this model takes for noise.
ALIKE = replace(POPULATION, loadings=np.zeros((4, 0)))
CURVES = Richards(*np.array([[0.0, 0.1], [1.0, 0.7], [0.3, 0.2], [70.0, 75.0], [1.0, 2.5]]))


@cache
def recovered(wrong=0.0, missing=0.0, seed=0):
    simulated = simulated_course(150, np.random.default_rng(seed), VisitPlan(missing=missing), ALIKE)
    rng, values = np.random.default_rng(1), simulated.visits.values.copy()
    spoilt = (rng.random(values.shape) < wrong) & np.isfinite(values)
    values[spoilt] = rng.random(spoilt.sum())
    visits = replace(simulated.visits, values=values)
    return simulated, visits, fit_robust_course(visits)


def departures(expected, simulated):
    return np.sqrt(((expected - simulated.expected) ** 2).mean())


def expected_of(course, visits):
    return course.curves.values(course.own.ages(visits.person, visits.times))


def test_an_asymmetry_of_one_is_the_logistic_curve():
    ages = np.linspace(50, 90, 9)
    np.testing.assert_allclose(CURVES.values(ages)[:, 0], special.expit(0.3 * (ages - 70)), rtol=1e-12)


def test_slopes_add_up_to_the_curve_and_ages_lead_back():
    ages = np.linspace(55, 95, 2001)
    for k in range(2):
        area = integrate.simpson(CURVES.slopes(ages)[:, k], x=ages)
        assert area == pytest.approx(np.ptp(CURVES.values(ages)[:, k]), rel=1e-6)
        assert CURVES.values(np.array(CURVES.ages(k, 0.4)))[k] == pytest.approx(0.4, rel=1e-9)
    assert np.isnan(CURVES.ages(1, 0.05)) and np.isnan(CURVES.ages(1, 0.85))


def test_loss_and_its_derivatives_are_consistent():
    squares = np.array([0.01, 0.5, 2.0, 30.0])
    value, first, second = _loss(squares)
    np.testing.assert_allclose(value, 2 * _log_cosh(np.sqrt(squares)), rtol=1e-9)
    step = 1e-5
    np.testing.assert_allclose((_loss(squares + step)[0] - _loss(squares - step)[0]) / (2 * step), first, rtol=1e-6)
    np.testing.assert_allclose((_loss(squares + step)[1] - _loss(squares - step)[1]) / (2 * step), second, rtol=1e-4)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_disease_ages_and_curves_are_recovered(missing):
    simulated, visits, course = recovered(missing=missing)
    assert departures(expected_of(course, visits), simulated) < 0.03
    passed = passed_years(ALIKE, simulated.effects[visits.person], visits.times)
    assert np.corrcoef(course.own.ages(visits.person, visits.times), passed)[0, 1] > 0.98
    assert np.corrcoef(course.own.log_speed, log_paces(ALIKE, simulated.effects))[0, 1] > 0.75
    np.testing.assert_allclose(course.scales, POPULATION.noise, rtol=0.4)


def test_one_value_in_ten_may_be_anything():
    simulated, visits, course = recovered(wrong=0.1)
    by_likelihood, individuals = fit_course(visits, 0, 0.4)
    effects = individuals.modes[visits.person]
    moved = departures(special.expit(logits(by_likelihood, effects, visits.times)), simulated)
    kept = departures(expected_of(course, visits), simulated)
    assert kept < 0.036 and kept < 0.75 * moved


def test_half_of_the_people_are_older_and_half_go_faster():
    _, _, course = recovered()
    assert np.median(course.own.centre - course.own.middle) == pytest.approx(0.0, abs=1e-9)
    assert np.median(course.own.log_speed) == pytest.approx(0.0, abs=1e-9)


def test_a_person_rests_on_own_visits_alone():
    _, visits, course = recovered()
    one = visits.kept(visits.person == 3)
    found = fit_own(one, course.curves, course.scales)
    everybody = fit_own(visits, course.curves, course.scales)
    assert found.centre[0] == pytest.approx(everybody.centre[3], abs=0.02)
    assert found.log_speed[0] == pytest.approx(everybody.log_speed[3], abs=0.005)


def test_one_visit_tells_the_age_and_leaves_the_speed():
    _, visits, course = recovered()
    single = visits.kept(visits.first(1))
    found = fit_own(single, course.curves, course.scales)
    np.testing.assert_allclose(found.log_speed, 0.0, atol=1e-9)
    both = fit_own(visits, course.curves, course.scales).ages(single.person, single.times)
    assert np.median(np.abs(found.centre - both)) < 0.7


def test_threshold_beyond_the_curve_is_reached_by_nobody():
    _, _, course = recovered()
    capped = replace(course, curves=replace(course.curves, height=np.full(4, 0.5), lower=np.zeros(4)))
    found = robust_crossing(capped, 0, 0.7, confidence=0.95, rng=np.random.default_rng(0))
    assert np.isnan(found.age).all() and np.isnan(found.low).all()
