"""Fits of the plug flow models against bounded fits from many places."""

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, STARTS, smallest_sums_of_squares, uniform_starts

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.plug_flow_models import plug_flow_curves
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.steps.kinetics.kinetic_declaration import ExchangeParameters
from SpatioTemporalLib.steps.kinetics.plug_flow_fit import IN_ONE_UNIT, plug_flow_model

TIMES = np.arange(0, 240, 2.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
HIGH = np.array([200.0, 5.0, 1.0, 1.0])
LIKELY = ((2, 150), (0.005, 3), (0.01, 0.9), (0.003, 0.5))
KINDS = ("adiabatic", "distributed", "homogeneous")


@pytest.fixture(scope="module", params=KINDS)
def fitted(request):
    """Name of the model, the function that gives its curves, and its fit."""
    curves = plug_flow_curves(request.param, TIMES, PLASMA, at_instants(TIMES))
    model = plug_flow_model(request.param, ExchangeParameters())

    def in_units(parameters):
        return curves(np.asarray(parameters, float) * IN_ONE_UNIT[:, None])

    return request.param, in_units, model.prepare(TIMES, PLASMA, at_instants(TIMES))


def difficult_curves(curves, rng, count):
    """Noise free, noisy from SNR 50 to 5, and on the bounds."""
    ranges = ((8, 90), (0.02, 0.4), (0.08, 0.5), (0.02, 0.15))
    shapes = curves([rng.uniform(*limits, count) for limits in ranges])
    size = shapes.max(axis=1, keepdims=True)
    noisy = [shapes + size / snr * rng.normal(size=shapes.shape) for snr in (50, 15, 5)]
    boundary = curves(
        np.array(
            [
                (30, 0.0, 0.2, 0.1),  # no leakage
                (30, 0.1, 0.2, 0.0),  # no plasma
                (400, 0.1, 0.2, 0.05),  # flow beyond its limit
                (30, 0.1, 1.6, 0.05),  # interstitium larger than the voxel
            ]
        ).T,
    )
    noise = 0.02 * rng.normal(size=boundary.shape)
    return np.concatenate([shapes, *noisy, boundary, boundary + noise])


def reference_sse(curves, measured, rng):
    """Best of many starts of bounded fits over the same feasible set."""

    def residuals(p, which):
        return curves(p) - measured[which]

    starts = np.exp(uniform_starts(rng, *np.log(LIKELY).T, len(measured)))
    return smallest_sums_of_squares(residuals, starts, 0 * HIGH, HIGH)


def test_sum_of_squares_is_that_of_the_best_of_many_bounded_fits(fitted, worst_error):
    kind, curves, fit = fitted
    rng = np.random.default_rng(1)
    # The slower two have fewer curves, so that the reference ends in seconds.
    measured = difficult_curves(curves, rng, 4 if kind == "adiabatic" else 1)
    ours = fit(measured.T).sse
    theirs = reference_sse(curves, measured, rng)
    # Where nothing is left to fit, what counts as zero is the rounding of data stored as float32.
    zero = 1e-15 * (measured**2).sum(axis=1)
    excess = (ours - theirs) / (theirs + zero / EXCESS)
    worst_error(f"excess over the best of {STARTS} bounded fits, plug flow, {kind}", excess.max(), EXCESS)
    assert (excess <= EXCESS).all(), excess
