"""Exchange with a delay of each curve's own: shared tables are exact, fits those at one delay after the other."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.delayed_fit import best_delays
from SpatioTemporalLib.numerics.kinetics.two_compartment.delays import DelayedTissues, solve_with_delays
from SpatioTemporalLib.numerics.kinetics.two_compartment.fit import solve_two_compartment, two_compartment_family
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import PER_SECOND, two_compartment_concentration
from SpatioTemporalLib.numerics.least_squares.exponential_pairs.delay_search import Delays
from SpatioTemporalLib.numerics.signal.delayed_exponentials import DelayedExponentials
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants, over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

TIMES = np.arange(0, 200, 2.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
UPPER = {"flow": 200 * PER_SECOND, "ps": 5 / 60, "ve": 1.0, "vp": 1.0}
INTERVALS = over_intervals([0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0])
TABLES = {
    kind: DelayedExponentials(TIMES, PLASMA, sampling, 2.5)
    for kind, sampling in (("instants", at_instants(TIMES)), ("intervals", INTERVALS))
}
TISSUES = DelayedTissues(TABLES["instants"], UPPER)
DELAYS = Delays.between(-2.5, 2.5, 1.25)


def late(delay, **tissue):
    return two_compartment_concentration(TIMES + delay, PLASMA, TIMES, **tissue)


def noisy_curves():
    """(T, n) tissues reached early and late, one that flows too fast, one too large, and noise alone."""
    rng = np.random.default_rng(0)
    curves = [late(d, fp=40.0, ps=0.15, ve=0.25, vp=0.06) for d in (-1.9, 0.4, 2.2)]
    curves += [late(1.0, fp=400.0, ps=0.1, ve=0.2, vp=0.05), late(-0.7, fp=30.0, ps=0.1, ve=1.6, vp=0.05)]
    curves = np.stack([*curves, np.zeros(len(TIMES))])
    size = np.where(curves.any(axis=1), curves.max(axis=1) / 20, 0.1)
    return (curves + size[:, None] * rng.normal(size=curves.shape)).T


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("delay", [-2.5, -0.6, 0.0, 1.09375, 2.34375])
def test_tables_of_any_delay_are_those_of_the_delayed_input(kind, delay):
    sampling = at_instants(TIMES) if kind == "instants" else INTERVALS
    rates = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 30)])
    table = TABLES[kind].table(delay)
    expected = sampling.frames(exponential_convolution(TIMES + delay, PLASMA, rates, sampling.times))
    found = table.at(rates)[0] @ table.basis.T
    assert (np.linalg.norm(found - expected, axis=1) <= 1e-6 * np.linalg.norm(expected, axis=1)).all()


def test_delays_and_parameters_without_noise_are_found():
    truth = {"fp": 40.0, "ps": 0.15, "ve": 0.25, "vp": 0.06}
    units = {"flow": 40 * PER_SECOND, "ps": 0.15 / 60, "ve": 0.25, "vp": 0.06}
    delays = DELAYS.seconds([3, 40, 61])
    found, seconds = solve_with_delays(np.concatenate([late(d, **truth)[None] for d in delays]).T, TISSUES, DELAYS)
    np.testing.assert_allclose(seconds, delays)
    for name, value in units.items():
        np.testing.assert_allclose(found.parameters[name], value, rtol=1e-3)


def test_fits_are_no_worse_than_fits_at_one_delay_after_the_other():
    curves = noisy_curves()
    families = {}

    def fit(some, delay):
        table = families.get(delay)
        if table is None:
            table = tabulate_exponentials(TIMES + delay, PLASMA, at_instants(TIMES))
            families[delay] = table = two_compartment_family(table, UPPER)
        return solve_two_compartment(some, table).sse

    one_by_one = best_delays(curves, fit, low=-2.5, high=2.5, step=1.25)
    expected = np.array([fit(curves[:, n : n + 1], delay)[0] for n, delay in enumerate(one_by_one)])
    found, seconds = solve_with_delays(curves, TISSUES, DELAYS)
    # Both end at a valley of the delays; these curves have one.
    assert (found.sse <= expected * (1 + 1e-4)).all() and (np.abs(seconds) <= 2.5).all()
    at_its_delay = np.array([fit(curves[:, n : n + 1], float(delay))[0] for n, delay in enumerate(seconds)])
    np.testing.assert_allclose(found.sse, at_its_delay, rtol=1e-5)


def test_order_and_company_of_curves_make_no_difference():
    curves, order = noisy_curves(), np.array([4, 0, 5, 2, 1, 3])
    whole, seconds = solve_with_delays(curves, TISSUES, DELAYS)
    for places in (order, np.array([3])):
        part, moved = solve_with_delays(curves[:, places], TISSUES, DELAYS)
        np.testing.assert_allclose(moved, seconds[places])
        np.testing.assert_allclose(part.sse, whole.sse[places], rtol=1e-7)


def test_few_frames_and_curves_of_zero_are_fitted_too():
    times = np.arange(0, 200, 25.0)
    plasma = parker_blood_concentration(times, arrival=20) / 0.58
    curve = two_compartment_concentration(times, plasma, times, fp=40.0, ps=0.15, ve=0.25, vp=0.06)
    measured = np.stack([np.zeros(len(times)), -curve, 10 * curve, curve + 0.01 * np.cos(times)]).T
    tissues = DelayedTissues(DelayedExponentials(times, plasma, at_instants(times), 2.5), UPPER)
    found, seconds = solve_with_delays(measured, tissues, DELAYS)
    assert np.isfinite(found.sse).all() and (np.abs(seconds) <= 2.5).all()
    assert (found.parameters["flow"][:2] == 0).all() and (found.parameters["flow"][2:] > 0).all()
