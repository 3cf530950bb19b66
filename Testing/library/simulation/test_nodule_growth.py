"""What the population of nodules promises: growth, labels, and the best that can be reached."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from SpatioTemporalLib.numerics.statistics.roc import roc_area
from SpatioTemporalLib.simulation.nodule_growth import NodulePopulation, VisitPlan, bayes_auc, draw_nodules

COUNT = 100_000
# Two and a half standard errors of an area from so many draws of either kind, at most.
CLOSE = 0.005
CELLS = 20


def posterior_area(history, *facts):
    """Area reached by posteriors counted in cells of the facts on one half, on the other half."""
    places = [np.searchsorted(np.quantile(f, np.linspace(0, 1, CELLS + 1)[1:-1]), f) for f in facts]
    cell = sum(place * CELLS**n for n, place in enumerate(places))
    learn = np.arange(cell.size) % 2 == 0
    total = np.bincount(cell[learn], minlength=cell.max() + 1)
    hits = np.bincount(cell[learn], history.malignant[learn], minlength=cell.max() + 1)
    return roc_area(history.malignant[~learn], ((hits + 0.5) / (total + 1))[cell[~learn]]).auc


def test_best_area_agrees_with_simulation():
    population = NodulePopulation()
    history = draw_nodules(COUNT, np.random.default_rng(0), population)
    simulated = roc_area(history.malignant, history.log_odds).auc
    assert bayes_auc(population) == pytest.approx(simulated, abs=CLOSE)
    grown = roc_area(history.malignant, history.growth).auc
    assert bayes_auc(population, ("growth",)) == pytest.approx(grown, abs=CLOSE)
    alone = roc_area(history.malignant, history.age).auc
    assert bayes_auc(population, ("age",)) == pytest.approx(alone, abs=CLOSE)


@pytest.mark.parametrize("matching", [0.0, 0.5, 1.0])
def test_best_area_of_one_visit_agrees_with_simulation(matching):
    population = replace(NodulePopulation(), size_matching=matching)
    history = draw_nodules(4 * COUNT, np.random.default_rng(1), population)
    for name, column in (("first", 0), ("last", -1)):
        radius = history.radius[:, column]
        # Counting in cells loses a little; it cannot gain.
        assert bayes_auc(population, (name,)) == pytest.approx(posterior_area(history, radius), abs=CLOSE)
        both = posterior_area(history, radius, history.age)
        assert bayes_auc(population, (name, "age")) == pytest.approx(both, abs=2 * CLOSE)


def test_matching_one_visit_leaves_nothing_to_see_there():
    for matching, name in ((0.0, "first"), (1.0, "last")):
        assert bayes_auc(replace(NodulePopulation(), size_matching=matching), (name,)) == pytest.approx(0.5, abs=1e-3)


def test_two_visits_tell_far_more_than_one():
    population = NodulePopulation()
    best = bayes_auc(population)
    assert best > 0.95
    assert best > bayes_auc(population, ("growth",)) + 0.02
    for visit in ("first", "last"):
        assert best > bayes_auc(population, (visit, "age")) + 0.15


def test_nothing_known_is_chance_and_no_weight_leaves_nothing():
    assert bayes_auc(NodulePopulation(), ()) == pytest.approx(0.5)
    assert bayes_auc(NodulePopulation(growth_weight=0.0, age_weight=0.0)) == pytest.approx(0.5, abs=1e-6)


def test_labels_have_the_odds_they_are_said_to_have():
    history = draw_nodules(COUNT, np.random.default_rng(2))
    for low, high in ((-4, -2), (-2, 0), (0, 2), (2, 4)):
        chosen = (history.log_odds >= low) & (history.log_odds < high)
        expected = special.expit(history.log_odds[chosen]).mean()
        # Three standard errors of a share.
        allowed = 3 * np.sqrt(expected * (1 - expected) / chosen.sum())
        assert history.malignant[chosen].mean() == pytest.approx(expected, abs=allowed)


def test_radius_grows_exponentially_from_first_to_last_visit():
    history = draw_nodules(200, np.random.default_rng(3), plan=VisitPlan((0, 180, 400), jitter=0.2))
    np.testing.assert_allclose(history.radius[:, -1] / history.radius[:, 0], history.growth)
    part = history.days[:, 1] / history.days[:, 2]
    np.testing.assert_allclose(history.radius[:, 1], history.radius[:, 0] * history.growth**part)
    assert (np.diff(history.days, axis=1) > 0).all() and np.ptp(history.days[:, -1]) > 50


def test_visits_are_missed_as_often_as_planned_but_never_the_last():
    history = draw_nodules(5000, np.random.default_rng(4), plan=VisitPlan((0, 180, 360), missing=0.4))
    assert history.observed[:, -1].all()
    # Three standard errors of a share of 0.6 in 10,000.
    assert history.observed[:, :-1].mean() == pytest.approx(0.6, abs=0.015)
