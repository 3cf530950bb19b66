"""The search in few coordinates against the one in brackets, over whole populations of curves."""

import numpy as np
import pytest
import torch

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, tofts_family
from SpatioTemporalLib.numerics.least_squares.separable.bracketed_search import solve_in_brackets
from SpatioTemporalLib.numerics.least_squares.separable.compressed_search import solve_compressed
from SpatioTemporalLib.numerics.least_squares.separable.curve_family import tabulate
from SpatioTemporalLib.numerics.least_squares.separable.solver import solve
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants

TIMES = np.arange(60) * 5.0
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
COUNT = 1500
FLAGS = ("theta_at_edge", "linear_at_limit", "fixed_at_limit", "converged")


def convolved(rates):
    return extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=60.0 * rates, ve=1.0) / rates[:, None]


def tofts(**bounds):
    return tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0), **bounds)


FAMILIES = {
    "tofts": tofts(),
    "extended tofts": tofts(vp_max=1.0),
    "narrow bounds": tofts(ve_max=0.3, vp_max=0.06),
    "one tissue": tabulate(convolved, (1e-6, 0.2), fixed=PLASMA, slope_limit=100.0, fixed_limit=0.5),
    "one sign, no limit": tabulate(lambda rate: -np.expm1(-rate[:, None] * TIMES), (1e-4, 0.5)),
}


def tissue(ktrans, ve, vp):
    return extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp).T


