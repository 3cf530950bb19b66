"""Two tissues whose optimum lies within the bounds: found without descents, and no worse than these."""

from dataclasses import replace

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tracer_models import two_tissue_curves, two_tissue_slopes
from SpatioTemporalLib.numerics.kinetics.two_tissue_optimum import known_two_tissue, two_tissue_search
from SpatioTemporalLib.numerics.least_squares.scanned_descent import ScannedModel, scan_shapes, solve_scanned
from SpatioTemporalLib.numerics.signal.frame_sampling import over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

SAMPLING = over_intervals(np.concatenate([np.arange(12) * 10.0, 120 + np.arange(8) * 60.0, 600 + np.arange(8) * 300.0]))
PLASMA = parker_blood_concentration(SAMPLING.times / 4, arrival=5.0)
TABLE = tabulate_exponentials(SAMPLING.times, PLASMA, SAMPLING)
HIGH = np.array([5.0, 5.0, 2.0, 1.0, 30.0]) / 60
BLOOD = {
    "plasma": SAMPLING.frames(PLASMA),
    "whole blood": SAMPLING.frames(PLASMA * np.interp(SAMPLING.times, [0, 3000], [1.3, 0.8])),
}


def tissues(blood, count, snr, rng):
    ranges = ((0.05, 0.5), (0.05, 0.4), (0.01, 0.2), (0.005, 0.1), (0.0, 3.0))
    truth = np.array([rng.uniform(*limits, count) for limits in ranges]) / 60
    curves = two_tissue_curves(TABLE, blood, truth)
    return truth, curves + curves.max(axis=1, keepdims=True) / snr * rng.normal(size=curves.shape)


def model_with(blood):
    k2, k3, k4, vb = np.meshgrid(*(np.geomspace(*r, 7) for r in ((0.005, 5), (0.001, 2), (0.001, 1))), [0.0, 16.0])
    little = np.full_like(k2, 1e-6)
    return ScannedModel(
        curves=lambda values: two_tissue_curves(TABLE, blood, values),
        slopes=lambda values: two_tissue_slopes(TABLE, blood, values),
        low=np.zeros(5),
        high=HIGH,
        soft=np.array([1e-7] * 4 + [1e-3]),
        grid=np.stack([little, k2 / 60, k3 / 60, k4 / 60, vb * little]),
        kin=4 * (k2 > 0.2) + 2 * (k3 > 0.05) + (k4 > 0.03),
        scaled=np.array([True, False, False, False, True]),
    )


@pytest.mark.parametrize("kind", BLOOD)
def test_rates_and_blood_without_noise_are_found(kind):
    blood = BLOOD[kind]
    truth, curves = tissues(blood, 60, np.inf, np.random.default_rng(0))
    found = known_two_tissue(curves, two_tissue_search(TABLE, blood, HIGH))
    assert found.known.mean() > 0.95
    np.testing.assert_allclose(found.parameters[:, found.known], truth[:, found.known], rtol=1e-2, atol=1e-5)
    assert (found.sse[found.known] <= 1e-12 * (curves**2).sum(axis=1)[found.known]).all()


@pytest.mark.parametrize("kind", BLOOD)
def test_known_optima_are_no_worse_than_the_best_of_bounded_descents(kind):
    blood, rng = BLOOD[kind], np.random.default_rng(1)
    curves = np.concatenate([tissues(blood, 10, snr, rng)[1] for snr in (50.0, 15.0, 5.0)] + [rng.normal(size=(6, 28))])
    model = model_with(blood)
    search = two_tissue_search(TABLE, blood, HIGH)
    known = known_two_tissue(curves, search)
    assert known.known[:20].mean() > 0.7
    shapes = scan_shapes(model)
    descended = solve_scanned(curves.T, model, shapes)
    assert (known.sse <= descended.sse * (1 + 1e-6))[known.known].all()
    both = solve_scanned(curves.T, replace(model, known=lambda c: known_two_tissue(c, search)), shapes)
    assert (both.sse <= descended.sse * (1 + 1e-6)).all()
    model_sse = ((two_tissue_curves(TABLE, blood, both.parameters) - curves) ** 2).sum(axis=1)
    np.testing.assert_allclose(model_sse, both.sse, rtol=1e-6)
