"""Bounded descents against scipy's, which shares no code with them, where residuals are small, large, and on bounds."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from SpatioTemporalLib.numerics.least_squares.bounded_gauss_newton import Linearised, minimise
from SpatioTemporalLib.numerics.least_squares.many_starts import best_descent, each_problem, overtaking_descent

T = np.linspace(0.0, 4.0, 40)
LOW, HIGH = np.array([-3.0, -3.0]), np.array([2.0, 2.0])


def curves(logarithms):
    size, rate = np.exp(logarithms)
    return size[:, None] * np.exp(-rate[:, None] * T)


def model_of(data):
    def at(logarithms, problem):
        values = curves(logarithms)
        slopes = np.stack([values, -np.exp(logarithms[1])[:, None] * T * values])
        return Linearised(values - data[problem], slopes)

    return at


def scipy_sse(curve, start):
    found = least_squares(
        lambda x: curves(x[:, None])[0] - curve, start, bounds=(LOW, HIGH), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    return 2 * found.cost


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    truth = rng.uniform(-1.0, 1.0, (2, 20))
    noise = np.repeat([0.0, 0.05, 0.5, 2.0], 5)[:, None]
    return curves(truth) + noise * rng.normal(size=(20, len(T)))


def test_sum_of_squares_is_scipys_with_small_and_with_large_residuals(data, worst_error):
    start = np.zeros((2, len(data)))
    power = (data**2).sum(axis=1)
    found = minimise(model_of(data), start, LOW, HIGH, power=power, steps=100)
    reference = np.array([scipy_sse(curve, np.zeros(2)) for curve in data])
    excess = (found.sse - reference) / (reference + 1e-9 * power)
    worst_error("excess of a bounded descent over scipy's", excess.max(), 1e-7)
    assert found.converged.all() and (excess < 1e-7).all()


def test_large_residuals_take_few_steps(data):
    """Of Gauss-Newton alone, which converges linearly there, none of these would have arrived."""
    noisy = data[15:]
    found = minimise(model_of(noisy), np.zeros((2, 5)), LOW, HIGH, power=(noisy**2).sum(axis=1), steps=40)
    assert found.converged.all() and (found.promise == 0).all()


def test_descents_that_have_to_overtake_arrive_where_they_do_and_are_left_where_they_cannot(data):
    start, power = np.zeros((2, len(data))), (data**2).sum(axis=1)
    whole = minimise(model_of(data), start, LOW, HIGH, power=power, steps=100)
    than = np.where(np.arange(len(data)) % 2, 1.1 * whole.sse + 1e-6 * power, 0.5 * whole.sse)
    asked = []

    def counted(logarithms, problem):
        asked.append(problem)
        return model_of(data)(logarithms, problem)

    found = overtaking_descent(counted, start, LOW, HIGH, power=power, than=than)
    came_below = found.sse < than
    np.testing.assert_array_equal(came_below[5:], (np.arange(len(data)) % 2 == 1)[5:])
    np.testing.assert_allclose(found.sse[came_below], whole.sse[came_below], rtol=1e-7, atol=1e-9 * power.max())
    # Of noise, where nothing can be overtaken, few steps are wasted.
    wasted = np.bincount(np.concatenate(asked), minlength=len(data))[16::2]
    assert wasted.max() <= 1 + 4 + 6 + 10


def test_the_best_of_several_starts_is_found_for_each_problem(data):
    rng = np.random.default_rng(4)
    power = (data**2).sum(axis=1)
    starts = rng.uniform(LOW[:, None], HIGH[:, None], (6, 2, len(data)))
    found = best_descent(model_of(data), *each_problem(starts), LOW, HIGH, power=power)
    alone = [minimise(model_of(data), start, LOW, HIGH, power=power, steps=200).sse for start in starts]
    np.testing.assert_allclose(found.sse, np.min(alone, axis=0), rtol=1e-6, atol=1e-12 * power.max())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-60, 1.0, 1e60])
def test_the_size_of_the_data_makes_no_difference(data, scale):
    def scaled(logarithms, problem):
        at = model_of(data)(logarithms, problem)
        return Linearised(at.residual * scale, at.jacobian * scale)

    power = (data**2).sum(axis=1)
    usual = minimise(model_of(data), np.zeros((2, len(data))), LOW, HIGH, power=power, steps=100)
    found = minimise(scaled, np.zeros((2, len(data))), LOW, HIGH, power=power * scale**2, steps=100)
    np.testing.assert_allclose(found.parameters[:, 5:], usual.parameters[:, 5:], atol=1e-6)
