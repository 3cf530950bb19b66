"""The course of a population and of each person is found again, where it is known."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special

from SpatioTemporalLib import read_table
from SpatioTemporalLib.numerics.progression.course_fit import _quadrature, fit_course
from SpatioTemporalLib.numerics.progression.logistic_course import (
    individual_effects,
    log_likelihood,
    log_paces,
    logits,
    onsets,
    slopes_of_logits,
)
from SpatioTemporalLib.numerics.progression.visits import Visits, within_person_slopes
from SpatioTemporalLib.simulation.progression_visits import POPULATION, VisitPlan, simulated_course

LEASPY = Path(__file__).parents[3] / "data" / "leaspy"
LEVEL = float(special.expit(POPULATION.level).mean())


@cache
def recovered(seed, people=200, **plan):
    simulated = simulated_course(people, np.random.default_rng(seed), VisitPlan(**plan))
    return simulated, *fit_course(simulated.visits, 1, LEVEL)


@pytest.mark.parametrize("seed", range(3))
def test_onset_is_recovered_from_five_visits(seed):
    simulated, population, individuals = recovered(seed)
    truth, found = onsets(POPULATION, simulated.effects), onsets(population, individuals.modes)
    assert np.corrcoef(truth, found)[0, 1] >= 0.99
    assert abs((found - truth).mean()) < 0.2
    pace = np.corrcoef(log_paces(POPULATION, simulated.effects), log_paces(population, individuals.modes))[0, 1]
    assert pace > 0.9


def test_curves_spread_and_noise_of_the_population_are_recovered():
    _, population, _ = recovered(0, people=400)
    np.testing.assert_allclose(population.rate, POPULATION.rate, rtol=0.1)
    np.testing.assert_allclose(population.level, POPULATION.level, atol=0.12)
    np.testing.assert_allclose(population.noise, POPULATION.noise, rtol=0.1)
    assert population.onset_sd == pytest.approx(POPULATION.onset_sd, rel=0.1)
    assert population.pace_sd == pytest.approx(POPULATION.pace_sd, rel=0.15)
    # The sign of a source is nobody's.
    sign = np.sign(population.loadings[:, 0] @ POPULATION.loadings[:, 0])
    np.testing.assert_allclose(sign * population.loadings, POPULATION.loadings, atol=0.06)
    assert abs(population.rate @ population.loadings).max() < 1e-10


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_intervals_hold_as_many_as_they_say(missing):
    held = []
    for seed in range(3):
        simulated, population, individuals = recovered(seed, missing=missing)
        departs = onsets(population, individuals.modes) - onsets(POPULATION, simulated.effects)
        mixing = np.zeros(population.effects)
        mixing[:2] = np.sqrt(1 - population.coupling**2), population.coupling
        deviation = population.onset_sd * np.sqrt(mixing @ individuals.covariances @ mixing)
        held.append(np.abs(departs) < 1.96 * deviation)
    # 600 people: a share of 0.95 has a standard deviation of 0.009; what the curves are uncertain by is not in it.
    assert 0.91 < np.mean(held) < 0.98


def test_missing_values_cost_little():
    simulated, population, individuals = recovered(1, missing=0.4)
    assert np.isnan(simulated.visits.values).mean() == pytest.approx(0.4, abs=0.03)
    truth, found = onsets(POPULATION, simulated.effects), onsets(population, individuals.modes)
    assert np.corrcoef(truth, found)[0, 1] >= 0.99 and abs((found - truth).mean()) < 0.3


def test_likelihood_falls_away_from_the_fit_in_every_direction():
    simulated, population, individuals = recovered(0)
    best = log_likelihood(simulated.visits, population, individuals)

    def of(**changed):
        other = replace(population, **changed)
        return log_likelihood(simulated.visits, other, individual_effects(simulated.visits, other))

    for name, step in (("onset", 2.0), ("onset_sd", 1.0), ("pace_sd", 0.1), ("level", 0.3), ("rate", 0.05)):
        for sign in (-1, 1):
            assert of(**{name: getattr(population, name) + sign * step}) < best
    for factor in (0.8, 1.25):
        assert of(noise=population.noise * factor) < best


def test_effects_of_a_person_are_the_most_probable_and_rest_on_own_visits_alone():
    simulated, population, individuals = recovered(0)
    visits = simulated.visits

    def misfit(effects, own):
        expected = special.expit(logits(population, np.broadcast_to(effects, (len(own.times), 3)), own.times))
        return 0.5 * (((own.values - expected) / population.noise) ** 2).sum() + 0.5 * effects @ effects

    exact = {"xatol": 1e-5, "fatol": 1e-8}
    for n in (0, 7):
        own = visits.kept(visits.person == n)
        best = optimize.minimize(misfit, np.zeros(3), args=(own,), method="Nelder-Mead", options=exact)
        np.testing.assert_allclose(individuals.modes[n], best.x, atol=2e-3)
        np.testing.assert_allclose(individual_effects(own, population).modes[0], individuals.modes[n], atol=1e-3)


def test_slopes_of_logits_are_those_of_small_differences():
    population = replace(POPULATION, coupling=0.4)
    effects, times = np.array([[0.3, -0.7, 0.5]]), np.array([75.0])
    slopes = slopes_of_logits(population, effects, times)[0]
    for d in range(3):
        step = np.eye(3)[d] * 1e-5
        moved = logits(population, effects + step, times) - logits(population, effects - step, times)
        np.testing.assert_allclose(slopes[:, d], moved[0] / 2e-5, rtol=1e-6)


def test_spread_of_pace_is_recovered_from_two_visits():
    """Where onset and pace of a person are known together rather than each, which Gaussian approximations miss."""
    found = [recovered(seed, people=60, visits=2)[1].pace_sd for seed in range(4)]
    assert np.mean(found) == pytest.approx(POPULATION.pace_sd, rel=0.25)


def test_likelihood_of_the_fit_is_that_of_sampling():
    """Effects of each person drawn about the mode, weighted: what the integral over them is, without quadrature."""
    simulated, population, individuals = recovered(0)
    visits, rng = simulated.visits, np.random.default_rng(1)
    roots = 1.2 * np.linalg.cholesky(individuals.covariances)
    standard = rng.standard_normal((1000, visits.people, 3))
    effects = individuals.modes + np.einsum("nij,mnj->mni", roots, standard)
    expected = special.expit(logits(population, effects[:, visits.person], visits.times))
    densities = -0.5 * ((visits.values - expected) / population.noise) ** 2 - np.log(population.noise)
    rows = (densities - 0.5 * np.log(2 * np.pi)).sum(axis=-1)
    joint = np.add.reduceat(rows, visits.starts, axis=1) - 0.5 * (effects**2).sum(axis=-1)
    weights = joint + 0.5 * (standard**2).sum(axis=-1) + np.linalg.slogdet(roots)[1]
    sampled = (special.logsumexp(weights, axis=0) - np.log(1000)).sum()
    assert log_likelihood(visits, population, individuals) == pytest.approx(sampled, abs=10)
    assert _quadrature(visits, population, individuals).log_likelihood == pytest.approx(sampled, abs=4)


def test_one_visit_leaves_the_pace_to_the_population():
    single = recovered(0)[0].visits
    single = single.kept(single.first(1))
    found = individual_effects(single, POPULATION)
    # Of its standard deviation between people: what the age at one visit tells of a pace.
    assert np.median(np.sqrt(found.covariances[:, 1, 1])) > 0.9
    assert np.isfinite(found.modes).all()


def test_the_moment_called_onset_does_not_change_the_curves():
    visits = recovered(0)[0].visits
    early, late = (fit_course(visits, 1, level) for level in (0.2, 0.6))
    times, own = visits.times, visits.person
    curves = [special.expit(logits(p, i.modes[own], times)) for p, i in (early, late)]
    np.testing.assert_allclose(curves[0], curves[1], atol=0.02)
    assert early[0].onset < late[0].onset - 2


def test_slopes_within_people_do_not_see_who_is_ill_for_longer():
    times = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 13.0])
    visits = Visits(np.repeat([0, 1], 3), times, np.column_stack([0.1 * times, np.repeat([5.0, 0.0], 3)]))
    np.testing.assert_allclose(within_person_slopes(visits), [0.1, 0.0], atol=1e-12)


def test_agrees_with_individual_parameters_that_leaspy_found():
    table, shipped = read_table(LEASPY / "alzheimer.csv").columns, read_table(LEASPY / "individuals.csv").columns
    names, person = np.unique(table["ID"], return_inverse=True)
    assert names.tolist() == shipped["ID"]
    scores = [name for name in table if name not in ("ID", "TIME")]
    visits = Visits(person, np.array(table["TIME"]), np.column_stack([table[name] for name in scores]))
    population, individuals = fit_course(visits, 2, 0.3)
    assert np.corrcoef(onsets(population, individuals.modes), shipped["tau"])[0, 1] > 0.95
    assert np.corrcoef(log_paces(population, individuals.modes), shipped["xi"])[0, 1] > 0.95
    # Spreads of the model that was fitted there: 8.4 years and 0.61.
    assert population.onset_sd == pytest.approx(8.44, rel=0.15) and population.pace_sd == pytest.approx(0.607, rel=0.1)
