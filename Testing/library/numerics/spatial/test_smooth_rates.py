"""A spatial prior on kep: its limits, its optimum, and what it does to noise and to edges."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.curve import Curve
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import sampled_input
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials
from SpatioTemporalLib.numerics.spatial.smooth_rates import RateModel, coefficients_at, rate_costs, smooth_log_rates

TIMES = np.arange(0, 300, 5.0)
FINE = np.arange(0, 400, 0.5)
PLASMA = np.where(FINE >= 20, parker_blood_concentration(np.maximum(FINE - 20, 0)), 0.0) / 0.58
AIF = {"aif": Curve(FINE, PLASMA, "mmol/L", "plasma"), "curve_is": "plasma"}
LOG_RATES = np.log(np.geomspace(1e-3, 20, 96) / 60)
SHAPE = (24, 24)


@pytest.fixture(scope="module")
def model():
    table = tabulate_exponentials(FINE, PLASMA, at_instants(TIMES))
    return RateModel(table, sampled_input(FINE, PLASMA, TIMES), 1.0, 1.0)


@pytest.fixture(scope="module")
def halves():
    """Ktrans of two tissues side by side, and a noisy series of them."""
    ktrans = np.where(np.arange(SHAPE[1]) < SHAPE[1] // 2, 0.08, 0.25)[None] * np.ones(SHAPE)
    clean = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=ktrans, ve=0.35, vp=0.03)
    noise = np.random.default_rng(0).normal(0, 0.08, clean.shape)
    values = np.moveaxis(clean + noise, -1, 0)[:, None]
    return ktrans, st.Series(values, TIMES, st.Geometry.from_spacing((1, *SHAPE)), unit="mmol/L", name="halves")


def curves_of(series):
    return series.values.reshape(len(TIMES), -1)


def posterior_cost(costs, field, deviation):
    """The function that is minimised, from its definition."""
    rows = field.reshape(SHAPE)
    place = np.clip(np.round((rows.ravel() - LOG_RATES[0]) / np.diff(LOG_RATES)[0]).astype(int), 0, len(LOG_RATES) - 1)
    likelihood = costs[place, np.arange(field.size)].sum()
    pairs = (np.diff(rows, axis=0) ** 2).sum() + (np.diff(rows, axis=1) ** 2).sum()
    return likelihood + pairs / (2 * deviation**2)


def test_weak_prior_leaves_each_voxel_at_its_own_optimum(halves, worst_error):
    _, series = halves
    smooth = st.run("kinetics.smooth_tofts", series=series, neighbour_deviation=10.0, **AIF)
    plain = st.run("kinetics.extended_tofts", series=series, **AIF)
    fitted = (plain.fit_status.values == 1) & (smooth.fit_status.values == 1)
    ratio = np.abs(smooth.ktrans.values[fitted] / plain.ktrans.values[fitted] - 1)
    worst_error("weak spatial prior against no prior, Ktrans", np.percentile(ratio, 95), 0.02)
    assert fitted.mean() > 0.8 and np.percentile(ratio, 95) < 0.02


def test_strong_prior_gives_one_rate_for_a_uniform_tissue(model, worst_error):
    clean = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=0.15, ve=0.3, vp=0.03)
    curves = clean[:, None] + np.random.default_rng(1).normal(0, 0.05, (len(TIMES), np.prod(SHAPE)))
    costs = rate_costs(curves, model, LOG_RATES)
    field = smooth_log_rates(costs, LOG_RATES, np.ones(SHAPE, bool), 0.01)
    shared = LOG_RATES[costs.sum(axis=1).argmin()]
    spread = np.exp(field.std()) - 1
    worst_error("spread of kep with a strong spatial prior", spread, 0.02)
    assert spread < 0.02
    assert np.median(field) == pytest.approx(shared, abs=2 * np.diff(LOG_RATES)[0])


def test_result_has_a_lower_cost_than_fields_near_it(model, halves):
    _, series = halves
    costs, deviation = rate_costs(curves_of(series), model, LOG_RATES), 0.3
    field = smooth_log_rates(costs, LOG_RATES, np.ones(SHAPE, bool), deviation)
    on_grid = LOG_RATES[np.abs(field[:, None] - LOG_RATES).argmin(axis=1)]
    lowest = posterior_cost(costs, on_grid, deviation)
    own = LOG_RATES[costs.argmin(axis=0)]
    assert lowest < posterior_cost(costs, own, deviation)
    random = np.random.default_rng(2)
    step = np.diff(LOG_RATES)[0]
    for _ in range(50):
        moved = on_grid.copy()
        moved[random.integers(field.size, size=20)] += random.choice([-3 * step, 3 * step], 20)
        assert posterior_cost(costs, moved, deviation) > lowest


def test_noise_falls_and_the_edge_stays(halves, worst_error):
    ktrans, series = halves
    smooth = st.run("kinetics.smooth_tofts", series=series, **AIF)
    plain = st.run("kinetics.extended_tofts", series=series, **AIF)
    errors = [np.sqrt(np.nanmean((r.ve.values[0] - 0.35) ** 2)) for r in (smooth, plain)]
    worst_error("error of ve with the spatial prior, part of that without", errors[0] / errors[1], 0.6)
    assert errors[0] < 0.6 * errors[1]
    left, right = smooth.ktrans.values[0, :, 10], smooth.ktrans.values[0, :, 13]
    assert np.median(left) == pytest.approx(0.08, rel=0.15) and np.median(right) == pytest.approx(0.25, rel=0.15)


def test_coefficients_at_the_true_rate_are_the_true_ones(model):
    curves = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=np.array([0.1, 0.3]), ve=0.3, vp=0.05).T
    found = coefficients_at(curves, model, np.log(np.array([0.1, 0.3]) / 0.3 / 60))
    np.testing.assert_allclose(found.first * 60, [0.1, 0.3], rtol=1e-6)
    np.testing.assert_allclose(found.second, 0.05, rtol=1e-6)
