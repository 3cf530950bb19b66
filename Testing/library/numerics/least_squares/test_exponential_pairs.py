"""The best of one or two exponentials of each curve is that of dense grids, of the truth, and of many bounded fits."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.descents import best_bounded_descent
from SpatioTemporalLib.numerics.kinetics.two_compartment.fit import solve_two_compartment, two_compartment_family
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import PER_SECOND
from SpatioTemporalLib.numerics.least_squares.exponential_pairs.free_optimum import free_optima
from SpatioTemporalLib.numerics.least_squares.exponential_pairs.pair_grid import pair_grid
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

TIMES = np.arange(0, 240, 2.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
TABLE = tabulate_exponentials(TIMES, PLASMA, at_instants(TIMES))
GRID = pair_grid(TABLE)
UPPER = {"flow": 200 * PER_SECOND, "ps": 5 / 60, "ve": 1.0, "vp": 1.0}


def exponentials(rates):
    return exponential_convolution(TIMES, PLASMA, np.asarray(rates, float), TIMES)


def pairs_of(rng, count, snr):
    """(n, T) noisy curves of pairs of exponentials, and their rates."""
    fast, slow = 10 ** rng.uniform(-1.3, -0.2, count), 10 ** rng.uniform(-3, -1.6, count)
    share = rng.uniform(0.1, 0.9, count)[:, None]
    curves = share * exponentials(fast) + (1 - share) * exponentials(slow)
    return curves + curves.max(axis=1, keepdims=True) / snr * rng.normal(size=curves.shape), np.stack([fast, slow])


def solved(curves):
    return free_optima(np.ascontiguousarray(curves @ TABLE.basis), GRID)


def test_rates_and_amplitudes_without_noise_are_found():
    curves, rates = pairs_of(np.random.default_rng(0), 100, np.inf)
    found = solved(curves)
    assert found.sure.all()
    np.testing.assert_allclose(found.rates, rates, rtol=1e-3)
    model = sum(a[:, None] * exponentials(k) for a, k in zip(found.amplitudes, found.rates))
    np.testing.assert_allclose(model, curves, atol=1e-6 * curves.max())


@pytest.mark.parametrize("snr", [100.0, 20.0, 5.0])
def test_no_pair_on_a_dense_grid_is_better(snr):
    curves, _ = pairs_of(np.random.default_rng(1), 12, snr)
    unit = exponentials(np.geomspace(1e-5, 20.0, 150))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    along, overlap = curves @ unit.T, unit @ unit.T
    beyond = along[:, None, :] - along[:, :, None] * overlap
    both = (beyond > 0) & (beyond.transpose(0, 2, 1) > 0) & (overlap < 1 - 1e-9)
    gain = np.where(both, along[:, :, None] ** 2 + beyond**2 / np.maximum(1 - overlap**2, 1e-9), 0.0)
    gain = np.maximum(gain.reshape(len(curves), -1).max(axis=1), (np.maximum(along, 0) ** 2).max(axis=1))
    found, inside = solved(curves), ((curves @ TABLE.basis) ** 2).sum(axis=1)
    assert found.sure.any()
    assert (found.sse <= (inside - gain) * (1 + 1e-7))[found.sure].all()


def test_one_exponential_stays_one_and_nothing_stays_nothing():
    found = solved(np.concatenate([exponentials([0.02, 0.3]), -exponentials([0.02]), np.zeros((1, len(TIMES)))]))
    assert found.sure.all() and (found.amplitudes[0] == 0).all() and (found.amplitudes[1, 2:] == 0).all()
    np.testing.assert_allclose(found.rates[1, :2], [0.02, 0.3], rtol=1e-5)


def test_order_and_company_of_curves_make_no_difference():
    rng = np.random.default_rng(2)
    curves = np.concatenate([pairs_of(rng, 60, 10.0)[0], rng.normal(size=(60, len(TIMES)))])
    whole, order = solved(curves), rng.permutation(len(curves))
    for part, places in ((solved(curves[order]), order), (solved(curves[:7]), np.arange(7))):
        np.testing.assert_array_equal(part.sure, whole.sure[places])
        known = part.sure
        np.testing.assert_allclose(part.sse[known], whole.sse[places][known], rtol=1e-8)
        np.testing.assert_allclose(part.rates[:, known], whole.rates[:, places][:, known], rtol=1e-4, atol=1e-8)


def test_tissues_within_their_bounds_are_no_worse_than_the_best_of_bounded_descents():
    rng = np.random.default_rng(3)
    curves = np.concatenate([pairs_of(rng, 40, snr)[0] * 0.01 for snr in (np.inf, 50.0, 15.0, 5.0)])
    family = two_compartment_family(TABLE, UPPER)
    coordinates, power = np.ascontiguousarray(curves @ TABLE.basis), (curves**2).sum(axis=1)
    outside = ((curves - coordinates @ TABLE.basis.T) ** 2).sum(axis=1)
    bounded = best_bounded_descent(coordinates, family, power).sse + outside
    assert (solve_two_compartment(curves.T, family).sse <= bounded * (1 + 1e-6) + 1e-15 * power).all()
