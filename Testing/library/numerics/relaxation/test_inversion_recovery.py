import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess

from SpatioTemporalLib.numerics.relaxation.inversion_recovery import fit_recovery, recovery_family

TIMES = np.array([0.03, 0.33, 0.53, 0.78, 1.03, 1.53, 2.5])
BOUNDS = (0.01, 10.0)
FAMILY = recovery_family(TIMES, BOUNDS)


def truth(count, rng):
    t1, a = np.exp(rng.uniform(np.log(0.1), np.log(3.0), count)), rng.uniform(500, 1500, count)
    return t1, a, a * rng.uniform(1.5, 2.0, count)


@pytest.mark.parametrize("magnitude", [True, False])
def test_noise_free_recovery_is_found(magnitude):
    t1, a, b = truth(300, np.random.default_rng(1))
    signal = a - b * np.exp(-TIMES[:, None] / t1)
    found = fit_recovery(np.abs(signal) if magnitude else signal, TIMES, FAMILY, magnitude=magnitude)
    np.testing.assert_allclose(1 / found.rate, t1, rtol=1e-6)
    np.testing.assert_allclose(found.a, a, rtol=1e-6)
    np.testing.assert_allclose(found.b, b, rtol=1e-6)
    assert found.converged.all()


@pytest.mark.parametrize("magnitude", [True, False])
def test_never_above_the_best_of_twenty_starts(magnitude, worst_error):
    rng = np.random.default_rng(2)
    t1, a, b = truth(40, rng)
    signal = a - b * np.exp(-TIMES[:, None] / t1) + rng.normal(0, 60, (len(TIMES), 40))
    signal = np.abs(signal) if magnitude else signal
    found = fit_recovery(signal, TIMES, FAMILY, magnitude=magnitude)

    def residuals(parameters, which):
        log_t1, a, b = parameters[:, :, None]
        model = a - b * np.exp(-TIMES / np.exp(log_t1))
        return (np.abs(model) if magnitude else model) - signal.T[which]

    low, high = [np.log(BOUNDS[0]), -1e5, 0], [np.log(BOUNDS[1]), 1e5, 1e5]
    best = smallest_sums_of_squares(residuals, uniform_starts(rng, low, high, 40), low, high)
    excess = worst_excess(found.sse, best, (signal**2).sum(axis=0))
    worst_error(f"inversion recovery, {'magnitude' if magnitude else 'real'}: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS


def test_standard_errors_are_the_spread_of_repeated_fits():
    rng = np.random.default_rng(3)
    signal = 1000 - 1900 * np.exp(-TIMES / 0.9)
    noisy = signal[:, None] + rng.normal(0, 5.0, (len(TIMES), 4000))
    found = fit_recovery(noisy, TIMES, FAMILY, magnitude=False)
    for row, values in enumerate((found.a, found.b, np.log(found.rate))):
        predicted = 5.0 * np.sqrt(np.median(found.covariance[row, row]))
        # 4000 repeats tell a standard deviation to 1.1 %.
        assert values.std() == pytest.approx(predicted, rel=0.05)
