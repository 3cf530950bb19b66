"""The two-compartment solver against bounded references from many places, closed forms and repeated noise."""

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, STARTS, smallest_sums_of_squares, uniform_starts

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.fit import solve_two_compartment, two_compartment_family
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import PER_SECOND, two_compartment_concentration
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

TIMES = np.arange(0, 240, 2.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
TABLE = tabulate_exponentials(TIMES, PLASMA, at_instants(TIMES))
UPPER = {"flow": 200 * PER_SECOND, "ps": 5 / 60, "ve": 1.0, "vp": 1.0}
FAMILIES = {
    "exchange": two_compartment_family(TABLE, UPPER),
    "uptake": two_compartment_family(TABLE, {name: UPPER[name] for name in ("flow", "ps", "vp")}),
    "one compartment": two_compartment_family(TABLE, {name: UPPER[name] for name in ("flow", "vp")}),
}
UNITS = {"flow": ("fp", PER_SECOND), "ps": ("ps", 1 / 60), "ve": ("ve", 1.0), "vp": ("vp", 1.0)}
LIKELY = {"flow": (2, 150), "ps": (0.005, 3), "ve": (0.01, 0.9), "vp": (0.003, 0.5)}


def curves(names, values):
    """(n, T) curves at (P, n) parameters in the solver's units."""
    given = {UNITS[name][0]: value / UNITS[name][1] for name, value in zip(names, values)}
    return two_compartment_concentration(TIMES, PLASMA, TIMES, **({"ps": 0.0} | given))


def reference_sse(measured, names, rng):
    """Best of many starts of bounded fits over the same feasible set."""
    units = np.array([[UNITS[name][1]] for name in names])
    high = np.array([UPPER[name] for name in names]) / units[:, 0]

    def residuals(parameters, which):
        return curves(names, parameters * units) - measured[which]

    likely = np.log([LIKELY[name] for name in names])
    starts = np.exp(uniform_starts(rng, *likely.T, len(measured), 2 * STARTS))
    return smallest_sums_of_squares(residuals, starts, 0 * high, high)


def difficult_curves(rng):
    """Noise free, noisy from SNR 50 to 5, on the bounds, and with nothing but noise."""
    count = 3
    shapes = two_compartment_concentration(
        TIMES,
        PLASMA,
        TIMES,
        fp=rng.uniform(8, 90, count),
        ps=rng.uniform(0.02, 0.4, count),
        ve=rng.uniform(0.08, 0.5, count),
        vp=rng.uniform(0.02, 0.15, count),
    )
    size = shapes.max(axis=1, keepdims=True)
    noisy = [shapes + size / snr * rng.normal(size=shapes.shape) for snr in (50, 15, 5)]

    def one(fp, ps, ve, vp):
        return two_compartment_concentration(TIMES, PLASMA, TIMES, fp=fp, ps=ps, ve=ve, vp=vp)

    boundary = np.stack(
        [
            one(30, 0.0, 0.2, 0.1),  # no leakage
            one(30, 0.1, 0.2, 0.0),  # no plasma
            one(400, 0.1, 0.2, 0.05),  # flow beyond its limit
            one(30, 0.1, 1.6, 0.05),  # interstitium larger than the voxel
            one(1, 0.3, 0.3, 0.05),  # hardly any flow
            -one(30, 0.1, 0.2, 0.1),  # negative throughout
        ]
    )
    noise = rng.normal(0, 0.1, (2, len(TIMES)))
    return np.concatenate([shapes, *noisy, boundary, boundary + 0.02 * rng.normal(size=boundary.shape), noise])


@pytest.mark.parametrize("name", FAMILIES)
def test_sum_of_squares_is_that_of_the_best_of_many_bounded_fits(name, worst_error):
    rng = np.random.default_rng(1)
    measured = difficult_curves(rng)
    family = FAMILIES[name]
    names = tuple(family.upper)
    solution = solve_two_compartment(measured.T, family)
    model = curves(names, np.stack([solution.parameters[n] for n in names]))
    ours = ((model - measured) ** 2).sum(axis=1)
    theirs = reference_sse(measured, names, rng)
    # Where nothing is left to fit, what counts as zero is the rounding of data stored as float32.
    zero = 1e-15 * (measured**2).sum(axis=1)
    excess = (ours - theirs) / (theirs + zero / EXCESS)
    worst_error(f"excess over the best of {2 * STARTS} bounded fits, two compartments, {name}", excess.max(), EXCESS)
    assert (excess <= EXCESS).all(), excess


def test_reported_parameters_give_the_reported_sum_of_squares():
    measured = difficult_curves(np.random.default_rng(2))
    solution = solve_two_compartment(measured.T, FAMILIES["exchange"])
    model = curves(UPPER, np.stack([solution.parameters[name] for name in UPPER]))
    power = (measured**2).sum(axis=1)
    assert (np.abs(((model - measured) ** 2).sum(axis=1) - solution.sse) <= 1e-9 * power).all()
    for name, limit in UPPER.items():
        assert (solution.parameters[name] >= 0).all() and (solution.parameters[name] <= limit).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_without_noise_are_recovered(name):
    rng = np.random.default_rng(3)
    names = tuple(FAMILIES[name].upper)
    ranges = {"flow": (10, 90), "ps": (0.02, 0.4), "ve": (0.1, 0.5), "vp": (0.02, 0.15)}
    truth = np.stack([rng.uniform(*ranges[n], 200) * UNITS[n][1] for n in names])
    solution = solve_two_compartment(curves(names, truth).T, FAMILIES[name])
    assert solution.converged.all()
    for n, values in zip(names, truth):
        # A sum of squares of 1e-18 of the signal still leaves 1e-4 in the least certain of four parameters.
        np.testing.assert_allclose(solution.parameters[n], values, rtol=1e-4)


def test_standard_errors_are_the_scatter_over_repeated_noise():
    rng = np.random.default_rng(4)
    noise = 0.004
    truth = np.array([40 * PER_SECOND, 0.15 / 60, 0.2, 0.06])
    measured = curves(UPPER, truth[:, None]) + noise * rng.normal(size=(1500, len(TIMES)))
    solution = solve_two_compartment(measured.T, FAMILIES["exchange"])
    for name, value in zip(UPPER, truth):
        predicted = noise * np.sqrt(np.median(solution.variances[name]))
        assert np.median(solution.parameters[name]) == pytest.approx(value, rel=0.02)
        # 1500 repeats leave 1.8 % of scatter; curvature of the model adds more.
        assert predicted == pytest.approx(solution.parameters[name].std(), rel=0.1)


def test_parameters_on_a_bound_are_exactly_there_and_have_no_variance():
    fast = two_compartment_concentration(TIMES, PLASMA, TIMES, fp=[400, 30], ps=[0.1, 0.0], ve=0.2, vp=0.05)
    solution = solve_two_compartment(fast.T, FAMILIES["exchange"])
    assert solution.parameters["flow"][0] == UPPER["flow"] and solution.variances["flow"][0] == 0
    assert solution.parameters["flow"][1] == pytest.approx(30 * PER_SECOND, rel=1e-3)


def test_negative_curves_have_no_flow():
    solution = solve_two_compartment(-np.abs(np.sin(TIMES))[:, None], FAMILIES["exchange"])
    assert solution.parameters["flow"][0] == 0
    assert all(np.isfinite(values).all() for values in solution.parameters.values())


def test_curves_do_not_influence_each_other():
    measured = difficult_curves(np.random.default_rng(5)).T
    together = solve_two_compartment(measured, FAMILIES["exchange"]).sse
    alone = [solve_two_compartment(measured[:, n : n + 1], FAMILIES["exchange"]).sse[0] for n in range(0, 24, 5)]
    np.testing.assert_allclose(together[:24:5], alone, rtol=1e-6, atol=1e-12)