def populations():
    """(T, n) curves by what is difficult about them."""
    rng = np.random.default_rng(0)
    ktrans, ve, vp = rng.uniform(0.01, 0.5, COUNT), rng.uniform(0.05, 0.6, COUNT), rng.uniform(0, 0.1, COUNT)
    clean, without_plasma = tissue(ktrans, ve, vp), tissue(ktrans, ve, 0.0)
    noise = rng.normal(size=clean.shape)
    edges = [(2.0, 1.6, 0.0), (0.2, 0.3, -0.05), (0.0, 0.3, 0.05), (0.3, 0.004, 0.02), (0.001, 0.9, 0.0)]
    bounds = np.repeat(np.stack([tissue(*values) for values in edges], axis=1), COUNT // 5, axis=1)
    return {
        "exact": clean,
        "SNR 50": clean + clean.max(axis=0) / 50 * noise,
        "SNR 15": clean + clean.max(axis=0) / 15 * noise,
        "SNR 5": clean + clean.max(axis=0) / 5 * noise,
        "without plasma": without_plasma + without_plasma.max(axis=0) / 15 * noise,
        "without plasma, exact": without_plasma,
        "on bounds": bounds + 0.02 * noise[:, : bounds.shape[1]],
        "on bounds, exact": bounds[:, :: COUNT // 5],
        "negative": -clean + 0.02 * noise,
        "noise": 0.1 * noise,
        "nothing": np.zeros((len(TIMES), 3)),
    }


POPULATIONS = populations()
EVERY = np.concatenate(list(POPULATIONS.values()), axis=1)


def sum_of_squares(solution, family, measured):
    """Of the model itself at the reported parameters, for the families of tissue."""
    model = tissue(60 * solution.linear, solution.linear / solution.theta, solution.fixed)
    return ((model - measured) ** 2).sum(axis=0)


@pytest.mark.parametrize("model", ["tofts", "extended tofts", "narrow bounds", "one tissue"])
@pytest.mark.parametrize("population", POPULATIONS)
def test_no_sum_of_squares_exceeds_that_of_the_search_in_brackets(model, population):
    measured, family = POPULATIONS[population], FAMILIES[model]
    ours = sum_of_squares(solve(measured, family), family, measured)
    theirs = sum_of_squares(solve_in_brackets(measured, family), family, measured)
    zero = 1e-9 * (measured**2).sum(axis=0)
    assert (ours <= theirs + 1e-6 * np.maximum(theirs, zero)).all()


@pytest.mark.parametrize("model", FAMILIES)
def test_parameters_errors_and_flags_are_those_of_the_search_in_brackets(model, worst_error):
    ours, theirs = solve(EVERY, FAMILIES[model]), solve_in_brackets(EVERY, FAMILIES[model])
    near = np.abs(ours.linear - theirs.linear) <= 1e-4 * theirs.linear
    # Between two scanned points brackets overlook an uptake of less than a hundredth of its error.
    error = np.sqrt(np.maximum(ours.covariance[0, 0] * ours.sse / (len(TIMES) - 3), 0))
    overlooked = (theirs.linear == 0) & (ours.sse <= theirs.sse) & (ours.linear < 0.01 * error)
    assert (near | overlooked).all()
    worst_error(f"curves of {near.size} whose uptake is overlooked in brackets, {model}", (~near).sum(), 30)
    for flag in FLAGS:
        np.testing.assert_array_equal(getattr(ours, flag)[near], getattr(theirs, flag)[near], err_msg=flag)
    np.testing.assert_allclose(ours.fixed[near], theirs.fixed[near], atol=1e-6)
    spread = np.sqrt(np.einsum("iin->in", theirs.covariance))[:, near]
    difference = np.abs(ours.covariance - theirs.covariance)[..., near]
    assert (difference <= 1e-4 * spread[:, None] * spread[None]).all()
    np.testing.assert_array_equal((ours.covariance == 0)[..., near], (theirs.covariance == 0)[..., near])


# Where the fixed curve's coefficient is at its limit brackets are always asked.
@pytest.mark.parametrize("model", [name for name in FAMILIES if name != "narrow bounds"])
def test_next_to_no_curve_is_left_to_the_search_in_brackets(model):
    family = FAMILIES[model]
    _, left = solve_compressed(EVERY, family, family.compressed)
    assert len(left) <= 0.005 * EVERY.shape[1]


@pytest.mark.parametrize("model", ["tofts", "extended tofts"])
def test_blocks_their_order_and_last_digits_change_nothing(model):
    family, rng = FAMILIES[model], np.random.default_rng(1)
    whole = solve(EVERY, family)
    order = rng.permutation(EVERY.shape[1])
    nudged = (EVERY * (1 + 1e-14 * rng.standard_normal(EVERY.shape)))[:, order]
    parts = [solve(part, family) for part in np.array_split(nudged, 97, axis=1)]
    for flag in FLAGS:
        found = np.concatenate([getattr(part, flag) for part in parts])
        np.testing.assert_array_equal(found, getattr(whole, flag)[order], err_msg=flag)
    linear = np.concatenate([part.linear for part in parts])
    np.testing.assert_allclose(linear, whole.linear[order], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("model", FAMILIES)
def test_tensors_give_the_numbers_of_numpy(model):
    by_numpy, by_torch = solve(EVERY, FAMILIES[model]), solve(torch.from_numpy(EVERY), FAMILIES[model])
    for flag in FLAGS:
        np.testing.assert_array_equal(getattr(by_torch, flag).numpy(), getattr(by_numpy, flag), err_msg=flag)
    for name in ("linear", "fixed", "sse"):
        np.testing.assert_allclose(getattr(by_torch, name).numpy(), getattr(by_numpy, name), rtol=1e-6, atol=1e-9)


def test_a_fixed_curve_among_the_others_is_left_to_the_search_in_brackets():
    family = tabulate(convolved, (1e-4, 0.2), fixed=convolved(np.array([0.01]))[0])
    assert family.compressed is None
    measured = POPULATIONS["SNR 15"][:, :20]
    np.testing.assert_array_equal(solve(measured, family).linear, solve_in_brackets(measured, family).linear)


def test_very_small_and_very_large_data_have_the_same_optimum():
    measured, family = POPULATIONS["SNR 15"][:, :50], FAMILIES["extended tofts"]
    for scale in (1e-150, 1e100):
        unlimited = tofts(ve_max=np.inf, vp_max=1e200)
        np.testing.assert_allclose(
            solve(scale * measured, unlimited).theta, solve(measured, unlimited).theta, rtol=1e-6
        )
    assert solve(measured, family).converged.all()
