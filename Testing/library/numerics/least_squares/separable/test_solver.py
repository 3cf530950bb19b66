"""The solver against a bounded reference started from many places, closed forms and repeated noise."""

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, STARTS, smallest_sums_of_squares, uniform_starts

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, tofts_family
from SpatioTemporalLib.numerics.least_squares.separable.curve_family import tabulate
from SpatioTemporalLib.numerics.least_squares.separable.solver import solve
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants

TIMES = np.arange(60) * 5.0
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
KEP_BOUNDS = (1e-3, 50.0)


def curves(ktrans, ve, vp):
    return extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp)


def reference_sse(measured, extended, rng):
    """Best of many starts of bounded fits over (ve, log kep, vp), the same feasible set."""
    low = [0.0, np.log(KEP_BOUNDS[0]), 0.0][: 3 if extended else 2]
    high = [1.0, np.log(KEP_BOUNDS[1]), 1.0][: 3 if extended else 2]

    def residuals(p, which):
        return curves(p[0] * np.exp(p[1]), p[0], p[2] if extended else 0.0) - measured[which]

    return smallest_sums_of_squares(residuals, uniform_starts(rng, low, high, len(measured)), low, high)


def difficult_curves(rng, extended):
    """Noise free, noisy from SNR 50 to 5, on the bounds, and with nothing but noise."""
    count = 5
    ktrans, ve = rng.uniform(0.01, 0.5, count), rng.uniform(0.05, 0.6, count)
    vp = rng.uniform(0, 0.1, count) if extended else np.zeros(count)
    clean = curves(ktrans, ve, vp)
    size = clean.max(axis=1, keepdims=True)
    noisy = [clean + size / snr * rng.normal(size=clean.shape) for snr in (50, 15, 5)]
    on_bounds = [
        curves(2.0, 1.6, 0.0),  # ve beyond its limit
        curves(0.2, 0.3, -0.05),  # vp below zero
        curves(0.0, 0.3, 0.05),  # no leakage
        curves(0.3, 0.004, 0.02),  # kep beyond its limit
        curves(0.001, 0.9, 0.0),  # kep near its lower bound
        -curves(0.1, 0.3, 0.02),  # negative throughout
        rng.normal(0, 0.1, len(TIMES)),
        rng.normal(0, 0.1, len(TIMES)),
    ]
    boundary = np.stack(on_bounds)
    boundary_noisy = boundary + 0.02 * rng.normal(size=boundary.shape)
    return np.concatenate([clean, *noisy, boundary, boundary_noisy])


@pytest.mark.parametrize("extended", [False, True], ids=["tofts", "extended tofts"])
def test_sum_of_squares_is_that_of_the_best_of_many_bounded_fits(extended, worst_error):
    rng = np.random.default_rng(1)
    measured = difficult_curves(rng, extended)
    family = tofts_family(
        TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, ve_max=1.0, vp_max=1.0 if extended else None
    )
    solution = solve(measured.T, family)
    assert solution.converged.all()
    ours = sse_at(solution, measured)
    theirs = reference_sse(measured, extended, rng)
    # Where nothing is left to fit, what counts as zero is the rounding of data stored as float32.
    zero = 1e-15 * (measured**2).sum(axis=1)
    excess = (ours - theirs) / (theirs + zero / EXCESS)
    model = "extended Tofts" if extended else "Tofts"
    worst_error(f"excess over the best of {STARTS} bounded fits, {model}", excess.max(), EXCESS)
    assert (excess <= EXCESS).all(), excess


def sse_at(solution, measured):
    """Sum of squares of the model itself at the reported parameters."""
    model = curves(60 * solution.linear, solution.linear / solution.theta, solution.fixed)
    return ((model - measured) ** 2).sum(axis=1)


def test_reported_parameters_give_the_reported_sum_of_squares():
    rng = np.random.default_rng(2)
    measured = difficult_curves(rng, True)
    solution = solve(measured.T, tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, vp_max=1.0))
    power = (measured**2).sum(axis=1)
    # The interpolated inner products are good to 1e-10 of the curve's power.
    assert (np.abs(sse_at(solution, measured) - solution.sse) <= 1e-10 * power).all()


def test_parameters_without_noise_are_recovered():
    rng = np.random.default_rng(3)
    ktrans, ve, vp = rng.uniform(0.01, 0.8, 500), rng.uniform(0.05, 0.7, 500), rng.uniform(0, 0.15, 500)
    solution = solve(
        curves(ktrans, ve, vp).T, tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, vp_max=1.0)
    )
    np.testing.assert_allclose(60 * solution.linear, ktrans, rtol=1e-6)
    np.testing.assert_allclose(solution.linear / solution.theta, ve, rtol=1e-6)
    np.testing.assert_allclose(solution.fixed, vp, atol=1e-7)


def test_standard_errors_are_the_scatter_over_repeated_noise():
    rng = np.random.default_rng(4)
    noise = 0.01
    measured = curves(0.15, 0.3, 0.04) + noise * rng.normal(size=(20000, len(TIMES)))
    solution = solve(measured.T, tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, vp_max=1.0))
    predicted = noise * np.sqrt(np.median([solution.covariance[n, n] for n in range(3)], axis=1))
    seen = np.std([solution.linear, solution.fixed, np.log(solution.theta)], axis=1)
    # 20000 repeats leave 0.5 % of scatter; linearisation adds about as much.
    np.testing.assert_allclose(predicted, seen, rtol=0.03)


def test_coefficients_on_a_bound_have_no_variance():
    measured = curves(np.array([0.2, 2.0]), np.array([0.3, 1.6]), np.array([-0.05, 0.05]))
    solution = solve(measured.T, tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, vp_max=1.0))
    assert solution.fixed[0] == 0
    assert solution.covariance[1, 1, 0] == 0
    assert solution.linear_at_limit.tolist() == [False, True]
    assert solution.linear[1] == pytest.approx(solution.theta[1])


def test_curves_do_not_influence_each_other():
    rng = np.random.default_rng(5)
    measured = difficult_curves(rng, True).T
    family = tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=KEP_BOUNDS, vp_max=1.0)
    together = solve(measured, family)
    alone = [solve(measured[:, n : n + 1], family).sse[0] for n in range(measured.shape[1])]
    np.testing.assert_allclose(together.sse, alone, rtol=1e-9, atol=1e-12)


def test_narrow_range_of_the_non_linear_parameter_is_respected():
    family = tabulate(lambda k: np.exp(-k[:, None] * TIMES / 60), (0.5, 0.6))
    solution = solve(np.exp(-np.array([0.1, 0.55, 2.0])[:, None] * TIMES / 60).T, family)
    np.testing.assert_allclose(solution.theta, [0.5, 0.55, 0.6], rtol=1e-6)
    assert solution.theta_at_edge.tolist() == [True, False, True]
