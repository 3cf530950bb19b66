"""The posterior on a grid of rates against brute force, and its intervals against repeated experiments."""

import numpy as np
import pytest
from scipy.stats import t as student

import SpatioTemporalLib as st
from SpatioTemporalLib.data.curve import Curve
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution, sampled_input
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials
from SpatioTemporalLib.numerics.statistics.grid_posterior import (
    _student,
    grid_posterior,
    mixture_quantile,
    rate_quantile,
)

TIMES = np.arange(0, 240, 6.0)
FINE = np.arange(0, 300, 0.5)
PLASMA = np.where(FINE >= 20, parker_blood_concentration(np.maximum(FINE - 20, 0)), 0.0) / 0.58
BOUNDS = (1e-3 / 60, 20 / 60)
MODEL = "kinetics.tofts_posterior"


def noisy(ktrans, ve, vp, noise, count, seed=0):
    truth = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp)
    return truth[:, None] + np.random.default_rng(seed).normal(0, noise, (len(TIMES), count))


def brute_force(curve, points=1000):
    """Moments and quantiles from a fine grid over log kep, and a fine grid over Ktrans at each of its points."""
    log_rate = np.linspace(*np.log(BOUNDS), points)
    vascular = np.broadcast_to(sampled_input(FINE, PLASMA, TIMES), (points, len(TIMES)))
    design = np.stack([exponential_convolution(FINE, PLASMA, np.exp(log_rate), TIMES), vascular], axis=2)
    normal = np.swapaxes(design, 1, 2) @ design
    means = np.linalg.solve(normal, np.swapaxes(design, 1, 2) @ curve[:, None])[:, :, 0]
    sse = ((curve - (design @ means[:, :, None])[:, :, 0]) ** 2).sum(axis=1)
    freedom = len(TIMES) - 2
    scales = np.sqrt(np.diagonal(np.linalg.inv(normal), axis1=1, axis2=2) * sse[:, None] / freedom)
    density = -0.5 * np.linalg.slogdet(normal)[1] - 0.5 * freedom * np.log(sse)
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    values = np.linspace(-0.2, 2.0, 4001) / 60
    near = weight > 1e-9
    below = student.cdf((values[:, None] - means[near, 0]) / scales[near, 0], freedom) @ weight[near]
    cumulated = np.cumsum(weight) - weight / 2
    return {
        "ktrans": lambda level: np.interp(level, below, values) * 60,
        "kep": lambda level: np.exp(np.interp(level, cumulated, log_rate)) * 60,
    }


@pytest.mark.parametrize("case", [(0.2, 0.3, 0.03, 0.05), (0.05, 0.15, 0.02, 0.03), (0.3, 0.2, 0.0, 0.2)])
def test_quantiles_agree_with_brute_force(case, worst_error):
    *truth, noise = case
    curve = noisy(*truth, noise, 1)
    table = tabulate_exponentials(FINE, PLASMA, at_instants(TIMES))
    nowhere = np.array([np.nan])
    vascular = sampled_input(FINE, PLASMA, TIMES)
    whole = grid_posterior(curve, table, vascular, centre=nowhere, spread=nowhere, bounds=BOUNDS)
    middle = np.log(rate_quantile(whole, 0.5))
    spread = np.log(rate_quantile(whole, 0.84)) - middle
    placed = grid_posterior(curve, table, vascular, centre=middle, spread=spread, bounds=BOUNDS)
    reference = brute_force(curve[:, 0])
    for level in (0.025, 0.5, 0.975):
        ktrans = mixture_quantile(placed.mean[0], placed.variance[0], placed, level)[0] * 60
        width = reference["ktrans"](0.975) - reference["ktrans"](0.025)
        errors = [abs(ktrans - reference["ktrans"](level)) / width]
        kep = rate_quantile(placed, level)[0] * 60
        errors.append(
            abs(np.log(kep / reference["kep"](level))) / np.log(reference["kep"](0.975) / reference["kep"](0.025))
        )
        worst_error("posterior quantiles against brute force, of the interval's width", max(errors), 0.02)
        assert max(errors) < 0.02, (level, errors)


def test_student_distribution_is_close_to_the_exact_one(worst_error):
    x = np.linspace(-8, 8, 401)
    error = np.abs(_student(x, 0.0, 1.0, 20) - student.cdf(x, 20)).max()
    worst_error("Student's distribution, 20 degrees of freedom", error, 3e-4)
    assert error < 3e-4


@pytest.fixture(scope="module")
def repeated():
    """Five hundred experiments on the same tissue."""
    curves = noisy(0.15, 0.3, 0.03, 0.05, 500, seed=4)
    series = st.Series(
        curves[:, None, None, :], TIMES, st.Geometry.from_spacing((1, 1, 500)), unit="mmol/L", name="repeated"
    )
    return series, st.run(MODEL, series=series, aif=Curve(FINE, PLASMA, "mmol/L", "plasma"), curve_is="plasma")


@pytest.mark.parametrize(("name", "truth"), [("ktrans", 0.15), ("ve", 0.3), ("vp", 0.03), ("kep", 0.5)])
def test_interval_of_95_percent_holds_the_truth_in_about_95_percent(repeated, name, truth, worst_error):
    low, high = (repeated[1][f"{name}_{end}"].values.ravel() for end in ("low", "high"))
    coverage = ((low <= truth) & (truth <= high)).mean()
    # Four standard deviations of a proportion of 0.95 among 500.
    worst_error(f"coverage of the credible interval of {name}", abs(coverage - 0.95), 0.04)
    assert coverage == pytest.approx(0.95, abs=0.04)


def test_median_lies_near_the_optimum_of_least_squares(repeated):
    series, posterior = repeated
    optimum = st.run(
        "kinetics.extended_tofts", series=series, aif=Curve(FINE, PLASMA, "mmol/L", "plasma"), curve_is="plasma"
    )
    difference = posterior.ktrans.values - optimum.ktrans.values
    assert np.abs(difference).mean() < 0.2 * np.nanmean(optimum.ktrans_se.values)


def test_curve_without_uptake_has_a_ktrans_around_zero():
    series = st.Series(
        np.random.default_rng(0).normal(0, 0.05, (len(TIMES), 1, 1, 40)),
        TIMES,
        st.Geometry.from_spacing((1, 1, 40)),
        unit="mmol/L",
    )
    result = st.run(MODEL, series=series, aif=Curve(FINE, PLASMA, "mmol/L", "plasma"), curve_is="plasma")
    covered = (result.ktrans_low.values < 0) & (result.ktrans_high.values > 0)
    assert covered.mean() > 0.85


def test_without_plasma_volume_the_standard_model_is_used():
    curves = noisy(0.15, 0.3, 0.0, 0.02, 20)
    series = st.Series(curves[:, None, None, :], TIMES, st.Geometry.from_spacing((1, 1, 20)), unit="mmol/L")
    aif = Curve(FINE, PLASMA, "mmol/L", "plasma")
    result = st.run(MODEL, series=series, aif=aif, curve_is="plasma", plasma_volume=False)
    assert "vp" not in result
    assert np.median(result.ktrans.values) == pytest.approx(0.15, rel=0.02)
