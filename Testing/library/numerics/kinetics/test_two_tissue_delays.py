"""Two tissues with a delay of each curve's own: fits are those at one delay after the other, whatever their company."""

from dataclasses import replace

import numpy as np
import pytest
from library.numerics.kinetics.test_two_tissue_optimum import HIGH, model_with

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.delayed_fit import best_delays
from SpatioTemporalLib.numerics.kinetics.tracer_models import two_tissue_curves, two_tissue_slopes
from SpatioTemporalLib.numerics.kinetics.two_tissue_delays import DelayedTwoTissues, solve_two_tissue_with_delays
from SpatioTemporalLib.numerics.kinetics.two_tissue_optimum import known_two_tissue, two_tissue_search
from SpatioTemporalLib.numerics.least_squares.exponential_pairs.delay_search import Delays
from SpatioTemporalLib.numerics.least_squares.scanned_descent import scan_shapes, solve_scanned
from SpatioTemporalLib.numerics.signal.delayed_exponentials import DelayedExponentials
from SpatioTemporalLib.numerics.signal.exponential_convolution import sampled_input
from SpatioTemporalLib.numerics.signal.frame_sampling import over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

SAMPLING = over_intervals(
    [0, 10, 20, 30, 40, 60, 90, 150, 300, 600, 1200, 1800.0], [*[10.0] * 4, 20, 30, 60, 60, 60, 60, 60, 60]
)
PLASMA = parker_blood_concentration(SAMPLING.times / 4, arrival=5.0)
DELAYS = Delays.between(-4.0, 4.0, 4.0)


def blood(delay):
    return SAMPLING.frames(sampled_input(SAMPLING.times, PLASMA, SAMPLING.times, delay=delay))


@pytest.fixture(scope="module")
def tissues():
    tables = DelayedExponentials(SAMPLING.times, PLASMA, SAMPLING, 4.0)
    return DelayedTwoTissues(tables, blood, model_with(blood(0.0)))


@pytest.fixture(scope="module")
def curves():
    """(T, n): one without noise, two with, one without blood, and noise alone."""
    rng, truth = np.random.default_rng(4), np.array([0.2, 0.15, 0.06, 0.03, 2.5]) / 60
    made = [two_tissue_curves(*inputs(delay), truth[:, None])[0] for delay in (-2.25, 0.5, 3.0)]
    made.append(two_tissue_curves(*inputs(1.0), np.append(truth[:4], 0.0)[:, None])[0])
    made = np.stack([*made, np.zeros(len(made[0]))])
    noise = rng.normal(size=made.shape) * np.array([0, 0.02, 0.1, 0.03, 1])[:, None]
    return (made + np.where(made.any(axis=1), made.max(axis=1), 1.0)[:, None] * noise).T


def inputs(delay):
    return tabulate_exponentials(SAMPLING.times + delay, PLASMA, SAMPLING), blood(delay)


def test_fits_are_no_worse_than_fits_at_one_delay_after_the_other(tissues, curves):
    fits = {}

    def fit(some, delay):
        if delay not in fits:
            table, own = inputs(delay)
            search = two_tissue_search(table, own, HIGH)
            model = replace(
                model_with(own),
                curves=lambda values: two_tissue_curves(table, own, values),
                slopes=lambda values: two_tissue_slopes(table, own, values),
                known=lambda data: known_two_tissue(data, search),
            )
            fits[delay] = model, scan_shapes(model)
        return solve_scanned(some, *fits[delay]).sse

    one_by_one = best_delays(curves, fit, low=-4.0, high=4.0, step=4.0)
    expected = np.array([fit(curves[:, n : n + 1], float(delay))[0] for n, delay in enumerate(one_by_one)])
    found, seconds = solve_two_tissue_with_delays(curves, tissues, DELAYS)
    power = (curves**2).sum(axis=0)
    # Both end at a valley of the delays; these curves have one.
    assert (found.sse <= expected * (1 + 1e-4) + 1e-10 * power).all() and (np.abs(seconds) <= 4.0).all()
    at_its_delay = np.array([fit(curves[:, n : n + 1], float(delay))[0] for n, delay in enumerate(seconds)])
    np.testing.assert_allclose(found.sse, at_its_delay, rtol=1e-4, atol=1e-10 * power.max())
    np.testing.assert_allclose(seconds[0], -2.25)


def test_order_and_company_of_curves_make_no_difference(tissues, curves):
    whole, seconds = solve_two_tissue_with_delays(curves, tissues, DELAYS)
    for places in (np.array([4, 2, 0, 3, 1]), np.array([3])):
        part, moved = solve_two_tissue_with_delays(curves[:, places], tissues, DELAYS)
        np.testing.assert_allclose(moved, seconds[places])
        np.testing.assert_allclose(part.sse[places > 0], whole.sse[places][places > 0], rtol=1e-6)
